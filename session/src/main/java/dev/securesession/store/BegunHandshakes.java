package dev.securesession.store;

import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts the handshakes that a manager has begun and that are neither finished nor expired, up to a limit. */
final class BegunHandshakes {
    private final int max;
    private final Duration lifetime;

    // When each was begun, oldest first, so in the order in which they expire.
    private final Map<String, Instant> begun = new LinkedHashMap<>();

    BegunHandshakes(int max, Duration lifetime) {
        this.max = max;
        this.lifetime = lifetime;
    }

    /** Takes a place before any work is done. */
    synchronized void begin(String token, Instant now) throws TooManyHandshakesException {
        Iterator<Instant> oldest = begun.values().iterator();
        while (oldest.hasNext() && isOver(oldest.next(), now)) {
            oldest.remove();
        }
        if (begun.size() >= max) {
            throw new TooManyHandshakesException(
                    max + " handshakes are begun and not finished, which is the limit of the"
                            + " options; the peer may try again later");
        }
        begun.put(token, now);
    }

    /** One from the future is over as well: the clock was ahead, and would block all that come later. */
    private boolean isOver(Instant since, Instant now) {
        Duration age = Duration.between(since, now);
        return age.isNegative() || age.compareTo(lifetime) > 0;
    }

    /** The handshake is not in the store, or is there no more. */
    synchronized void ended(String token) {
        begun.remove(token);
    }
}

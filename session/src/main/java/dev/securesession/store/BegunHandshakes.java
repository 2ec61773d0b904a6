package dev.securesession.store;

import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts the handshakes that a manager has stored and that are neither finished nor expired, up to a limit. */
final class BegunHandshakes {
    private final int max;
    private final Duration lifetime;

    // When each was stored, oldest first, so in the order in which they expire.
    private final Map<Object, Instant> stored = new LinkedHashMap<>();
    private int beginning;

    BegunHandshakes(int max, Duration lifetime) {
        this.max = max;
        this.lifetime = lifetime;
    }

    /** Takes a place before any work is done; {@link #stored} or {@link #abandoned} must follow. */
    synchronized void begin(Instant now) throws TooManyHandshakesException {
        Iterator<Instant> oldest = stored.values().iterator();
        while (oldest.hasNext() && isOver(oldest.next(), now)) {
            oldest.remove();
        }
        if (stored.size() + beginning >= max) {
            throw new TooManyHandshakesException(
                    max + " handshakes are begun and not finished, which is the limit of the"
                            + " options; the peer may try again later");
        }
        beginning++;
    }

    /** One from the future is over as well: the clock was ahead, and would block all that come later. */
    private boolean isOver(Instant since, Instant now) {
        Duration age = Duration.between(since, now);
        return age.isNegative() || age.compareTo(lifetime) > 0;
    }

    /** The handshake is in the store, or may be. */
    synchronized void stored(Object token, Instant now) {
        beginning--;
        stored.put(token, now);
    }

    /** Nothing was stored. */
    synchronized void abandoned() {
        beginning--;
    }

    /** The handshake is in the store no more. */
    synchronized void ended(String token) {
        stored.remove(token);
    }
}

package dev.securesession.store;

import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts the handshakes that a manager has stored and that are neither finished nor expired, up to a limit. */
final class BegunHandshakes {
    private final int max;

    // In the order in which they expire, since all have the same lifetime.
    private final Map<Object, Instant> stored = new LinkedHashMap<>();
    private int beginning;

    BegunHandshakes(int max) {
        this.max = max;
    }

    /** Takes a place before any work is done; {@link #stored} or {@link #abandoned} must follow. */
    synchronized void begin(Instant now) throws TooManyHandshakesException {
        Iterator<Instant> oldest = stored.values().iterator();
        while (oldest.hasNext() && oldest.next().isBefore(now)) {
            oldest.remove();
        }
        if (stored.size() + beginning >= max) {
            throw new TooManyHandshakesException(
                    max + " handshakes are begun and not finished, which is the limit of the"
                            + " options; the peer may try again later");
        }
        beginning++;
    }

    /** The handshake is in the store, or may be. */
    synchronized void stored(Object token, Instant expires) {
        beginning--;
        stored.put(token, expires);
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

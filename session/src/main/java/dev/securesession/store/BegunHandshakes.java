package dev.securesession.store;

import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Counts the handshakes that a manager has begun and that are neither finished nor expired, up to a limit. */
final class BegunHandshakes {
    private final int max;
    private final Duration lifetime;

    // The time at which each handshake was begun, oldest first: the order in which handshakes expire.
    private final Map<String, Instant> begun = new LinkedHashMap<>();

    BegunHandshakes(int max, Duration lifetime) {
        this.max = max;
        this.lifetime = lifetime;
    }

    /** Counts a handshake. Returns the oldest handshake if it has to make room: the caller deletes it. */
    synchronized Optional<String> add(String token, Instant now) {
        Iterator<Instant> oldest = begun.values().iterator();
        while (oldest.hasNext() && isExpired(oldest.next(), now)) {
            oldest.remove();
        }
        Optional<String> displaced =
                begun.size() < max ? Optional.empty() : begun.keySet().stream().findFirst();
        displaced.ifPresent(begun::remove);
        begun.put(token, now);
        return displaced;
    }

    private boolean isExpired(Instant since, Instant now) {
        return Duration.between(since, now).compareTo(lifetime) > 0;
    }

    /** Counts a handshake no longer: it was finished or deleted. */
    synchronized void remove(String token) {
        begun.remove(token);
    }
}

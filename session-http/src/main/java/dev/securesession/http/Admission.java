package dev.securesession.http;

import dev.securesession.PeerId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Limits the requests at the same time and the bytes that they hold (PROTOCOL.md HT-6). Safe for use by several threads;
 * bodies are ended after its lock is released.
 *
 * <p>Where bytes have no room, incomplete bodies make it: first those of the peer that holds the most, and of these the one with
 * the largest product of bytes and age. So a body that arrives quickly displaces those that trickle or were withheld, and
 * whoever has seen the token of a session holds up neither its peer nor others.
 */
final class Admission {
    private final HttpServerOptions options;
    private final LongSupplier nanoTime;

    // Guarded by this object.
    private final Map<String, Integer> requestsOfAddress = new HashMap<>();
    private final Map<PeerId, Long> bytesOfPeer = new HashMap<>();
    private final Set<Holding> incomplete = new HashSet<>();
    private int requests;
    private long bytes;
    private long turnedAway;
    private long evicted;

    Admission(HttpServerOptions options, LongSupplier nanoTime) {
        this.options = options;
        this.nanoTime = nanoTime;
    }

    /** Admits a request of an address, or returns the status that turns it away. */
    synchronized int enter(String address) {
        if (requests >= options.requestLimit()) {
            turnedAway++;
            return Status.NO_ROOM;
        }
        if (requestsOfAddress.getOrDefault(address, 0) >= options.requestLimitPerAddress()) {
            turnedAway++;
            return Status.TOO_MANY;
        }
        requests++;
        requestsOfAddress.merge(address, 1, Integer::sum);
        return Status.OK;
    }

    synchronized void leave(String address) {
        requests--;
        requestsOfAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
    }

    /**
     * Returns an account for a body that holds nothing yet.
     *
     * @param peer the peer of the session that the token names; no proof that the body is from it
     * @param end ends the reading of the body, which has made room for others; called by any thread
     */
    Holding open(PeerId peer, Runnable end) {
        return new Holding(peer, end, nanoTime.getAsLong());
    }

    /** Sets what a body holds, or returns null if there is no room; otherwise the bodies that made room, for the caller to end. */
    private synchronized @Nullable List<Holding> reserve(Holding holding, int length) {
        if (holding.evicted) {
            return null;
        }
        int more = length - holding.bytes;
        long ofPeer = bytesOfPeer.getOrDefault(holding.peer, 0L) + more;
        List<Holding> displaced = new ArrayList<>();
        List<Holding> candidates = largestFirst(holding, length, ofPeer);
        candidates.stream().filter(other -> other.peer.equals(holding.peer)).forEach(other -> {
            if (ofPeer - sum(displaced) > options.requestBytesLimitPerPeer()) {
                displaced.add(other);
            }
        });
        boolean peerHasRoom = ofPeer - sum(displaced) <= options.requestBytesLimitPerPeer();
        candidates.removeAll(displaced);
        for (Holding other : candidates) {
            if (bytes + more - sum(displaced) > options.requestBytesLimit()) {
                displaced.add(other);
            }
        }
        if (!peerHasRoom || bytes + more - sum(displaced) > options.requestBytesLimit()) {
            turnedAway++;
            return null;
        }
        for (Holding other : displaced) {
            set(other, 0);
            incomplete.remove(other);
            other.evicted = true;
            evicted++;
        }
        set(holding, length);
        incomplete.add(holding);
        return displaced;
    }

    /** Returns the incomplete bodies that have to make room for one that is to hold a length, in their order. */
    private List<Holding> largestFirst(Holding asking, int length, long ofPeer) {
        long now = nanoTime.getAsLong();
        List<Holding> larger = new ArrayList<>();
        for (Holding other : incomplete) {
            boolean isLarger = other.peer.equals(asking.peer)
                    ? other.weight(other.bytes, now) > asking.weight(length, now)
                    : bytesOfPeer.getOrDefault(other.peer, 0L) > ofPeer;
            if (other != asking && isLarger) {
                larger.add(other);
            }
        }
        larger.sort(Comparator.<Holding>comparingLong(other -> bytesOfPeer.getOrDefault(other.peer, 0L))
                .thenComparingDouble(other -> other.weight(other.bytes, now))
                .reversed());
        return larger;
    }

    private static long sum(List<Holding> holdings) {
        return holdings.stream().mapToLong(holding -> holding.bytes).sum();
    }

    private void set(Holding holding, int length) {
        int more = length - holding.bytes;
        bytes += more;
        holding.bytes = length;
        bytesOfPeer.merge(holding.peer, (long) more, Long::sum);
        bytesOfPeer.remove(holding.peer, 0L);
    }

    private synchronized boolean complete(Holding holding) {
        incomplete.remove(holding);
        return !holding.evicted;
    }

    private synchronized void release(Holding holding) {
        incomplete.remove(holding);
        set(holding, 0);
    }

    synchronized void turnAway() {
        turnedAway++;
    }

    synchronized int requests() {
        return requests;
    }

    synchronized long bytes() {
        return bytes;
    }

    synchronized long turnedAway() {
        return turnedAway;
    }

    synchronized long evicted() {
        return evicted;
    }

    /** What one body holds. */
    final class Holding {
        private final PeerId peer;
        private final Runnable end;
        private final long sinceNanos;

        // Guarded by the admission.
        private int bytes;
        private boolean evicted;

        private Holding(PeerId peer, Runnable end, long sinceNanos) {
            this.peer = peer;
            this.end = end;
            this.sinceNanos = sinceNanos;
        }

        /** Reserves room before it is allocated; returns false if there is none, or if the body had to make room. */
        boolean hold(int length) {
            List<Holding> displaced = reserve(this, length);
            if (displaced != null) {
                displaced.forEach(other -> other.end.run());
            }
            return displaced != null;
        }

        /** Notes that the body is complete, and makes no room any more; returns false if it had to before. */
        boolean complete() {
            return Admission.this.complete(this);
        }

        /** Releases what is held. */
        void release() {
            Admission.this.release(this);
        }

        private double weight(int length, long nowNanos) {
            return (double) length * (1 + nowNanos - sinceNanos);
        }
    }
}

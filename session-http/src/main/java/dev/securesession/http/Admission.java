package dev.securesession.http;

import dev.securesession.PeerId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Limits the requests at the same time, and the bytes that they and their answers hold (PROTOCOL.md HT-6). Safe for use by
 * several threads; places are ended after its lock is released.
 *
 * <pre>
 *   enter --&gt; WAITING for the body --complete--&gt; ANSWERING --respond--&gt; WAITING for the client to read --leave--&gt; GONE
 *               |      |                                                ^  |
 *               |      +-------------------- refused -------------------+  |
 *               +-----------------------&gt; DISPLACED &lt;----------------------+
 * </pre>
 *
 * <p>What waits for its client makes room for others, so that slow clients refuse nobody: of those that count for the same
 * source or peer, or else for the one with the most, the one that has waited for the longest time. Requests with the token of a
 * session wait apart from those of strangers, and strangers get three quarters of the places for complete requests. One peer gets
 * a share of them, whatever its addresses, so that others find places while the handler takes long for its requests.
 *
 * <p>Where bytes have no room, requests that wait make it: first those of the peer that holds the most, and of these the one with
 * the largest product of bytes and age. So a body that arrives quickly displaces those that trickle or were withheld, and
 * whoever has seen the token of a session holds up neither its peer nor others.
 */
final class Admission {
    private final HttpServerOptions options;
    private final LongSupplier nanoTime;

    // Guarded by this object.
    private final Waiting strangers = new Waiting();
    private final Waiting known = new Waiting();
    private final Bytes ofRequests;
    private final Bytes ofAnswers;
    private final Counts completeOfSource = new Counts();
    private final Counts completeStrangersOfSource = new Counts();
    private final Counts answeringOfPeer = new Counts();
    private int answering;
    private int answeringStrangers;
    private long turnedAway;
    private long evicted;

    Admission(HttpServerOptions options, LongSupplier nanoTime) {
        this.options = options;
        this.nanoTime = nanoTime;
        this.ofRequests = new Bytes(options.requestBytesLimit(), options.requestBytesLimitPerPeer());
        this.ofAnswers = new Bytes(options.answerBytesLimit(), options.answerBytesLimitPerPeer());
    }

    /**
     * Returns a place for a request whose body is awaited; others may have to make room for it.
     *
     * @param source the {@link Source} of the request
     * @param peer the peer of the session that the token names, or null; no proof that the request is from it
     * @param end ends the reading of the body or the writing of the response, to make room for others; called by any thread
     */
    Place enter(String source, @Nullable PeerId peer, Runnable end) {
        Place place = new Place(source, peer, end);
        List<Place> displaced = new ArrayList<>();
        synchronized (this) {
            await(place, displaced);
        }
        end(displaced);
        return place;
    }

    /** Counts a place among those that wait for their clients, as the newest one. */
    private void await(Place place, List<Place> displaced) {
        place.phase = Phase.WAITING;
        place.sinceNanos = nanoTime.getAsLong();
        Waiting table = tableOf(place);
        table.add(place);
        int limitPerKey = place.peer == null ? options.requestLimitPerAddress() : options.requestLimitPerPeer();
        Place surplus = table.surplus(place, options.requestLimit(), limitPerKey);
        if (surplus != null) {
            displace(surplus, displaced);
        }
    }

    private Waiting tableOf(Place place) {
        return place.peer == null ? strangers : known;
    }

    private void displace(Place place, List<Place> displaced) {
        tableOf(place).remove(place);
        hold(place, 0);
        place.phase = Phase.DISPLACED;
        evicted++;
        displaced.add(place);
    }

    private static void end(List<Place> displaced) {
        displaced.forEach(place -> place.end.run());
    }

    private synchronized int complete(Place place) {
        if (place.phase != Phase.WAITING) {
            return Status.NO_ROOM;
        }
        boolean isStranger = place.isStranger;
        int limit = options.requestLimit();
        if (answering >= limit || (isStranger && answeringStrangers >= shareOfStrangers(limit))) {
            turnedAway++;
            return Status.NO_ROOM;
        }
        int ofSource = options.requestLimitPerAddress();
        if (completeOfSource.of(place.source) >= ofSource
                || (isStranger && completeStrangersOfSource.of(place.source) >= shareOfStrangers(ofSource))) {
            turnedAway++;
            return Status.TOO_MANY;
        }
        if (place.peer != null && !takeShare(place.peer)) {
            return Status.TOO_MANY;
        }
        tableOf(place).remove(place);
        place.phase = Phase.ANSWERING;
        place.isComplete = true;
        completeOfSource.add(place.source, 1);
        answering++;
        if (isStranger) {
            completeStrangersOfSource.add(place.source, 1);
            answeringStrangers++;
        }
        return Status.OK;
    }

    private synchronized boolean prove(Place place, PeerId proved) {
        if (place.phase != Phase.ANSWERING || !takeShare(proved)) {
            return false;
        }
        place.peer = proved;
        return true;
    }

    /** Counts a request among those of its peer that are answered, unless these are as many as there may be. */
    private boolean takeShare(PeerId peer) {
        if (answeringOfPeer.of(peer) >= options.requestLimitPerPeer()) {
            turnedAway++;
            return false;
        }
        answeringOfPeer.add(peer, 1);
        return true;
    }

    /** Handshake messages, which anybody may send, leave room for requests with the token of a session. */
    private static int shareOfStrangers(int limit) {
        return limit - limit / 4;
    }

    /** Notes that a place is not being answered any more, or does not wait any more; it holds nothing then. */
    private void settle(Place place) {
        if (place.phase == Phase.WAITING) {
            tableOf(place).remove(place);
        } else if (place.phase == Phase.ANSWERING) {
            answering--;
            answeringStrangers -= place.isStranger ? 1 : 0;
            if (place.peer != null) {
                answeringOfPeer.add(place.peer, -1);
            }
        }
        hold(place, 0);
    }

    private synchronized void leave(Place place) {
        if (place.phase == Phase.GONE) {
            return;
        }
        settle(place);
        place.phase = Phase.GONE;
        if (place.isComplete) {
            completeOfSource.add(place.source, -1);
            if (place.isStranger) {
                completeStrangersOfSource.add(place.source, -1);
            }
        }
    }

    /** Sets the bytes that a waiting place holds, or returns false if there is no room; others may have to make it. */
    private boolean reserve(Place place, int length, List<Place> displaced) {
        PeerId peer = place.peer;
        if (peer == null) {
            return true;
        }
        Bytes bytes = place.bytes;
        int more = length - place.length;
        long total = bytes.total + more;
        long ofPeer = bytes.of(peer) + more;
        List<Place> chosen = new ArrayList<>();
        if (total > bytes.limit || ofPeer > bytes.limitPerPeer) {
            List<Place> candidates = largestFirst(place, peer, length, ofPeer);
            candidates.stream()
                    .filter(other -> Objects.equals(peer, other.peer))
                    .forEach(other -> {
                        if (ofPeer - sum(chosen) > bytes.limitPerPeer) {
                            chosen.add(other);
                        }
                    });
            boolean peerHasRoom = ofPeer - sum(chosen) <= bytes.limitPerPeer;
            candidates.removeAll(chosen);
            for (Place other : candidates) {
                if (total - sum(chosen) > bytes.limit) {
                    chosen.add(other);
                }
            }
            if (!peerHasRoom || total - sum(chosen) > bytes.limit) {
                turnedAway++;
                return false;
            }
        }
        for (Place other : chosen) {
            displace(other, displaced);
        }
        hold(place, length);
        return true;
    }

    /** Returns the waiting places that have to make room for one that is to hold a length, in their order. */
    private List<Place> largestFirst(Place asking, PeerId peer, int length, long ofPeer) {
        Bytes bytes = asking.bytes;
        long now = nanoTime.getAsLong();
        List<Place> larger = new ArrayList<>();
        for (Place other : known.places) {
            boolean isLarger = Objects.equals(peer, other.peer)
                    ? other.weight(other.length, now) > asking.weight(length, now)
                    : bytes.of(other.peer) > ofPeer;
            if (other != asking && other.bytes == bytes && other.length > 0 && isLarger) {
                larger.add(other);
            }
        }
        larger.sort(Comparator.<Place>comparingLong(other -> bytes.of(other.peer))
                .thenComparingDouble(other -> other.weight(other.length, now))
                .reversed());
        return larger;
    }

    private static long sum(List<Place> places) {
        return places.stream().mapToLong(place -> place.length).sum();
    }

    private static void hold(Place place, int length) {
        if (place.peer != null) {
            place.bytes.add(place.peer, length - place.length);
            place.length = length;
        }
    }

    synchronized void turnAway() {
        turnedAway++;
    }

    /** Returns how many requests are being answered. */
    synchronized int requests() {
        return answering;
    }

    /** Returns how many requests wait for their clients: to send their bodies, or to read their responses. */
    synchronized int waiting() {
        return strangers.places.size() + known.places.size();
    }

    synchronized long requestBytes() {
        return ofRequests.total;
    }

    synchronized long answerBytes() {
        return ofAnswers.total;
    }

    synchronized long turnedAway() {
        return turnedAway;
    }

    synchronized long evicted() {
        return evicted;
    }

    private enum Phase {
        WAITING,
        ANSWERING,
        DISPLACED,
        GONE
    }

    /** The place of one request. */
    final class Place {
        private final String source;
        private final Runnable end;
        private final boolean isStranger;

        // Guarded by the admission.
        private @Nullable PeerId peer;
        private Phase phase = Phase.GONE;
        private boolean isComplete;
        private Bytes bytes = ofRequests;
        private int length;
        private long sinceNanos;

        private Place(String source, @Nullable PeerId peer, Runnable end) {
            this.source = source;
            this.peer = peer;
            this.end = end;
            this.isStranger = peer == null;
        }

        /** Reserves room for a body before it is allocated; returns false if there is none, or if the request had to make room. */
        boolean hold(int bodyLength) {
            List<Place> displaced = new ArrayList<>();
            boolean hasRoom;
            synchronized (Admission.this) {
                hasRoom = phase == Phase.WAITING && reserve(this, bodyLength, displaced);
            }
            Admission.end(displaced);
            return hasRoom;
        }

        /** Takes a place among the requests that are answered, when the body is complete; returns 200, or the status that refuses. */
        int complete() {
            return Admission.this.complete(this);
        }

        /**
         * Notes that the peer of a first request has proved itself, whose share of the places counts from now on; returns false
         * if the peer has as many as it may.
         */
        boolean prove(PeerId proved) {
            return Admission.this.prove(this, proved);
        }

        /**
         * Notes that the client has to read a response now, and that the body of the request is not held any more. Returns false
         * if there is no room for the bytes of the answer, or if the request had to make room.
         *
         * @param answered the peer whose answer it is, or null if it is that of a handshake or a refusal, which is short
         */
        boolean respond(@Nullable PeerId answered, int answerLength) {
            List<Place> displaced = new ArrayList<>();
            boolean hasRoom;
            synchronized (Admission.this) {
                if (phase == Phase.DISPLACED || phase == Phase.GONE) {
                    return false;
                }
                settle(this);
                bytes = ofAnswers;
                if (answered != null) {
                    // With the first request of a session, the peer has proved itself meanwhile.
                    peer = answered;
                }
                await(this, displaced);
                hasRoom = answered == null || reserve(this, answerLength, displaced);
            }
            Admission.end(displaced);
            return hasRoom;
        }

        /** Frees the place: the response is sent and the body is over, or the connection is closed. */
        void leave() {
            Admission.this.leave(this);
        }

        private double weight(int count, long nowNanos) {
            return (double) count * (1 + nowNanos - sinceNanos);
        }
    }

    /** Requests that wait for their clients, the one that has waited for the longest time first. */
    private static final class Waiting {
        private final Set<Place> places = new LinkedHashSet<>();
        private final Counts counts = new Counts();

        void add(Place place) {
            places.add(place);
            counts.add(keyOf(place), 1);
        }

        void remove(Place place) {
            if (places.remove(place)) {
                counts.add(keyOf(place), -1);
            }
        }

        private static Object keyOf(Place place) {
            return place.peer == null ? place.source : place.peer;
        }

        /** Returns the place that has to make room for the newest one; null if there are not too many. */
        @Nullable
        Place surplus(Place newest, int limit, int limitPerKey) {
            boolean tooManyOfKey = counts.of(keyOf(newest)) > limitPerKey;
            if (!tooManyOfKey && places.size() <= limit) {
                return null;
            }
            int most = counts.most();
            Iterator<Place> byAge = places.iterator();
            Place eldest = byAge.next();
            while (tooManyOfKey ? !keyOf(eldest).equals(keyOf(newest)) : counts.of(keyOf(eldest)) < most) {
                eldest = byAge.next();
            }
            return eldest;
        }
    }

    /** Bytes that are held for peers. */
    private static final class Bytes {
        private final long limit;
        private final long limitPerPeer;
        private final Map<PeerId, Long> ofPeer = new HashMap<>();
        private long total;

        Bytes(long limit, long limitPerPeer) {
            this.limit = limit;
            this.limitPerPeer = limitPerPeer;
        }

        long of(@Nullable PeerId peer) {
            return ofPeer.getOrDefault(peer, 0L);
        }

        void add(PeerId peer, int more) {
            total += more;
            ofPeer.merge(peer, (long) more, Long::sum);
            ofPeer.remove(peer, 0L);
        }
    }

    private static final class Counts {
        private final Map<Object, Integer> counts = new HashMap<>();

        void add(Object key, int more) {
            counts.merge(key, more, Integer::sum);
            counts.remove(key, 0);
        }

        int of(Object key) {
            return counts.getOrDefault(key, 0);
        }

        int most() {
            return counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        }
    }
}

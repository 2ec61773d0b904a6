package dev.securesession.tunnel;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.internal.base.Listeners;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The open connections of a tunnel, and at a server the sessions that may carry one. Safe for use by several threads. */
final class Relays implements Relay.Events {
    private static final long POLL_NANOS = Duration.ofMillis(20).toNanos();

    private final int limit;
    private final int limitOfPeer;
    private final TunnelListener listener;
    private final Set<Relay> open = ConcurrentHashMap.newKeySet();
    private final Set<TargetSelection> selecting = ConcurrentHashMap.newKeySet();
    private final Set<TargetSelection> spare = Collections.synchronizedSet(new LinkedHashSet<>());
    private final AtomicInteger count = new AtomicInteger();
    private final Map<PeerId, Integer> countOfPeers = new ConcurrentHashMap<>();
    private final Map<PeerId, Integer> spareOfPeers = new ConcurrentHashMap<>();
    private final AtomicLong closings = new AtomicLong();
    private volatile boolean draining;

    /**
     * @param limit how many connections there may be
     * @param limitOfPeer how many of them one peer may have
     */
    Relays(int limit, int limitOfPeer, TunnelListener listener) {
        this.limit = limit;
        this.limitOfPeer = limitOfPeer;
        this.listener = listener;
    }

    /** Reserves the place of a connection; the exception says which limit is reached. */
    Place reserve(PeerId peer) throws TunnelException {
        if (count.incrementAndGet() > limit) {
            count.decrementAndGet();
            throw new TunnelException(
                    TunnelException.Code.LIMIT, "the tunnel has " + limit + " connections, which is its limit");
        }
        Place place = new Place(peer);
        if (countOfPeers.merge(peer, 1, Integer::sum) > limitOfPeer) {
            place.close();
            throw new TunnelException(
                    TunnelException.Code.PEER_LIMIT,
                    peer + " has " + limitOfPeer + " connections, which is the limit of one peer");
        }
        if (count.get() + spare.size() > limit) {
            closeOldestSpare(session -> true);
        }
        if (countOf(countOfPeers, peer) + countOf(spareOfPeers, peer) > limitOfPeer) {
            closeOldestSpare(session -> session.peer().equals(peer));
        }
        return place;
    }

    /** The place of a connection, from the request for it until its end. */
    final class Place implements AutoCloseable {
        private final PeerId peer;
        private final AtomicBoolean released = new AtomicBoolean();

        private Place(PeerId peer) {
            this.peer = peer;
        }

        /** Releases the place; later calls do nothing. */
        @Override
        public void close() {
            if (released.compareAndSet(false, true)) {
                decrement(countOfPeers, peer);
                count.decrementAndGet();
            }
        }
    }

    /** Notes a session without an open connection: it has named no target, or its target is being connected. */
    void addSelecting(TargetSelection selection) {
        selecting.add(selection);
    }

    /** Forgets a session that has an open connection now, or has ended. */
    void removeSelecting(TargetSelection selection) {
        selecting.remove(selection);
    }

    int connectingCount() {
        return (int) selecting.stream().filter(TargetSelection::isConnecting).count();
    }

    /**
     * Keeps a session that may carry another connection. It takes no place: the oldest one makes room for a connection, and that of
     * a peer which has reached its limit for one of this peer.
     *
     * @return false if there is no room, or the tunnel is being stopped: close it
     */
    boolean addSpare(TargetSelection session) {
        PeerId peer = session.peer();
        if (draining
                || count.get() + spare.size() >= limit
                || countOf(countOfPeers, peer) + countOf(spareOfPeers, peer) >= limitOfPeer) {
            return false;
        }
        spareOfPeers.merge(peer, 1, Integer::sum);
        spare.add(session);
        // A tunnel that began to stop meanwhile may not have seen it.
        return !draining;
    }

    /** Returns how often the connections of a peer were closed: whoever adds a spare session looks whether it was meanwhile. */
    long closings() {
        return closings.get();
    }

    int spareCount() {
        return spare.size();
    }

    void removeSpare(TargetSelection session) {
        if (spare.remove(session)) {
            decrement(spareOfPeers, session.peer());
        }
    }

    private static int countOf(Map<PeerId, Integer> counts, PeerId peer) {
        return counts.getOrDefault(peer, 0);
    }

    private static void decrement(Map<PeerId, Integer> counts, PeerId peer) {
        counts.computeIfPresent(peer, (unused, number) -> number == 1 ? null : number - 1);
    }

    private void closeOldestSpare(Predicate<TargetSelection> which) {
        Optional<TargetSelection> oldest;
        synchronized (spare) {
            oldest = spare.stream().filter(which).findFirst();
            oldest.ifPresent(this::removeSpare);
        }
        oldest.ifPresent(TargetSelection::closeSpare);
    }

    /** Closes all spare sessions. */
    void closeSpare() {
        copyOfSpare().forEach(TargetSelection::closeSpare);
    }

    /** Ends spare sessions that may carry no other connection, and tells their peers why. */
    void revokeSpare(Predicate<SecureSession> which, String reason) {
        for (TargetSelection session : copyOfSpare()) {
            session.revokeSpare(which, reason);
        }
    }

    private List<TargetSelection> copyOfSpare() {
        synchronized (spare) {
            return List.copyOf(spare);
        }
    }

    /** Ends the connections of a peer, and its sessions that have none yet or none anymore. */
    void closePeer(PeerId peer, String reason) {
        closings.incrementAndGet();
        // In the order in which sessions change, so that each is found: spare, selecting, open. One whose connection is
        // completed at this moment sees the number of closings.
        copyOfSpare().forEach(session -> session.revoke(peer, reason));
        selecting.forEach(session -> session.revoke(peer, reason));
        abort(relay -> relay.facts().peer().equals(peer), TunnelException.Code.REVOKED, reason);
    }

    /** Notes a connection that is opened once its session is established. */
    void begun(Relay relay) {
        open.add(relay);
    }

    @Override
    public void opened(Relay relay) {
        open.add(relay);
        relay.noteOpened();
        tell(told -> told.opened(relay.facts()));
    }

    /** Notes the end of a connection and releases its place; one that was not opened is reported as refused. */
    @Override
    public void closed(Relay relay, TunnelEnd end) {
        open.remove(relay);
        relay.place().close();
        TunnelConnection facts = relay.facts();
        if (relay.wasOpened()) {
            tell(told -> told.closed(facts, end));
        } else {
            refused(
                    facts.remote().orElse(null),
                    TunnelRefusal.Reason.HANDSHAKE,
                    null,
                    new IOException("no session with " + facts.peer() + ": " + end.reason()));
        }
    }

    /** Tells of a refused connection; a channel that is closed already may no longer know its address. */
    void refused(
            @Nullable SocketAddress remote, TunnelRefusal.Reason reason, @Nullable String sessionId, Throwable cause) {
        SocketAddress known = remote == null ? UnknownAddress.INSTANCE : remote;
        TunnelRefusal refusal = new TunnelRefusal(known, reason, sessionId, cause);
        tell(told -> told.refused(refusal));
    }

    private void tell(Consumer<TunnelListener> event) {
        Listeners.tell(listener, event);
    }

    List<TunnelConnection> connections() {
        return open.stream().map(Relay::facts).toList();
    }

    void abort(Predicate<Relay> which, TunnelException.Code code, String reason) {
        for (Relay relay : open) {
            if (which.test(relay)) {
                relay.abort(code, reason);
            }
        }
    }

    /** Waits until all connections have ended, and aborts those that have not by the deadline. */
    void drain(Duration patience) {
        draining = true;
        closeSpare();
        long begin = System.nanoTime();
        while (count.get() > 0 && System.nanoTime() - begin < patience.toNanos()) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        long aborting = System.nanoTime();
        do {
            // Again and again: a place that is reserved becomes a connection when its target is connected.
            abort(relay -> true, TunnelException.Code.STOPPED, "the tunnel was stopped");
            LockSupport.parkNanos(POLL_NANOS);
        } while (count.get() > 0 && System.nanoTime() - aborting < MAX_ABORT_NANOS);
    }

    private static final long MAX_ABORT_NANOS = Duration.ofSeconds(2).toNanos();
}

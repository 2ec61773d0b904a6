package dev.securesession.tunnel;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** The open connections of a tunnel. Safe for use by several threads. */
final class Relays {
    private static final long POLL_NANOS = Duration.ofMillis(20).toNanos();

    private final int limit;
    private final TunnelListener listener;
    private final Set<Relay> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();

    Relays(int limit, TunnelListener listener) {
        this.limit = limit;
        this.listener = listener;
    }

    /** Reserves the place of a connection; false at the limit. */
    boolean reserve() {
        if (count.incrementAndGet() > limit) {
            count.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Gives back a place that was reserved and not used. */
    void release() {
        count.decrementAndGet();
    }

    void opened(Relay relay) {
        open.add(relay);
        listener.opened(relay.facts());
    }

    /** Notes the end of a connection, of which the place becomes free. */
    void closed(Relay relay, TunnelEnd end) {
        open.remove(relay);
        count.decrementAndGet();
        listener.closed(relay.facts(), end);
    }

    void refused(SocketAddress remote, Throwable cause) {
        listener.refused(remote, cause);
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

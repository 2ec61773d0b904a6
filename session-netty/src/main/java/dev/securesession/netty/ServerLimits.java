package dev.securesession.netty;

import dev.securesession.PeerId;
import dev.securesession.internal.server.HalfOpenConnections;
import dev.securesession.transport.ServerCounters;
import dev.securesession.transport.ServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The limits that all connections of a Netty server share, so that unauthenticated or slow peers cannot exhaust its
 * memory.
 *
 * <p>At the limit of half-open connections the oldest one that has sent nothing makes room for a new one, or else the
 * oldest. At a limit of established connections, of one peer or of all, the new one is closed. At a limit on bytes the
 * connection that holds the most is closed. The pipeline of a connection that is closed gets an {@link IOException} that
 * names the limit in {@code exceptionCaught}, and before it by {@link HandshakeCompletion#cause} if there was no session yet.
 *
 * <p>Make one object for each server, and give it to each {@link SecureSessionHandler} by
 * {@link SecureSessionOptions#withServerLimits}. Safe for use by several threads.
 *
 * <p>PROTOCOL.md P-4, H-7.
 */
public final class ServerLimits {
    private static final String DISPLACED = "closed during the handshake: too many connections are half open";

    private final int halfOpenLimit;
    private final int halfOpenLimitPerAddress;
    private final int connectionLimit;
    private final int connectionLimitPerPeer;

    // This object is the lock of everything below and of all admissions. No user code runs under it.
    private final HalfOpenConnections<Admission> halfOpen;
    private final Map<PeerId, Integer> connectionsOfPeer = new HashMap<>();
    private final Budget handshakeBytes;
    private final Budget incompleteBytes;
    private long accepted;
    private long established;
    private long failed;
    private long shed;
    private long evicted;
    private long turnedAway;
    private int open;

    private ServerLimits(ServerOptions options) {
        this.halfOpenLimit = options.halfOpenLimit();
        this.halfOpenLimitPerAddress = options.halfOpenLimitPerAddress();
        this.halfOpen = new HalfOpenConnections<>(halfOpenLimit, halfOpenLimitPerAddress);
        this.connectionLimit = options.connectionLimit();
        this.connectionLimitPerPeer = options.connectionLimitPerPeer();
        this.handshakeBytes =
                new Budget("the handshake messages of all half-open connections", options.handshakeBytesLimit());
        this.incompleteBytes = new Budget("the incomplete messages of all connections", options.incompleteBytesLimit());
    }

    /**
     * Returns the limits of a new server.
     *
     * @param options its limits on half-open and established connections and on bytes; its executor and the settings of its
     *     connections are not used
     * @return limits that no connection uses yet
     */
    public static ServerLimits of(ServerOptions options) {
        return new ServerLimits(options);
    }

    /**
     * Returns what the connections under these limits have done until now, for metrics.
     *
     * @return the counters of this moment; {@code handlerFailures} is always 0
     */
    public synchronized ServerCounters counters() {
        return new ServerCounters(accepted, established, failed, shed, evicted, turnedAway, 0, halfOpen.size(), open);
    }

    /**
     * Describes the limits for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "at most " + halfOpenLimit + " half-open connections, " + halfOpenLimitPerAddress + " from one address; "
                + counters();
    }

    /** Admits a connection, and closes those that make room for it. */
    Admission admit(@Nullable InetAddress address, Consumer<IOException> close) {
        Admission admission = new Admission(address, close);
        List<Admission> displaced;
        synchronized (this) {
            accepted++;
            displaced = halfOpen.add(admission);
            shed += displaced.size();
            displaced.forEach(this::end); // No longer among the half-open ones: what made room has not failed.
        }
        for (Admission each : displaced) {
            each.close.accept(new IOException(DISPLACED));
        }
        return admission;
    }

    private void end(Admission admission) {
        if (admission.gone) {
            return;
        }
        admission.gone = true;
        budget(admission).remove(admission);
        if (halfOpen.remove(admission)) {
            failed++;
        } else if (admission.peer != null) {
            open--;
            connectionsOfPeer.computeIfPresent(admission.peer, (peer, count) -> count == 1 ? null : count - 1);
        }
    }

    private synchronized void establish(Admission admission, PeerId peer) throws IOException {
        if (admission.gone) {
            throw new IOException(DISPLACED);
        }
        handshakeBytes.remove(admission);
        halfOpen.remove(admission);
        int ofPeer = connectionsOfPeer.getOrDefault(peer, 0);
        if (ofPeer >= connectionLimitPerPeer || open >= connectionLimit) {
            admission.gone = true;
            turnedAway++;
            throw new IOException(
                    ofPeer >= connectionLimitPerPeer
                            ? peer + " has " + connectionLimitPerPeer
                                    + " connections, the limit for one peer; the new one was closed"
                            : "the server has " + connectionLimit + " connections, its limit; the new one was closed");
        }
        admission.established = true;
        admission.peer = peer;
        connectionsOfPeer.put(peer, ofPeer + 1);
        established++;
        open++;
    }

    private Budget budget(Admission admission) {
        return admission.established ? incompleteBytes : handshakeBytes;
    }

    /** Changes what a connection holds, and returns the connection to close for it, if there is one. */
    private synchronized @Nullable Eviction reserve(Admission admission, long bytes) throws IOException {
        Budget budget = budget(admission);
        if (admission.gone) {
            throw budget.exhausted();
        }
        long others = budget.held - admission.bytes;
        Eviction eviction = null;
        if (others + bytes > budget.limit) {
            Admission victim = budget.largestBeside(admission);
            evicted++;
            if (victim == null || victim.bytes <= bytes || others - victim.bytes + bytes > budget.limit) {
                end(admission);
                throw budget.exhausted();
            }
            end(victim);
            eviction = new Eviction(victim, budget.exhausted());
        }
        budget.set(admission, bytes);
        return eviction;
    }

    /** A connection to close, and why. */
    private record Eviction(Admission victim, IOException reason) {}

    /** One connection. */
    final class Admission extends HalfOpenConnections.Entry {
        private final Consumer<IOException> close;
        private boolean established;
        private @Nullable PeerId peer;
        private boolean gone;
        private long bytes;

        private Admission(@Nullable InetAddress address, Consumer<IOException> close) {
            super(address);
            this.close = close;
        }

        /**
         * Notes the end of the handshake, after which other limits apply.
         *
         * @throws IOException if the connection had to make room for others meanwhile, or is one too many: close it
         */
        void establish(PeerId newPeer) throws IOException {
            ServerLimits.this.establish(this, newPeer);
        }

        /** Sets what the incomplete messages of the connection hold now; fails if there is no room. */
        void hold(long newBytes) throws IOException {
            Eviction eviction = reserve(this, newBytes);
            if (eviction != null) {
                eviction.victim.close.accept(eviction.reason);
            }
        }

        /** Notes the end of the connection. */
        void leave() {
            synchronized (ServerLimits.this) {
                end(this);
            }
        }
    }

    /** The bytes that some of the connections hold; guarded by the lock of the limits. */
    private static final class Budget {
        private final String what;
        private final long limit;
        private final Set<Admission> holders = new HashSet<>();
        private long held;

        Budget(String what, long limit) {
            this.what = what;
            this.limit = limit;
        }

        void set(Admission admission, long bytes) {
            remove(admission);
            if (bytes > 0) {
                admission.bytes = bytes;
                held += bytes;
                holders.add(admission);
            }
        }

        void remove(Admission admission) {
            if (holders.remove(admission)) {
                held -= admission.bytes;
            }
            admission.bytes = 0;
        }

        @Nullable
        Admission largestBeside(Admission admission) {
            Admission largest = null;
            for (Admission each : holders) {
                if (each != admission && (largest == null || each.bytes > largest.bytes)) {
                    largest = each;
                }
            }
            return largest;
        }

        IOException exhausted() {
            return new IOException(
                    what + " hold " + limit + " bytes, which is the limit; this connection held the most");
        }
    }
}

package dev.securesession.tunnel;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The facts of one connection through a tunnel. Safe for use by several threads. */
public final class TunnelConnection {
    private final PeerId peer;
    private final @Nullable SocketAddress remote;
    private final String target;
    private final Instant since;
    private final long startNanos;
    private volatile @Nullable String sessionId;
    private volatile int number;
    private final AtomicLong toTarget = new AtomicLong();
    private final AtomicLong fromTarget = new AtomicLong();

    TunnelConnection(PeerId peer, @Nullable SocketAddress remote, String target) {
        this.peer = peer;
        this.remote = remote;
        this.target = target;
        this.since = Instant.now();
        this.startNanos = System.nanoTime();
    }

    /**
     * Returns the other end of the session.
     *
     * @return the id of the peer that opened the connection, or of the server that it leads to
     */
    public PeerId peer() {
        return peer;
    }

    /** Notes the session that carries the connection, and how many it has carried by now. */
    void carriedBy(SecureSession session, int numberInSession) {
        number = numberInSession;
        sessionId = HexFormat.of().formatHex(session.sessionId());
    }

    /**
     * Returns the id of the session, which is the same at both ends and joins the lines of their logs. It is public: every message
     * begins with it. Connections that follow one another in one session have the same one, and a different {@link #number}.
     *
     * @return 8 hexadecimal digits; empty at a proxy until the session is established
     */
    public Optional<String> sessionId() {
        return Optional.ofNullable(sessionId);
    }

    /**
     * Returns which connection of its session this is, the same at both ends (docs/tunnel-protocol.md TN-9).
     *
     * @return 1 or more; 0 at a proxy until the session is established
     */
    public int number() {
        return number;
    }

    /**
     * Returns where the connection came from.
     *
     * @return the address of the peer at a server, or that of the client at a proxy; empty for unnamed Unix sockets
     */
    public Optional<SocketAddress> remote() {
        return Optional.ofNullable(remote);
    }

    /**
     * Returns the target.
     *
     * @return its name; empty for the target without a name
     */
    public String target() {
        return target;
    }

    /**
     * Returns when the connection was opened.
     *
     * @return the time of this machine
     */
    public Instant since() {
        return since;
    }

    /**
     * Returns how long the connection has been open.
     *
     * @return the time until now
     */
    public Duration duration() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }

    /**
     * Returns the payload bytes toward the target.
     *
     * @return the bytes until now: at a server those that the target's connection has taken, at a proxy those that were
     *     sent to the server, all of which have arrived only if the connection ends {@link TunnelEnd#complete}
     */
    public long bytesToTarget() {
        return toTarget.get();
    }

    /**
     * Returns the payload bytes from the target.
     *
     * @return the bytes until now: at a proxy those that the client's connection has taken, at a server those that were
     *     sent to the proxy, all of which have arrived only if the connection ends {@link TunnelEnd#complete}
     */
    public long bytesFromTarget() {
        return fromTarget.get();
    }

    AtomicLong toTarget() {
        return toTarget;
    }

    AtomicLong fromTarget() {
        return fromTarget;
    }

    /**
     * Describes the connection for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return peer + " from " + (remote == null ? "?" : TunnelAddress.describe(remote))
                + (target.isEmpty() ? "" : " to " + target) + ", " + toTarget + " bytes to the target, " + fromTarget
                + " from it";
    }
}

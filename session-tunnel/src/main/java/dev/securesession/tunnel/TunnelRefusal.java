package dev.securesession.tunnel;

import java.net.SocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A connection that was refused before it was opened. */
public final class TunnelRefusal {
    /** Why a connection was refused, for programs and metrics. */
    public enum Reason {
        /** One source began too many handshakes. */
        RATE,
        /** The handshake failed or timed out, or the keys are not the known ones. */
        HANDSHAKE,
        /** The peer asked for no target, or not as the protocol wants it. */
        REQUEST,
        /** The target does not exist, or the peer may not reach it. */
        TARGET,
        /** The target, or from a proxy the server, cannot be reached. */
        UNREACHABLE,
        /** Too many connections are open. */
        LIMIT,
        /** Too many connections of this peer are open. */
        PEER_LIMIT,
        /** The peer may no longer use the tunnel. */
        REVOKED
    }

    private final SocketAddress remote;
    private final Reason reason;
    private final @Nullable String sessionId;
    private final Throwable cause;

    TunnelRefusal(SocketAddress remote, Reason reason, @Nullable String sessionId, Throwable cause) {
        this.remote = remote;
        this.reason = reason;
        this.sessionId = sessionId;
        this.cause = cause;
    }

    /**
     * Returns the address of the peer or client.
     *
     * @return the address; one that calls itself {@code unknown} if the connection ended too soon
     */
    public SocketAddress remote() {
        return remote;
    }

    /**
     * Returns the reason, for programs.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /**
     * Returns the id of the session, the same at both ends, for logs.
     *
     * @return 8 hexadecimal digits; empty if there was no session
     */
    public Optional<String> sessionId() {
        return Optional.ofNullable(sessionId);
    }

    /**
     * Returns what happened.
     *
     * @return the cause; a {@link dev.securesession.HandshakeException} has the id that the peer claimed
     */
    public Throwable cause() {
        return cause;
    }

    /**
     * Describes the refusal for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return TunnelAddress.describe(remote) + ": " + cause.getMessage();
    }
}

package dev.securesession.netty;

import dev.securesession.SecureSession;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The user event that {@link SecureSessionHandler} fires once: the handshake has made a session, or has failed.
 *
 * <p>After a failure the channel is closed, and {@code exceptionCaught} gets the cause as well.
 */
public final class HandshakeCompletion {
    private final @Nullable SecureSession session;
    private final @Nullable Throwable cause;

    private HandshakeCompletion(@Nullable SecureSession session, @Nullable Throwable cause) {
        this.session = session;
        this.cause = cause;
    }

    static HandshakeCompletion of(SecureSession session) {
        return new HandshakeCompletion(session, null);
    }

    static HandshakeCompletion failed(Throwable cause) {
        return new HandshakeCompletion(null, cause);
    }

    /**
     * Returns the session, for its peer and its fingerprints.
     *
     * @return the session, which the handler closes; or empty if the handshake has failed
     */
    public Optional<SecureSession> session() {
        return Optional.ofNullable(session);
    }

    /**
     * Returns why the handshake has failed.
     *
     * @return the cause; or empty if it has succeeded
     */
    public Optional<Throwable> cause() {
        return Optional.ofNullable(cause);
    }

    /**
     * Describes the event for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return session != null ? "established " + session : "handshake failed: " + cause;
    }
}

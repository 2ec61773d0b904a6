package dev.securesession;

/**
 * Observes how handshakes and sessions change, for logs, metrics and bookkeeping.
 *
 * <p>A handshake is first {@linkplain #handshakeStarted started}, then {@linkplain #established established} or
 * {@linkplain #handshakeAbandoned abandoned}, each at most once; an established session is finally {@linkplain #closed
 * closed}. In between, any number of messages may be {@linkplain #handshakeRefused refused}. Each method is called after
 * the change, on the thread that caused it, outside all locks. An exception of a listener is dropped, unless it is an
 * {@link Error}: it changes neither the handshake nor the session. One listener may serve many sessions, and is then
 * called by several threads.
 *
 * <p>PROTOCOL.md H-11.
 */
public interface SessionListener {
    /**
     * A handshake has begun: a client has made its first message, or a server has accepted one.
     *
     * @param role which end we are
     */
    default void handshakeStarted(Role role) {}

    /**
     * A handshake message was refused. The handshake stands where it stood before.
     *
     * @param role which end we are
     * @param refusal why, and the id that the peer claims, if the message holds one
     */
    default void handshakeRefused(Role role, HandshakeException refusal) {}

    /**
     * A handshake has made its session.
     *
     * @param session the session, ready for use
     */
    default void established(SecureSession session) {}

    /**
     * A handshake that had begun was closed before it made a session.
     *
     * @param role which end we are
     */
    default void handshakeAbandoned(Role role) {}

    /**
     * A session was closed.
     *
     * @param session the session; it still says who the peer was
     */
    default void closed(SecureSession session) {}
}

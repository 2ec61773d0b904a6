package dev.securesession;

/**
 * Is told how handshakes and sessions change, for logs, metrics and bookkeeping.
 *
 * <p>A handshake is first {@link #negotiating}, then {@link #established} or {@link #abandoned}; an established session
 * is {@link #closed} at last. Each is called at most once, after the change, on the thread that caused it, outside all
 * locks. What a method throws is dropped, unless it is an {@link Error}: it changes neither the handshake nor the
 * session. One listener may serve many sessions, and is then called by several threads.
 *
 * <p>PROTOCOL.md H-11.
 */
public interface SessionListener {
    /**
     * A handshake has begun: a client has made its first message, or a server has accepted one.
     *
     * @param role which end we are
     */
    default void negotiating(Role role) {}

    /**
     * A handshake has made its session.
     *
     * @param session the session, ready for use
     */
    default void established(SecureSession session) {}

    /**
     * A handshake was closed before it made a session.
     *
     * @param role which end we are
     */
    default void abandoned(Role role) {}

    /**
     * A session was closed.
     *
     * @param session the session; it still says who it was with
     */
    default void closed(SecureSession session) {}
}

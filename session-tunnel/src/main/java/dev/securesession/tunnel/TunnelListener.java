package dev.securesession.tunnel;

/**
 * Is told what happens in a tunnel, for logs and metrics.
 *
 * <p>Called by the threads that move the bytes: return at once, and throw nothing. All methods do nothing by default.
 */
public interface TunnelListener {
    /**
     * A connection was opened: at a server, the peer has proved its identity, asked for a target that it may reach, and the
     * target was reached; at a proxy, the server has proved its identity.
     *
     * @param connection its facts
     */
    default void opened(TunnelConnection connection) {}

    /**
     * A connection has ended.
     *
     * @param connection its facts, with the bytes that it carried
     * @param end how it ended
     */
    default void closed(TunnelConnection connection, TunnelEnd end) {}

    /**
     * A connection was refused before it was opened: at a server, the handshake failed or timed out, the target was refused
     * or cannot be reached, or a limit was reached; a peer that proves its identity and asks for nothing has tested its way, and
     * is not told of; at a proxy, the server cannot be reached, the handshake with it failed
     * or timed out, or a limit was reached.
     *
     * @param refusal why, and whom
     */
    default void refused(TunnelRefusal refusal) {}
}

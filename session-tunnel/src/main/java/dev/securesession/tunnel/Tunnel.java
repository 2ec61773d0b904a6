package dev.securesession.tunnel;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/** One end of a tunnel, listening: what programs that run servers and proxies do with either. */
public sealed interface Tunnel extends AutoCloseable permits TunnelServer, TunnelProxy {
    /**
     * Returns where it listens.
     *
     * @return the address, with the port that was chosen
     */
    SocketAddress address();

    /**
     * Returns the open connections.
     *
     * @return those of this moment
     */
    List<TunnelConnection> connections();

    /**
     * Stops listening, waits for the connections to end, and aborts those that have not.
     *
     * @param patience how long to wait; zero to abort at once
     */
    void close(Duration patience);

    /** Stops listening, and aborts all connections. */
    @Override
    default void close() {
        close(Duration.ZERO);
    }
}

package dev.securesession.transport;

import dev.securesession.SessionConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes server sockets that accept sessions, for programs that take a server socket factory.
 *
 * <pre>{@code
 * ServerSocket server = SecureServerSocketFactory.of(config).createServerSocket(port);
 * SecureSocket socket = (SecureSocket) server.accept();
 * PeerId peer = socket.session().peer();
 * }</pre>
 *
 * <p>A server socket accepts TCP connections and performs their handshakes in the background, with the limits and deadlines
 * of a {@link SecureServer}, so that a client that is slow or silent makes no other wait. {@code accept()} returns
 * established {@link SecureSocket}s in the order in which their handshakes ended; those that fail are seen by the listener
 * of the configuration only. While as many as the backlog are established and not accepted, further ones wait, for the
 * handshake deadline at most. Closing a server socket leaves accepted sockets open.
 *
 * <p>Immutable, and safe for use by several threads. PROTOCOL.md P-4, H-7.
 */
public final class SecureServerSocketFactory extends ServerSocketFactory {
    private final SessionConfig config;
    private final ServerOptions options;

    private SecureServerSocketFactory(SessionConfig config, ServerOptions options) {
        this.config = config;
        this.options = options;
    }

    /**
     * Returns a factory with default options.
     *
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @return the factory
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureServerSocketFactory of(SessionConfig config) {
        return of(config, ServerOptions.defaults());
    }

    /**
     * Returns a factory.
     *
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param options limits and timeouts; the executor is not used, since no handler runs
     * @return the factory
     * @throws IllegalArgumentException if the configuration has no directory of peers, or the message limit is too low for
     *     a stream
     */
    public static SecureServerSocketFactory of(SessionConfig config, ServerOptions options) {
        HandshakeRunner.requireDirectory(config);
        SecureStream.requireRoom(options.connections());
        return new SecureServerSocketFactory(config, options);
    }

    /**
     * Returns a server socket that is not bound.
     *
     * @return a server socket, the caller's to bind and to close
     */
    @Override
    public ServerSocket createServerSocket() throws IOException {
        return new SecureServerSocket(config, options);
    }

    @Override
    public ServerSocket createServerSocket(int port) throws IOException {
        return bound(port, SecureServerSocket.DEFAULT_BACKLOG, null);
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog) throws IOException {
        return bound(port, backlog, null);
    }

    @Override
    public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
        return bound(port, backlog, address);
    }

    /**
     * Describes the factory for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "server sockets of " + config.identity().id();
    }

    private ServerSocket bound(int port, int backlog, @Nullable InetAddress address) throws IOException {
        ServerSocket server = createServerSocket();
        boolean bound = false;
        try {
            server.bind(new InetSocketAddress(address, port), backlog);
            bound = true;
            return server;
        } finally {
            if (!bound) {
                server.close();
            }
        }
    }
}

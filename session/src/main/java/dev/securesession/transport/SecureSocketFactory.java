package dev.securesession.transport;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes sockets whose connections are sessions with one peer, for programs that take a socket factory.
 *
 * <pre>{@code
 * OkHttpClient client = new OkHttpClient.Builder()
 *         .socketFactory(SecureSocketFactory.of(config, PeerId.ofUtf8("api-1")))
 *         .build();
 * }</pre>
 *
 * <p>The expected peer belongs to the factory: whatever address a program connects to, another peer is refused
 * (PROTOCOL.md H-5), and no byte of the program leaves before. The peer accepts with a server socket of a
 * {@link SecureServerSocketFactory} or with a {@link SecureServer} and {@link SecureStream}.
 *
 * <p>Programs that take the name of a class and one argument, such as the JDBC driver of PostgreSQL with
 * {@code socketFactory} and {@code socketFactoryArg}, use the {@linkplain #SecureSocketFactory(String) constructor}.
 *
 * <p>Immutable, and safe for use by several threads.
 */
public final class SecureSocketFactory extends SocketFactory {
    private static final String FILE_SCHEME = "file:";
    private static final ConcurrentMap<String, SecureSocketFactory> REGISTERED = new ConcurrentHashMap<>();

    private final SessionConfig config;
    private final PeerId peer;
    private final ConnectionOptions options;

    private SecureSocketFactory(SessionConfig config, PeerId peer, ConnectionOptions options) {
        this.config = config;
        this.peer = peer;
        this.options = options;
    }

    /**
     * Makes a factory by the text that a program without code for sessions passes on: either {@code file:} and the path of
     * a properties file, or the name of a factory that was {@linkplain #register registered}.
     *
     * <pre>{@code
     * # Our id, and our private key in any format that IdentityPrivateKey.read reads
     * identity=app-1
     * identity.key=app-1.key
     * # The only peer that is accepted, and its public key
     * peer=db-1
     * peer.key=db-1.pub
     * }</pre>
     *
     * <p>The properties file is UTF-8; all four properties are needed and others are refused. Paths of keys are relative to
     * the directory of the file.
     *
     * @param argument the file or the name
     * @throws IllegalArgumentException if no such factory is registered, or the file or a key cannot be read: the program
     *     gets no sockets
     */
    public SecureSocketFactory(String argument) {
        this(argument.startsWith(FILE_SCHEME) ? loaded(argument) : registered(argument));
    }

    private SecureSocketFactory(SecureSocketFactory other) {
        this(other.config, other.peer, other.options);
    }

    /**
     * Returns a factory with default options.
     *
     * @param config the local identity and the keys of peers
     * @param peer the only peer that is accepted
     * @return the factory
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureSocketFactory of(SessionConfig config, PeerId peer) {
        return of(config, peer, ConnectionOptions.defaults());
    }

    /**
     * Returns a factory.
     *
     * @param config the local identity and the keys of peers
     * @param peer the only peer that is accepted
     * @param options framing, limits and timeouts
     * @return the factory
     * @throws IllegalArgumentException if the configuration has no directory of peers, or the message limit is too low for
     *     a stream
     */
    public static SecureSocketFactory of(SessionConfig config, PeerId peer, ConnectionOptions options) {
        HandshakeRunner.requireDirectory(config);
        SecureStream.requireRoom(options);
        return new SecureSocketFactory(config, peer, options);
    }

    /**
     * Lets the {@linkplain #SecureSocketFactory(String) constructor} find a factory by a name, everywhere in this virtual
     * machine, until it is {@linkplain #unregister unregistered}.
     *
     * @param name the name, not beginning with {@code file:}
     * @param factory the factory
     * @throws IllegalArgumentException if the name is taken or begins with {@code file:}
     */
    public static void register(String name, SecureSocketFactory factory) {
        if (name.startsWith(FILE_SCHEME)) {
            throw new IllegalArgumentException("the name " + name + " of a socket factory; file: is for paths");
        }
        if (REGISTERED.putIfAbsent(name, factory) != null) {
            throw new IllegalArgumentException(
                    "a socket factory with the name " + name + " is registered; unregister it first");
        }
    }

    /**
     * Forgets a registered factory. Programs that use it go on; does nothing if there is none.
     *
     * @param name the name
     */
    public static void unregister(String name) {
        REGISTERED.remove(name);
    }

    private static SecureSocketFactory registered(String name) {
        SecureSocketFactory factory = REGISTERED.get(name);
        if (factory == null) {
            throw new IllegalArgumentException("no socket factory with the name " + name
                    + " is registered; register it before, or pass file: and the path of a properties file");
        }
        return factory;
    }

    private static SecureSocketFactory loaded(String argument) {
        Path file = Paths.get(argument.substring(FILE_SCHEME.length()));
        SocketProperties properties = SocketProperties.load(file);
        return of(properties.config(), properties.peer());
    }

    /**
     * Returns a socket that is not connected; {@link Socket#connect(SocketAddress, int)} performs the handshake too.
     *
     * @return a {@link SecureSocket}, the caller's to close
     */
    @Override
    public Socket createSocket() throws IOException {
        return SecureSocket.client(config, peer, options);
    }

    /**
     * Returns a socket after the handshake with the expected peer.
     *
     * @param host where the peer listens
     * @param port its port
     * @return a connected {@link SecureSocket}, the caller's to close
     * @throws IOException if the connection or the handshake fails
     */
    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    /**
     * Returns a socket after the handshake with the expected peer.
     *
     * @param host where the peer listens
     * @param port its port
     * @param localHost the local address
     * @param localPort the local port, or 0 for any
     * @return a connected {@link SecureSocket}, the caller's to close
     * @throws IOException if the connection or the handshake fails
     */
    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    /**
     * Returns a socket after the handshake with the expected peer.
     *
     * @param host where the peer listens
     * @param port its port
     * @return a connected {@link SecureSocket}, the caller's to close
     * @throws IOException if the connection or the handshake fails
     */
    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    /**
     * Returns a socket after the handshake with the expected peer.
     *
     * @param address where the peer listens
     * @param port its port
     * @param localAddress the local address
     * @param localPort the local port, or 0 for any
     * @return a connected {@link SecureSocket}, the caller's to close
     * @throws IOException if the connection or the handshake fails
     */
    @Override
    public Socket createSocket(InetAddress address, int port, InetAddress localAddress, int localPort)
            throws IOException {
        return connected(new InetSocketAddress(address, port), new InetSocketAddress(localAddress, localPort));
    }

    /**
     * Describes the factory for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "sockets of " + config.identity().id() + " to " + peer;
    }

    private Socket connected(InetSocketAddress remote, @Nullable InetSocketAddress local) throws IOException {
        Socket socket = createSocket();
        boolean connected = false;
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(remote);
            connected = true;
            return socket;
        } finally {
            if (!connected) {
                socket.close();
            }
        }
    }
}

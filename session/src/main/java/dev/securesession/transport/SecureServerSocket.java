package dev.securesession.transport;

import dev.securesession.SessionConfig;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A server socket whose {@code accept} returns established sockets from the queue that a {@link SecureServer} fills. */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // A thread in close must not wait for one in another method.
final class SecureServerSocket extends ServerSocket {
    static final int DEFAULT_BACKLOG = 50;

    private final SessionConfig config;
    private final ServerOptions options;
    private final AcceptQueue established = new AcceptQueue();
    private volatile @Nullable SecureServer server;
    private volatile int acceptTimeoutMillis;

    SecureServerSocket(SessionConfig config, ServerOptions options) throws IOException {
        this.config = config;
        this.options = options;
    }

    @Override
    public void bind(@Nullable SocketAddress endpoint) throws IOException {
        bind(endpoint, DEFAULT_BACKLOG);
    }

    @Override
    public void bind(@Nullable SocketAddress endpoint, int newBacklog) throws IOException {
        int limit = newBacklog < 1 ? DEFAULT_BACKLOG : newBacklog;
        super.bind(endpoint, limit);
        established.limit(limit);
        SecureServer started =
                SecureServer.listen(Accepting.of(this, this::acceptTcp), config, options, this::enqueue, null);
        server = started;
        // Either the closing thread sees the server and stops it, or this thread sees that the socket was closed.
        if (isClosed()) {
            started.stopAccepting();
            throw new SocketException("the server socket was closed while it was bound");
        }
    }

    @Override
    public Socket accept() throws IOException {
        Deadline deadline = Deadline.after(Duration.ofMillis(acceptTimeoutMillis));
        if (!isBound() && !isClosed()) {
            throw new SocketException("the server socket is not bound");
        }
        return established.take(deadline);
    }

    /** Waits for a connection without a session. */
    private Socket acceptTcp() throws IOException {
        return super.accept();
    }

    @Override
    public void close() throws IOException {
        List<SecureSocket> left = established.close();
        if (isClosed()) {
            return;
        }
        try {
            super.close();
        } finally {
            SecureServer running = server;
            if (running != null) {
                running.stopAccepting();
            }
            abort(left);
        }
    }

    /** Aborts connections that no call will accept. */
    static void abort(List<SecureSocket> left) {
        left.forEach(SecureSocket::abort);
    }

    @Override
    public @Nullable ServerSocketChannel getChannel() {
        return null;
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        requireOpen();
        acceptTimeoutMillis = SecureSocket.requireTimeout(timeout);
    }

    @Override
    public int getSoTimeout() throws IOException {
        requireOpen();
        return acceptTimeoutMillis;
    }

    @Override
    public <T> ServerSocket setOption(SocketOption<T> name, T value) throws IOException {
        requireOpen();
        throw SecureSocket.unsupported(name);
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        requireOpen();
        throw SecureSocket.unsupported(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return Collections.emptySet();
    }

    @Override
    public String toString() {
        return "secure server socket of " + config.identity().id() + " on " + getLocalSocketAddress();
    }

    private void requireOpen() throws SocketException {
        if (isClosed()) {
            throw new SocketException("the server socket is closed");
        }
    }

    /** Puts an established connection into the queue; returns false if there is no room before the deadline. */
    private boolean enqueue(SecureServer from, AcceptedConnection accepted, SecureConnection connection)
            throws IOException, InterruptedException {
        Deadline deadline = Deadline.after(options.connections().handshakeDeadline());
        // It came from acceptTcp.
        Socket socket = (Socket) accepted.resource;
        return established.put(SecureSocket.accepted(socket, connection, () -> from.end(connection)), deadline);
    }
}

package dev.securesession.transport;

import dev.securesession.SessionConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A server socket whose {@code accept} returns established sockets from the queue that a {@link SecureServer} fills. */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // A thread in close must not wait for one in another method.
final class SecureServerSocket extends ServerSocket {
    static final int DEFAULT_BACKLOG = 50;

    private final ServerSocket tcp = new ServerSocket();
    private final SessionConfig config;
    private final ServerOptions options;
    private volatile @Nullable SecureServer server;
    private volatile int acceptTimeoutMillis;

    private volatile AcceptQueue established = new AcceptQueue(DEFAULT_BACKLOG);

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
        tcp.bind(endpoint, limit);
        established = new AcceptQueue(limit);
        server = SecureServer.listen(tcp, config, new Taker(), options);
    }

    @Override
    public Socket accept() throws IOException {
        Deadline deadline = Deadline.after(Duration.ofMillis(acceptTimeoutMillis));
        if (!isBound()) {
            throw new SocketException("the server socket is not bound");
        }
        return established.take(deadline);
    }

    @Override
    public void close() throws IOException {
        List<SecureSocket> left = established.close();
        try {
            tcp.close();
        } finally {
            SecureServer running = server;
            if (running != null) {
                running.stopAccepting();
            }
            for (SecureSocket socket : left) {
                socket.setSoLinger(true, 0);
                socket.close();
            }
        }
    }

    @Override
    public boolean isClosed() {
        return tcp.isClosed();
    }

    @Override
    public boolean isBound() {
        return tcp.isBound();
    }

    @Override
    public @Nullable InetAddress getInetAddress() {
        return tcp.getInetAddress();
    }

    @Override
    public int getLocalPort() {
        return tcp.getLocalPort();
    }

    @Override
    public @Nullable SocketAddress getLocalSocketAddress() {
        return tcp.getLocalSocketAddress();
    }

    @Override
    public @Nullable ServerSocketChannel getChannel() {
        return null;
    }

    @Override
    public void setSoTimeout(int timeout) throws SocketException {
        if (timeout < 0) {
            throw new IllegalArgumentException("a timeout of " + timeout + " ms; it must be 0 (none) or more");
        }
        if (isClosed()) {
            throw new SocketException("the server socket is closed");
        }
        acceptTimeoutMillis = timeout;
    }

    @Override
    public int getSoTimeout() {
        return acceptTimeoutMillis;
    }

    @Override
    public void setReuseAddress(boolean on) throws SocketException {
        tcp.setReuseAddress(on);
    }

    @Override
    public boolean getReuseAddress() throws SocketException {
        return tcp.getReuseAddress();
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        tcp.setReceiveBufferSize(size);
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return tcp.getReceiveBufferSize();
    }

    @Override
    public void setPerformancePreferences(int connectionTime, int latency, int bandwidth) {
        tcp.setPerformancePreferences(connectionTime, latency, bandwidth);
    }

    @Override
    public String toString() {
        return "secure server socket of " + config.identity().id() + " on " + tcp.getLocalSocketAddress();
    }

    /** Puts established connections into the queue. */
    private final class Taker implements SecureServer.Taker {
        @Override
        public boolean take(SecureServer from, Socket socket, SecureConnection connection)
                throws IOException, InterruptedException {
            Deadline deadline = Deadline.after(options.connections().handshakeDeadline());
            return established.put(SecureSocket.accepted(socket, connection, () -> from.end(connection)), deadline);
        }
    }
}

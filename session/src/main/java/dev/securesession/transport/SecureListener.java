package dev.securesession.transport;

import dev.securesession.HandshakeException;
import dev.securesession.SessionConfig;
import java.io.Closeable;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Accepts connections on a server socket, negotiates each, and hands those that succeed to a handler.
 *
 * <pre>{@code
 * SecureListener listener = SecureListener.listen(new ServerSocket(port), config, executor, connection -> {
 *     byte[] question = connection.receive().orElseThrow();
 *     connection.send(answer(question));
 * });
 * }</pre>
 *
 * <p>A negotiation that takes too long is given up, and connections beyond the limit of negotiations under way are closed
 * before they cost a public-key operation. Each connection has a task of the executor, from its negotiation to the end of
 * its handler.
 *
 * <p>PROTOCOL.md H-7.
 */
public final class SecureListener implements Closeable {
    private final ServerSocket serverSocket;
    private final SessionConfig config;
    private final ConnectionOptions options;
    private final Executor executor;
    private final Handler handler;
    private final Semaphore halfOpen;
    private final AtomicLong shed = new AtomicLong();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    private SecureListener(
            ServerSocket serverSocket,
            SessionConfig config,
            ConnectionOptions options,
            Executor executor,
            Handler handler) {
        this.serverSocket = serverSocket;
        this.config = config;
        this.options = options;
        this.executor = executor;
        this.handler = handler;
        this.halfOpen = new Semaphore(options.halfOpenLimit());
    }

    /**
     * Starts to listen, with default options.
     *
     * @param serverSocket bound; belongs to the listener from now on, which closes it
     * @param config who we are and whom we know
     * @param executor runs a task for each connection, and one that accepts; should start a thread for each
     * @param handler gets each connection
     * @return the listener, at work until it is closed
     */
    public static SecureListener listen(
            ServerSocket serverSocket, SessionConfig config, Executor executor, Handler handler) {
        return listen(serverSocket, config, executor, handler, ConnectionOptions.defaults());
    }

    /**
     * Starts to listen.
     *
     * @param serverSocket bound; belongs to the listener from now on, which closes it
     * @param config who we are and whom we know
     * @param executor runs a task for each connection, and one that accepts; should start a thread for each
     * @param handler gets each connection
     * @param options framing and limits
     * @return the listener, at work until it is closed
     */
    public static SecureListener listen(
            ServerSocket serverSocket,
            SessionConfig config,
            Executor executor,
            Handler handler,
            ConnectionOptions options) {
        SecureListener listener = new SecureListener(serverSocket, config, options, executor, handler);
        executor.execute(listener::acceptAll);
        return listener;
    }

    /**
     * Returns how many connections were closed because too many negotiations were under way.
     *
     * @return 0 or more
     */
    public long shedConnections() {
        return shed.get();
    }

    /** Stops listening and closes all connections. May be called twice, and by any thread. */
    @Override
    public void close() throws IOException {
        serverSocket.close();
        for (Socket socket : sockets) {
            closeQuietly(socket);
        }
    }

    private void acceptAll() {
        while (!serverSocket.isClosed()) {
            try {
                admit(serverSocket.accept());
            } catch (IOException e) {
                if (!serverSocket.isClosed()) {
                    handler.failed(serverSocket.getLocalSocketAddress(), e);
                    // Out of file descriptors, most likely: trying again at once would only burn time.
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        }
    }

    private void admit(Socket socket) {
        if (!halfOpen.tryAcquire()) {
            shed.incrementAndGet();
            closeQuietly(socket);
            return;
        }
        sockets.add(socket);
        if (serverSocket.isClosed()) {
            closeQuietly(socket);
        }
        try {
            executor.execute(() -> serve(socket));
        } catch (RejectedExecutionException e) {
            halfOpen.release();
            forget(socket);
            handler.failed(socket.getRemoteSocketAddress(), e);
        }
    }

    private void serve(Socket socket) {
        SocketAddress address = socket.getRemoteSocketAddress();
        try (SecureConnection connection = negotiate(socket)) {
            handler.handle(connection);
        } catch (Exception e) {
            handler.failed(address, e);
        } finally {
            forget(socket);
        }
    }

    private SecureConnection negotiate(Socket socket) throws IOException, HandshakeException {
        try {
            return SecureConnection.accept(socket, config, options);
        } finally {
            halfOpen.release();
        }
    }

    private void forget(Socket socket) {
        sockets.remove(socket);
        closeQuietly(socket);
    }

    private static final long PAUSE_NANOS = 10_000_000;

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is of no use any more, closed or not.
        }
    }

    /** Serves connections; called by several threads. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Serves a connection, which is closed when this returns or throws.
         *
         * @param connection established
         * @throws Exception to end the connection; {@link #failed} is told
         */
        void handle(SecureConnection connection) throws Exception;

        /**
         * Is told of a connection that failed: in its negotiation, in its handler, or before.
         *
         * @param address where the peer is, or where we listen if no connection could be accepted
         * @param cause what went wrong: {@link HandshakeException}, {@link IOException}, or what the handler threw
         */
        default void failed(SocketAddress address, Exception cause) {}
    }
}

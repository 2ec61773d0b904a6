package dev.securesession.transport;

import dev.securesession.HandshakeException;
import dev.securesession.SessionConfig;
import java.io.Closeable;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
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
 * SecureServer listener = SecureServer.listen(new ServerSocket(port), config, executor, connection -> {
 *     byte[] question = connection.receive().orElseThrow();
 *     connection.send(answer(question));
 * });
 * }</pre>
 *
 * <p>A handshake that takes too long is given up, and connections beyond the limit of handshakes under way are closed
 * before they cost a public-key operation. Each connection has a task of the executor, from its handshake to the end of
 * its handler.
 *
 * <p>PROTOCOL.md H-7.
 */
public final class SecureServer implements Closeable {
    private final ServerSocket serverSocket;
    private final SessionConfig config;
    private final ConnectionOptions options;
    private final Executor executor;
    private final Handler handler;
    private final Semaphore halfOpen;
    private final AtomicLong shed = new AtomicLong();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    private SecureServer(
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
     * @throws IllegalArgumentException if the server socket is not bound
     * @throws RejectedExecutionException if the executor does not take the task that accepts; the server socket is closed
     */
    public static SecureServer listen(
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
     * @throws IllegalArgumentException if the server socket is not bound
     * @throws RejectedExecutionException if the executor does not take the task that accepts; the server socket is closed
     */
    public static SecureServer listen(
            ServerSocket serverSocket,
            SessionConfig config,
            Executor executor,
            Handler handler,
            ConnectionOptions options) {
        HandshakeRunner.requireDirectory(config);
        if (!serverSocket.isBound()) {
            throw new IllegalArgumentException("a server socket without an address; bind it first");
        }
        SecureServer listener = new SecureServer(serverSocket, config, options, executor, handler);
        try {
            executor.execute(listener::acceptAll);
        } catch (RejectedExecutionException e) {
            listener.closeServerSocket();
            throw e;
        }
        return listener;
    }

    /**
     * Returns how many connections were closed because too many handshakes were under way.
     *
     * @return 0 or more
     */
    public long shedConnections() {
        return shed.get();
    }

    /**
     * Stops listening and closes all connections, whose handlers then fail or end; does not wait for that, and leaves the
     * executor as it is. May be called twice, and by any thread.
     */
    @Override
    public void close() throws IOException {
        try {
            serverSocket.close();
        } finally {
            for (Socket socket : sockets) {
                closeQuietly(socket);
            }
        }
    }

    private void acceptAll() {
        try {
            while (!serverSocket.isClosed()) {
                acceptNext();
            }
        } finally {
            // Whatever has ended this thread: nobody is to wait for an answer that does not come.
            closeServerSocket();
        }
    }

    private void acceptNext() {
        try {
            admit(serverSocket.accept());
        } catch (SocketTimeoutException e) {
            // The server socket came with a time limit. Nobody has connected, and nothing has failed.
        } catch (IOException e) {
            if (!serverSocket.isClosed()) {
                tellFailed(serverSocket.getLocalSocketAddress(), e);
                // Out of file descriptors, most likely: trying again at once would only burn time.
                LockSupport.parkNanos(PAUSE_NANOS);
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
            turnAway(socket, e);
        } catch (OutOfMemoryError e) {
            // How a JVM says that the system gives it no more threads.
            turnAway(socket, new RejectedExecutionException("no thread for a connection", e));
        }
    }

    private void turnAway(Socket socket, RejectedExecutionException cause) {
        SocketAddress address = socket.getRemoteSocketAddress();
        halfOpen.release();
        forget(socket);
        tellFailed(address, cause);
    }

    private void serve(Socket socket) {
        SocketAddress address = socket.getRemoteSocketAddress();
        try (SecureConnection connection = negotiate(socket)) {
            handler.handle(connection);
        } catch (InterruptedException e) {
            tellFailed(address, e);
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            tellFailed(address, e);
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

    private void tellFailed(SocketAddress address, Exception cause) {
        try {
            handler.failed(address, cause);
        } catch (Exception e) {
            // Its own affair; other connections must not suffer from it (PROTOCOL.md H-11).
        }
    }

    private void forget(Socket socket) {
        sockets.remove(socket);
        closeQuietly(socket);
    }

    private void closeServerSocket() {
        try {
            serverSocket.close();
        } catch (IOException e) {
            // It is of no use any more, closed or not.
        }
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
         * Serves a connection, which is closed when this returns or throws. An {@link Error} is left to the executor.
         *
         * @param connection established
         * @throws Exception to end the connection; {@link #failed} is told
         */
        void handle(SecureConnection connection) throws Exception;

        /**
         * Is told of a connection that failed: in its handshake, in its handler, or before. What this throws is
         * dropped.
         *
         * @param address where the peer is, or where we listen if no connection could be accepted
         * @param cause what went wrong: {@link HandshakeException}, {@link IOException}, what the handler threw, or
         *     {@link RejectedExecutionException} if the executor did not take the connection
         */
        default void failed(SocketAddress address, Exception cause) {}
    }
}

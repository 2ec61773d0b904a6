package dev.securesession.transport;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.internal.base.ClosedPeers;
import dev.securesession.internal.server.HalfOpenConnections;
import dev.securesession.internal.server.ServerLog;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections, performs the handshake of each as the server, and passes the established ones to a handler.
 *
 * <pre>{@code
 * SecureServer server = SecureServer.listen(new InetSocketAddress(port), config, connection -> {
 *     Optional<byte[]> question = connection.receive();    // empty: the peer has ended the connection
 *     if (question.isPresent()) {
 *         connection.send(answer(question.get()));
 *     }
 * });
 * }</pre>
 *
 * <p>Connections that come to nothing, because the peer is unknown, its handshake too slow or a limit reached, are logged unless
 * {@link Handler#failed} says otherwise. A handler that throws ends its connection in a way that the peer does not take for an orderly end: a {@link SecureStream}
 * over it is aborted, and TCP connections that carry messages are reset.
 *
 * <p>Accepting and handshakes run on threads of the server, whose deadlines start when a connection is accepted. Each
 * handler runs on a thread of its own, a virtual one where the JDK has them, or on the executor of the options. All threads
 * of the server are daemons: a program ends when its {@code main} returns, unless that waits. Safe for use by several threads.
 *
 * <p>PROTOCOL.md P-4, H-7.
 */
public final class SecureServer implements Closeable {
    private static final ServerLog LOG = new ServerLog(SecureServer.class.getName(), "no session with");
    private static final int BACKLOG = 1024;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Accepting accepting;
    private final SessionConfig config;
    private final ServerOptions options;
    private final Service service;
    private final ExecutorService handshakes;
    private final Executor handlers;
    private final HalfOpenConnections<HalfOpenConnection> halfOpen;
    private final ByteBudget handshakeBytes;
    private final ByteBudget incompleteBytes;
    private final Set<SecureConnection> connections = ConcurrentHashMap.newKeySet();

    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong established = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final AtomicLong shed = new AtomicLong();
    private final AtomicLong turnedAway = new AtomicLong();
    private final AtomicLong handlerFailures = new AtomicLong();

    // Guards the fields below, and signals when a connection has ended. No user code runs under it.
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private final ClosedPeers closedPeers = new ClosedPeers();
    private final Map<PeerId, Integer> connectionsOfPeer = new HashMap<>();
    private int registered;

    private SecureServer(
            Accepting accepting,
            SessionConfig config,
            ServerOptions options,
            Service service,
            @Nullable Executor executor) {
        this.accepting = accepting;
        this.config = config;
        this.options = options;
        this.service = service;
        this.handshakes = BackgroundThreads.threadPerTask("handshake");
        this.handlers = executor == null ? handshakes : executor;
        this.halfOpen = new HalfOpenConnections<>(options.halfOpenLimit(), options.halfOpenLimitPerAddress());
        this.handshakeBytes =
                new ByteBudget("the handshake messages of all half-open connections", options.handshakeBytesLimit());
        this.incompleteBytes =
                new ByteBudget("the incomplete messages of all connections", options.incompleteBytesLimit());
    }

    /**
     * Starts a server on an address, with default options.
     *
     * @param address where to listen; port 0 chooses a free one, see {@link #address()}
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler gets each established connection
     * @return the server, at work until it is closed
     * @throws IOException if the address cannot be bound
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureServer listen(InetSocketAddress address, SessionConfig config, Handler handler)
            throws IOException {
        return listen(address, config, handler, ServerOptions.defaults());
    }

    /**
     * Starts a server on an address.
     *
     * @param address where to listen; port 0 chooses a free one, see {@link #address()}
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler gets each established connection
     * @param options limits, timeouts and threads
     * @return the server, at work until it is closed
     * @throws IOException if the address cannot be bound
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureServer listen(
            InetSocketAddress address, SessionConfig config, Handler handler, ServerOptions options)
            throws IOException {
        HandshakeRunner.requireDirectory(config);
        ServerSocket serverSocket = new ServerSocket();
        try {
            serverSocket.bind(address, BACKLOG);
        } catch (IOException | RuntimeException e) {
            closeQuietly(serverSocket);
            throw e;
        }
        return listen(serverSocket, config, handler, options);
    }

    /**
     * Starts a server on a server socket of the caller.
     *
     * @param serverSocket bound; belongs to the server from now on, which closes it
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler gets each established connection
     * @param options limits, timeouts and threads
     * @return the server, at work until it is closed
     * @throws IllegalArgumentException if the server socket is not bound, or the configuration has no directory of peers
     * @throws OutOfMemoryError if the system grants no thread; the server socket is closed
     */
    public static SecureServer listen(
            ServerSocket serverSocket, SessionConfig config, Handler handler, ServerOptions options) {
        HandshakeRunner.requireDirectory(config);
        if (!serverSocket.isBound()) {
            throw new IllegalArgumentException("a server socket without an address; bind it first");
        }
        return listen(Accepting.of(serverSocket), config, handler, options);
    }

    /**
     * Starts a server on a channel of the caller, for a Unix-domain socket for example.
     *
     * <pre>{@code
     * ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
     * channel.bind(UnixDomainSocketAddress.of(path));
     * SecureServer server = SecureServer.listen(channel, config, handler, ServerOptions.defaults());
     * }</pre>
     *
     * <p>Connections from addresses that are not of the Internet count for no limit per address.
     *
     * @param channel bound and in blocking mode; belongs to the server from now on, which closes it. The file of a Unix-domain
     *     socket stays the caller's to delete.
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler gets each established connection
     * @param options limits, timeouts and threads
     * @return the server, at work until it is closed
     * @throws IOException if the channel is closed
     * @throws IllegalArgumentException if the channel is not bound, or in non-blocking mode, or the configuration has no
     *     directory of peers
     * @throws OutOfMemoryError if the system grants no thread; the channel is closed
     */
    public static SecureServer listen(
            ServerSocketChannel channel, SessionConfig config, Handler handler, ServerOptions options)
            throws IOException {
        HandshakeRunner.requireDirectory(config);
        SocketAddress address = channel.getLocalAddress();
        if (address == null) {
            throw new IllegalArgumentException("a channel without an address; bind it first");
        }
        if (!channel.isBlocking()) {
            throw new IllegalArgumentException("a channel in non-blocking mode; configure it as blocking");
        }
        return listen(Accepting.of(channel, address), config, handler, options);
    }

    private static SecureServer listen(
            Accepting accepting, SessionConfig config, Handler handler, ServerOptions options) {
        Service service = new Handling(handler);
        return listen(accepting, config, options, service, options.executor().orElse(null));
    }

    /**
     * Starts a server that gets its connections from anywhere.
     *
     * @param executor runs the service, or null to run it on the thread of the handshake
     */
    static SecureServer listen(
            Accepting accepting,
            SessionConfig config,
            ServerOptions options,
            Service service,
            @Nullable Executor executor) {
        HandshakeRunner.requireDirectory(config);
        config.crypto().warmUpInBackground();
        SecureServer server = new SecureServer(accepting, config, options, service, executor);
        boolean started = false;
        try {
            int port = accepting.address() instanceof InetSocketAddress inet ? inet.getPort() : 0;
            BackgroundThreads.start("accept-" + port, server::acceptAll);
            started = true;
        } finally {
            if (!started) {
                closeQuietly(server);
            }
        }
        return server;
    }

    /**
     * Returns the address on which the server listens.
     *
     * @return the address with the port in use
     * @throws IllegalStateException if the server listens on no Internet address, but on a Unix-domain socket for example
     */
    public InetSocketAddress address() {
        if (accepting.address() instanceof InetSocketAddress address) {
            return address;
        }
        throw new IllegalStateException("the server listens on " + accepting.address() + ", which has no port");
    }

    /**
     * Returns the established connections.
     *
     * @return those that are open at this moment, in no order
     */
    public List<SecureConnection> connections() {
        return new ArrayList<>(connections);
    }

    /**
     * Returns what the server has done until now.
     *
     * @return the counters of this moment
     */
    public ServerCounters counters() {
        return new ServerCounters(
                accepted.get(),
                established.get(),
                failed.get(),
                shed.get(),
                handshakeBytes.evicted() + incompleteBytes.evicted(),
                turnedAway.get(),
                handlerFailures.get(),
                halfOpen.size(),
                connections.size());
    }

    /**
     * Closes all connections of a peer and their sessions, those included whose handshake is not over. Call it after the
     * peer or its key was removed from the directory.
     *
     * @param peer the peer whose connections end
     * @return how many established connections were closed
     */
    public int closePeer(PeerId peer) {
        lock.lock();
        try {
            closedPeers.close(peer);
        } finally {
            lock.unlock();
        }
        int closed = 0;
        for (SecureConnection connection : connections) {
            if (connection.session().peer().equals(peer)) {
                closeQuietly(connection);
                closed++;
            }
        }
        return closed;
    }

    /**
     * Stops accepting, gives up handshakes that are not over, and waits until the handlers have returned; then closes what
     * is left.
     *
     * @param limit how long to wait for handlers; zero to wait for none
     * @return true if all handlers have returned in time
     * @throws InterruptedException if the thread is interrupted; the server is closed
     * @throws IllegalArgumentException if the limit is negative; the server goes on
     */
    public boolean shutdown(Duration limit) throws InterruptedException {
        if (limit.isNegative()) {
            throw new IllegalArgumentException("a limit of " + limit + "; it must be 0 or more");
        }
        closeQuietly(accepting);
        closeHalfOpen();
        long left = Deadline.nanos(limit);
        lock.lock();
        try {
            while (!connections.isEmpty() && left > 0) {
                left = ended.awaitNanos(left);
            }
            return connections.isEmpty();
        } finally {
            lock.unlock();
            closeQuietly(this);
        }
    }

    /**
     * Stops accepting and closes all connections, whose handlers then fail or end; does not wait for that, and leaves the
     * executor of the options as it is. May be called twice, and by any thread.
     */
    @Override
    public void close() throws IOException {
        try {
            accepting.close();
        } finally {
            closeHalfOpen();
            for (SecureConnection connection : connections) {
                closeQuietly(connection);
            }
            handshakes.shutdown();
        }
    }

    /** Stops accepting and gives up handshakes that are not over; established connections go on. */
    void stopAccepting() {
        closeQuietly(accepting);
        closeHalfOpen();
        handshakes.shutdown();
    }

    /**
     * Describes the server for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "server of " + config.identity().id() + " on " + accepting.address();
    }

    private void closeHalfOpen() {
        for (HalfOpenConnection entry : halfOpen.all()) {
            closeQuietly(entry.accepted);
        }
    }

    private void acceptAll() {
        try {
            while (!accepting.isClosed()) {
                acceptNext();
            }
        } finally {
            // Whatever has ended this thread: no client is to wait for an answer that does not come.
            closeQuietly(accepting);
        }
    }

    private void acceptNext() {
        AcceptedConnection connection = null;
        try {
            connection = accepting.next();
            admit(connection);
        } catch (SocketTimeoutException e) {
            // The server socket came with a time limit. No client has connected, and nothing has failed.
        } catch (IOException e) {
            if (!accepting.isClosed()) {
                tellFailed(accepting.address(), e);
                // Out of file descriptors, most likely: trying again at once would only burn time.
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (RuntimeException | Error e) {
            dropAfter(e, connection);
        }
    }

    /** Most likely the heap is full. The server drops this client and continues: there may be memory for the next one. */
    @SuppressWarnings("EmptyCatch") // With no memory even to tell of it.
    private void dropAfter(Throwable failure, @Nullable AcceptedConnection connection) {
        if (connection != null) {
            closeQuietly(connection);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
        try {
            tellFailed(accepting.address(), new IOException("a connection cannot be served", failure));
        } catch (RuntimeException | Error again) {
            return;
        }
    }

    private void admit(AcceptedConnection connection) {
        accepted.incrementAndGet();
        Deadline deadline = Deadline.after(options.connections().handshakeDeadline());
        Deadline firstMessage = Deadline.after(options.connections().firstMessageDeadline());
        HalfOpenConnection entry = new HalfOpenConnection(connection, beginHandshake());
        for (HalfOpenConnection displaced : halfOpen.add(entry)) {
            shed.incrementAndGet();
            closeQuietly(displaced.accepted);
        }
        if (accepting.isClosed()) {
            closeQuietly(connection);
        }
        try {
            handshakes.execute(() -> serve(entry, deadline, firstMessage));
        } catch (RejectedExecutionException e) {
            turnAway(entry, e);
        } catch (OutOfMemoryError e) {
            // This is how a JVM reports that the system grants it no more threads.
            turnAway(entry, new RejectedExecutionException("no thread for a connection", e));
        }
    }

    private void turnAway(HalfOpenConnection entry, RejectedExecutionException cause) {
        SocketAddress address = remoteOf(entry);
        halfOpen.remove(entry);
        finishHandshake();
        closeQuietly(entry.accepted);
        failed.incrementAndGet();
        tellFailed(address, cause);
    }

    private void serve(HalfOpenConnection entry, Deadline deadline, Deadline firstMessage) {
        SocketAddress address = remoteOf(entry);
        SecureConnection connection;
        try {
            connection = establish(entry, deadline, firstMessage);
        } catch (Exception e) {
            abandon(entry, e);
            tellFailed(address, entry.isDisplaced() ? displacedBy(e) : e);
            return;
        } catch (Error e) {
            abandon(entry, e);
            throw e;
        } finally {
            halfOpen.remove(entry);
            finishHandshake();
        }
        established.incrementAndGet();
        try {
            if (handlers == handshakes) {
                handle(entry.accepted, connection);
            } else {
                handlers.execute(() -> handle(entry.accepted, connection));
            }
        } catch (RuntimeException e) {
            // Of the executor; handle reports what the handler throws.
            end(connection);
            tellFailed(address, e);
        } catch (Error e) {
            end(connection);
            throw e;
        }
    }

    /** Returns the address of a client; that of the server if a channel has lost it already. */
    private SocketAddress remoteOf(HalfOpenConnection entry) {
        SocketAddress remote = entry.accepted.remote;
        return remote == null ? accepting.address() : remote;
    }

    private void abandon(HalfOpenConnection entry, Throwable cause) {
        closeQuietly(entry.accepted);
        if (cause instanceof TooManyConnectionsException) {
            turnedAway.incrementAndGet();
        } else if (!entry.isDisplaced()) {
            failed.incrementAndGet();
        }
    }

    private SecureConnection establish(HalfOpenConnection entry, Deadline deadline, Deadline firstMessage)
            throws IOException, HandshakeException {
        AcceptedConnection accepted = entry.accepted;
        Transport transport = accepted.open(options.connections().framing());
        ByteBudget.Account account = handshakeBytes.open(accepted);
        accepted.use(account);
        try (Handshake handshake = Handshake.server(config)) {
            HandshakeRunner runner = new HandshakeRunner(
                    transport, handshake, "a client", options.connections(), deadline, firstMessage);
            SecureSession session = runner.run(entry::sent);
            SecureConnection connection = SecureConnection.over(transport, session, options.connections());
            try {
                accepted.use(incompleteBytes.open(accepted));
                register(connection, entry.epoch);
            } catch (IOException | RuntimeException | Error e) {
                // The handshake is over, so that an orderly end would look as if the server had nothing to say.
                accepted.resetWhenClosed();
                end(connection);
                throw e;
            }
            return connection;
        } finally {
            account.release();
        }
    }

    /** Registers an established connection, unless its peer or the server was closed meanwhile, or there are too many. */
    private void register(SecureConnection connection, long epoch) throws IOException {
        PeerId peer = connection.session().peer();
        boolean closed;
        lock.lock();
        try {
            connections.add(connection);
            registered++;
            int ofPeer = connectionsOfPeer.merge(peer, 1, Integer::sum);
            closed = closedPeers.closedSince(peer, epoch);
            if (ofPeer > options.connectionLimitPerPeer()) {
                throw new TooManyConnectionsException(
                        peer + " has " + options.connectionLimitPerPeer() + " connections, the limit for one peer");
            }
            if (registered > options.connectionLimit()) {
                throw new TooManyConnectionsException(
                        "the server has " + options.connectionLimit() + " connections, its limit");
            }
        } finally {
            lock.unlock();
        }
        if (closed || accepting.isClosed()) {
            throw new IOException(
                    closed
                            ? "all connections of " + peer + " were closed during the handshake"
                            : "the server is closed");
        }
    }

    private void handle(AcceptedConnection accepted, SecureConnection connection) {
        boolean taken = false;
        try {
            taken = service.serve(this, accepted, connection);
        } catch (InterruptedException e) {
            abort(accepted, connection);
            tellHandlerFailed(connection, e);
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            abort(accepted, connection);
            tellHandlerFailed(connection, e);
        } catch (Error e) {
            abort(accepted, connection);
            throw e;
        } finally {
            if (!taken) {
                end(connection);
            }
        }
    }

    /** Ends a connection whose handler has failed in a way that its peer does not take for the end of what it was to get. */
    private static void abort(AcceptedConnection accepted, SecureConnection connection) {
        SecureStream stream = connection.stream();
        if (stream == null) {
            accepted.resetWhenClosed();
        } else {
            stream.abortForFailure();
        }
    }

    /** Closes a connection and forgets it. */
    void end(SecureConnection connection) {
        closeQuietly(connection);
        lock.lock();
        try {
            if (connections.remove(connection)) {
                registered--;
                connectionsOfPeer.computeIfPresent(
                        connection.session().peer(), (peer, count) -> count == 1 ? null : count - 1);
            }
            ended.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private long beginHandshake() {
        lock.lock();
        try {
            return closedPeers.begin();
        } finally {
            lock.unlock();
        }
    }

    private void finishHandshake() {
        lock.lock();
        try {
            closedPeers.finished();
        } finally {
            lock.unlock();
        }
    }

    private void tellFailed(SocketAddress address, Exception cause) {
        try {
            service.failed(address, cause);
        } catch (Exception | Error e) {
            uncaught(e);
        }
    }

    private void tellHandlerFailed(SecureConnection connection, Exception cause) {
        handlerFailures.incrementAndGet();
        try {
            service.serviceFailed(connection, cause);
        } catch (Exception | Error e) {
            uncaught(e);
        }
    }

    private static void uncaught(Throwable e) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }

    private static IOException displacedBy(Exception cause) {
        return new IOException("closed during the handshake: too many connections are half open", cause);
    }

    /** An established connection that is one too many. */
    private static final class TooManyConnectionsException extends IOException {
        private static final long serialVersionUID = 1;

        TooManyConnectionsException(String message) {
            super(message + "; the new one was closed");
        }
    }

    private static void closeQuietly(Closeable resource) {
        try {
            resource.close();
        } catch (IOException e) {
            // The resource is abandoned, closed or not.
        }
    }

    /** Serves connections; called by several threads. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Serves a connection, which is closed when this returns or throws.
         *
         * @param connection established
         * @throws Exception to abort the connection; {@link #handlerFailed} is told
         */
        void handle(SecureConnection connection) throws Exception;

        /**
         * Observes a connection that failed before it reached {@link #handle}. By default it is a warning of the
         * {@link System.Logger} with the name of this class {@code SecureServer}: the first 5 within 10 seconds have a line each,
         * the others are counted. Nothing that a client sends can break a line. On Android the line goes to {@code System.err}.
         *
         * @param address the address of the peer, or that of the server if no connection could be accepted
         * @param cause a {@link HandshakeException} with its reason and the claimed id, an {@link IOException}, also if there
         *     are too many connections, or the exception of an executor that refused the connection, such as a
         *     {@link RejectedExecutionException}
         */
        default void failed(SocketAddress address, Exception cause) {
            LOG.refused(address, cause);
        }

        /**
         * Observes an exception of {@link #handle}. By default it goes to the uncaught-exception handler of the thread, as
         * an {@link Error} always does.
         *
         * @param connection the connection, about to be closed
         * @param cause what the handler threw
         */
        default void handlerFailed(SecureConnection connection, Exception cause) {
            uncaught(cause);
        }
    }

    /** What a server does with its established connections. Called by several threads. */
    @FunctionalInterface
    interface Service {
        /**
         * Serves a connection or takes it over.
         *
         * @param accepted what is under the connection
         * @return false if the connection is to be closed now; true if {@link SecureServer#end} will be called for it
         */
        boolean serve(SecureServer server, AcceptedConnection accepted, SecureConnection connection) throws Exception;

        /** Observes a connection that failed before it reached {@link #serve}. */
        default void failed(SocketAddress address, Exception cause) {
            LOG.refused(address, cause);
        }

        /** Observes an exception of {@link #serve}. */
        default void serviceFailed(SecureConnection connection, Exception cause) {
            uncaught(cause);
        }
    }

    /** Serves each connection by a handler of the user, until that returns. */
    private static final class Handling implements Service {
        private final Handler handler;

        Handling(Handler handler) {
            this.handler = handler;
        }

        @Override
        public boolean serve(SecureServer server, AcceptedConnection accepted, SecureConnection connection)
                throws Exception {
            handler.handle(connection);
            return false;
        }

        @Override
        public void failed(SocketAddress address, Exception cause) {
            handler.failed(address, cause);
        }

        @Override
        public void serviceFailed(SecureConnection connection, Exception cause) {
            handler.handlerFailed(connection, cause);
        }
    }
}

package dev.securesession.transport.datagram;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.internal.server.ServerLog;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Serves many peers on one UDP socket, with a session for each, and passes what they send to a handler.
 *
 * <pre>{@code
 * SecureDatagramServer server = SecureDatagramServer.listen(new InetSocketAddress(port), config,
 *         (peer, payload) -> peer.send(answer(payload)));
 * }</pre>
 *
 * <p>One thread of the server receives, and calls the handler; handshakes run on other threads, so that neither their
 * public-key operations nor a slow directory of keys delays the sessions. Refused handshakes are logged unless
 * {@link Handler#failed} says otherwise. All threads of the server are daemons. Safe for use by several threads.
 *
 * <p>PROTOCOL.md, Part 6; DG-1 to DG-8.
 */
public final class SecureDatagramServer implements Closeable {
    private static final ServerLog LOG = new ServerLog(SecureDatagramServer.class.getName(), "no session with");
    private static final int MAX_UDP_LENGTH = 65_535;
    private static final int RECEIVE_BUFFER_LENGTH = 1 << 20;
    private static final int DATAGRAMS_AT_A_TIME = 64;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final DatagramChannel channel;
    private final Selector selector;
    private final InetSocketAddress address;
    private final SessionConfig config;
    private final DatagramOptions options;
    private final Handler handler;
    private final ThreadPoolExecutor handshakes;
    private final Queue<Runnable> commands = new ConcurrentLinkedQueue<>();
    private final SecureRandom random = new SecureRandom();
    private final long start = System.nanoTime();

    // Belongs to the thread that receives.
    private final ServerTable table;
    private final List<HandshakeWork> atWork;

    private final Set<DatagramPeer> peers = ConcurrentHashMap.newKeySet();
    private volatile DatagramCounters counters = new DatagramCounters(0, 0, 0, 0, 0, 0, 0, 0);

    private SecureDatagramServer(
            DatagramChannel channel,
            Selector selector,
            SessionConfig config,
            DatagramOptions options,
            Handler handler,
            ThreadFactory threads)
            throws IOException {
        this.channel = channel;
        this.selector = selector;
        this.address = (InetSocketAddress) channel.getLocalAddress();
        this.config = config;
        this.options = options;
        this.handler = handler;
        this.atWork = new ArrayList<>(options.handshakeThreads());
        this.table = new ServerTable(config, options, new Effects(), new Sending(), this::number);
        this.handshakes = new ThreadPoolExecutor(
                options.handshakeThreads(),
                options.handshakeThreads(),
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                threads);
        this.handshakes.allowCoreThreadTimeOut(true);
    }

    /**
     * Starts a server on an address, with default options.
     *
     * @param address where to listen; port 0 chooses a free one, see {@link #address()}
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler gets what the peers send
     * @return the server, at work until it is closed
     * @throws IOException if the address cannot be bound
     * @throws IllegalArgumentException if the configuration has no directory of peers, or its id is too long for datagrams
     */
    public static SecureDatagramServer listen(InetSocketAddress address, SessionConfig config, Handler handler)
            throws IOException {
        return listen(address, config, handler, DatagramOptions.defaults());
    }

    /**
     * Starts a server on an address.
     *
     * @param address where to listen; port 0 chooses a free one, see {@link #address()}
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param handler gets what the peers send
     * @param options lengths, deadlines, limits and threads
     * @return the server, at work until it is closed
     * @throws IOException if the address cannot be bound
     * @throws IllegalArgumentException if the configuration has no directory of peers, or its id is too long for datagrams
     */
    public static SecureDatagramServer listen(
            InetSocketAddress address, SessionConfig config, Handler handler, DatagramOptions options)
            throws IOException {
        AtomicLong count = new AtomicLong();
        return listen(address, config, handler, options, task -> daemon(task, "handshake-" + count.incrementAndGet()));
    }

    static SecureDatagramServer listen(
            InetSocketAddress address,
            SessionConfig config,
            Handler handler,
            DatagramOptions options,
            ThreadFactory threads)
            throws IOException {
        DatagramChannel channel = DatagramChannel.open();
        Selector selector = null;
        try {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER_LENGTH);
            channel.bind(address);
            channel.configureBlocking(false);
            selector = Selector.open();
            channel.register(selector, SelectionKey.OP_READ);
            SecureDatagramServer server =
                    new SecureDatagramServer(channel, selector, config, options, handler, threads);
            config.crypto().warmUpInBackground();
            daemon(server::receiveAll, "datagrams-" + server.address.getPort()).start();
            return server;
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            if (selector != null) {
                selector.close();
            }
            throw e;
        }
    }

    /**
     * Returns the address on which the server listens.
     *
     * @return the address with the port in use
     */
    public InetSocketAddress address() {
        return address;
    }

    /**
     * Returns the peers that have a session.
     *
     * @return those of this moment, in no order
     */
    public List<DatagramPeer> peers() {
        return new ArrayList<>(peers);
    }

    /**
     * Returns what the server has done, as of the last datagram that was processed.
     *
     * @return the counters
     */
    public DatagramCounters counters() {
        return counters;
    }

    /**
     * Ends all sessions with a peer, those included whose handshake is not over. Call it after the peer or its key was removed
     * from the directory. Takes effect before the next datagram is processed.
     *
     * @param peer the peer whose sessions end
     */
    public void closePeer(PeerId peer) {
        command(() -> table.endAll(peer));
    }

    /**
     * Ends all sessions and closes the socket; does not wait for a handler that is running. The peers are not told. May be
     * called twice, and by any thread.
     */
    @Override
    public void close() throws IOException {
        channel.close();
        selector.wakeup();
    }

    /**
     * Describes the server for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "datagram server of " + config.identity().id() + " on " + address;
    }

    private void receiveAll() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(MAX_UDP_LENGTH);
        try {
            while (channel.isOpen()) {
                try {
                    selector.select(millisToDeadline());
                    receiveSome(buffer);
                } catch (ClosedChannelException e) {
                    break;
                } catch (IOException e) {
                    tellFailed(address, e);
                    LockSupport.parkNanos(PAUSE_NANOS);
                } catch (RuntimeException | Error e) {
                    dropAfter(e);
                }
                try {
                    goOn();
                } catch (RuntimeException | Error e) {
                    dropAfter(e);
                }
            }
        } finally {
            // Whatever has ended this thread: no session is to live on without it.
            table.endAll();
            counters = table.counters();
            handshakes.shutdown();
            closeQuietly(selector);
            closeQuietly(channel);
        }
    }

    /** The heap is full, most likely. One datagram is lost, as any may be: the sessions of all peers do not end by that. */
    @SuppressWarnings("EmptyCatch") // With no memory even to tell of it.
    private void dropAfter(Throwable failure) {
        LockSupport.parkNanos(PAUSE_NANOS);
        try {
            tellFailed(address, new IOException("a datagram cannot be processed", failure));
        } catch (RuntimeException | Error again) {
            return;
        }
    }

    /** Does what is due besides receiving. */
    private void goOn() {
        for (int i = atWork.size() - 1; i >= 0; i--) {
            if (atWork.get(i).isOver()) {
                table.finished(atWork.remove(i), now());
            }
        }
        runCommands();
        table.tick(now());
        counters = table.counters();
    }

    private void runCommands() {
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
        }
    }

    private void receiveSome(ByteBuffer buffer) throws IOException {
        selector.selectedKeys().clear();
        for (int i = 0; i < DATAGRAMS_AT_A_TIME; i++) {
            ((Buffer) buffer).clear();
            InetSocketAddress from = (InetSocketAddress) channel.receive(buffer);
            if (from == null) {
                return;
            }
            ((Buffer) buffer).flip();
            byte[] datagram = new byte[buffer.remaining()];
            buffer.get(datagram);
            runCommands(); // Before each datagram: the key of its sender may have been withdrawn.
            table.receive(from, datagram, now());
        }
    }

    private long millisToDeadline() {
        if (!commands.isEmpty()) {
            return 1;
        }
        long next = table.nextDeadline();
        return next == ServerTable.NEVER ? 0 : Math.max(1, TimeUnit.NANOSECONDS.toMillis(next - now()) + 1);
    }

    private long now() {
        return System.nanoTime() - start;
    }

    void sendRaw(InetSocketAddress to, byte[] datagram) throws IOException {
        channel.send(ByteBuffer.wrap(datagram), to);
    }

    private byte[] number() {
        byte[] number = new byte[PathCheck.NUMBER_LENGTH];
        random.nextBytes(number);
        return number;
    }

    private void command(Runnable command) {
        commands.add(command);
        selector.wakeup();
    }

    private void tellFailed(InetSocketAddress from, Exception cause) {
        try {
            handler.failed(from, cause);
        } catch (Exception | Error e) {
            uncaught(e);
        }
    }

    private static void uncaught(Throwable e) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, "secure-session-" + name);
        thread.setDaemon(true);
        return thread;
    }

    private static void closeQuietly(Closeable resource) {
        try {
            resource.close();
        } catch (IOException e) {
            // The resource is abandoned, closed or not.
        }
    }

    /** What peers use, on any thread. */
    private final class Sending implements DatagramPeer.Server {
        @Override
        public DatagramOptions options() {
            return options;
        }

        @Override
        public void send(InetSocketAddress to, byte[] datagram) throws IOException {
            sendRaw(to, datagram);
        }

        @Override
        public void closed(DatagramPeer peer) {
            command(() -> table.end(peer, DatagramPeer.End.CLOSED));
        }
    }

    /** What the table decides, on the thread that receives. */
    private final class Effects implements ServerTable.Output {
        @Override
        public void send(InetSocketAddress to, byte[] datagram) {
            try {
                sendRaw(to, datagram);
            } catch (IOException e) {
                // Lost, as any datagram may be: the client repeats its message.
            }
        }

        @Override
        public void work(HandshakeWork work) {
            // Whatever fails from here on, the work ends, and its thread becomes free again: nothing on that way needs
            // memory.
            atWork.add(work);
            try {
                handshakes.execute(() -> {
                    try {
                        work.run();
                    } finally {
                        selector.wakeup();
                    }
                });
            } catch (RuntimeException | Error e) {
                work.refuse(e);
                selector.wakeup();
            }
        }

        @Override
        public void established(DatagramPeer peer) {
            peers.add(peer);
            call(peer, () -> handler.established(peer));
        }

        @Override
        public void received(DatagramPeer peer, byte[] payload) {
            call(peer, () -> handler.received(peer, payload));
        }

        @Override
        public void ended(DatagramPeer peer, DatagramPeer.End reason) {
            peers.remove(peer);
            call(peer, () -> handler.ended(peer, reason));
        }

        @Override
        public void failed(InetSocketAddress from, Exception cause) {
            tellFailed(from, cause);
        }

        private void call(DatagramPeer peer, Call call) {
            try {
                call.run();
            } catch (Exception e) {
                try {
                    handler.handlerFailed(peer, e);
                } catch (Exception | Error worse) {
                    uncaught(worse);
                }
            } catch (Error e) {
                uncaught(e);
            }
        }
    }

    private interface Call {
        void run() throws Exception;
    }

    /**
     * Observes the peers of a server. All methods are called by the one thread that receives: while one runs, nothing else
     * is received, and what does not fit into the system's buffer is lost. Do work that takes time on other threads.
     */
    @FunctionalInterface
    public interface Handler {
        /**
         * Takes a payload of a peer, each at most once, in the order in which they arrive.
         *
         * @param peer has proved its identity; answer with {@link DatagramPeer#send}
         * @param payload a new array, the handler's to keep
         * @throws Exception if something is wrong; {@link #handlerFailed} is told, and the session goes on
         */
        void received(DatagramPeer peer, byte[] payload) throws Exception;

        /**
         * Observes a new session, before the first payload of its peer. Does nothing by default.
         *
         * @param peer can be sent to from now on
         * @throws Exception if something is wrong; {@link #handlerFailed} is told, and the session goes on
         */
        default void established(DatagramPeer peer) throws Exception {}

        /**
         * Observes the end of a session. Does nothing by default.
         *
         * @param peer its session is closed
         * @param reason why
         * @throws Exception if something is wrong; {@link #handlerFailed} is told
         */
        default void ended(DatagramPeer peer, DatagramPeer.End reason) throws Exception {}

        /**
         * Observes a handshake that was refused. By default it is a warning of the {@link System.Logger} with the name of this
         * class {@code SecureDatagramServer}: the first 5 within 10 seconds have a line each, the others are counted. Nothing that
         * a client sends can break a line. On Android the line goes to {@code System.err}.
         *
         * @param address where the message came from, which nothing proves; or the address of the server if its socket fails
         * @param cause a {@link HandshakeException} with its reason and the claimed id, an exception that the directory has
         *     thrown, or an {@link IOException}, also for an {@link Error} or if no thread is available
         */
        default void failed(InetSocketAddress address, Exception cause) {
            LOG.refused(address, cause);
        }

        /**
         * Observes an exception of another method. By default it goes to the uncaught-exception handler of the thread, as an
         * {@link Error} always does. The session goes on after both.
         *
         * @param peer the peer that it was about
         * @param cause what the method threw
         */
        default void handlerFailed(DatagramPeer peer, Exception cause) {
            uncaught(cause);
        }
    }
}

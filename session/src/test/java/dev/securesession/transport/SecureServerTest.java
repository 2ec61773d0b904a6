package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Curve;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.internal.server.HalfOpenConnections;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many connections at a time, good ones and others. All on this machine, and bounded. */
@Timeout(120)
@SuppressWarnings("try") // A server is at work without being spoken to.
class SecureServerTest {
    private static final byte[] PAYLOAD = "payload".getBytes(UTF_8);
    private static final ServerOptions SHORT = ServerOptions.defaults()
            .withConnections(ConnectionOptions.defaults().withHandshakeDeadline(Duration.ofSeconds(1)));

    private Pair pair = Pair.create();
    private final Threads threads = new Threads();
    private final BlockingQueue<Exception> failures = new LinkedBlockingQueue<>();
    private ServerSocket serverSocket;

    @BeforeEach
    void bind() throws IOException {
        serverSocket = Loopback.listening();
    }

    /** Each server was closed by its test: now its threads must end, those of all connections too. */
    @AfterEach
    void nothingIsLeft() {
        assertThat(serverSocket.isClosed()).isTrue();
        threads.close();
    }

    @Test
    void servesManyClientsAtATime() throws Exception {
        int count = 12;
        CountDownLatch allThere = new CountDownLatch(count);
        try (SecureServer server = listen(connection -> {
            allThere.countDown();
            echo(connection);
        })) {
            List<Future<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                byte[] payload = {(byte) i, 1, 2};
                answers.add(threads.run(() -> {
                    try (SecureConnection client = connect()) {
                        // None is served to its end before all have come.
                        assertThat(allThere.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                                .isTrue();
                        client.send(payload);
                        return client.receive().orElseThrow();
                    }
                }));
            }
            for (int i = 0; i < count; i++) {
                assertThat(Threads.await(answers.get(i))).containsExactly(i, 1, 2);
            }
            assertThat(server.counters().shed()).isZero();
            assertThat(failures).isEmpty();
        }
    }

    /** A full heap when a client comes costs that client, and is told; the server goes on. */
    @Test
    void goesOnAfterAnErrorOfTheAcceptingThread() throws Exception {
        AtomicBoolean failed = new AtomicBoolean();
        ServerSocket failing = new ServerSocket(0, 50, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() throws IOException {
                Socket socket = super.accept();
                if (!failed.getAndSet(true)) {
                    socket.close();
                    throw new OutOfMemoryError("for a test");
                }
                return socket;
            }
        };
        serverSocket.close();
        serverSocket = failing;
        try (SecureServer server = listen(this::echo)) {
            new Socket(InetAddress.getLoopbackAddress(), failing.getLocalPort()).close();
            try (SecureConnection client = connect()) {
                client.send(PAYLOAD);
                assertThat(client.receive()).hasValue(PAYLOAD);
            }
            assertThat(nextFailure()).hasRootCauseInstanceOf(OutOfMemoryError.class);
        }
    }

    @Test
    void tellsOfAHandlerThatThrowsAndGoesOn() throws Exception {
        Exception failure = new Exception("of the handler");
        AtomicBoolean failed = new AtomicBoolean();
        try (SecureServer server = listen(connection -> {
            if (!failed.getAndSet(true)) {
                throw failure;
            }
            echo(connection);
        })) {
            assertThatThrownBy(this::connectAndReceive).isInstanceOf(SocketException.class);
            assertThat(nextFailure()).isSameAs(failure);
            assertServes();
        }
    }

    @Test
    void aHandlerThatThrowsAnErrorLosesItsConnectionOnly() throws Exception {
        AtomicBoolean failed = new AtomicBoolean();
        BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
        Executor catching = task -> threads.executor().execute(() -> {
            try {
                task.run();
            } catch (Throwable e) {
                uncaught.add(e);
            }
        });
        try (SecureServer server = listen(ServerOptions.defaults().withExecutor(catching), connection -> {
            if (!failed.getAndSet(true)) {
                throw new AssertionError("of the handler");
            }
            echo(connection);
        })) {
            assertThatThrownBy(this::connectAndReceive).isInstanceOf(SocketException.class);
            assertThat(uncaught.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .hasMessage("of the handler");
            assertServes();
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void aHandlerThatThrowsResetsConnectionsOfAChannel() throws Exception {
        serverSocket.close();
        ServerSocketChannel channel = ServerSocketChannel.open();
        channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SecureServer.Handler failing = new SecureServer.Handler() {
            @Override
            public void handle(SecureConnection connection) throws IOException {
                throw new IOException("of the handler");
            }

            @Override
            public void handlerFailed(SecureConnection connection, Exception cause) {
                failures.add(cause);
            }
        };
        try (SecureServer server = SecureServer.listen(channel, pair.server(), failing, ServerOptions.defaults())) {
            assertThatThrownBy(() -> connectAndReceive(server.address())).isInstanceOf(SocketException.class);
            assertThat(nextFailure()).hasMessage("of the handler");
        }
    }

    /** What the peer has read until then is not the whole, and it learns that. */
    @Test
    void aHandlerThatThrowsAbortsItsStream() throws Exception {
        try (SecureServer server = listen(connection -> {
            SecureStream stream = SecureStream.over(connection);
            stream.output().write(PAYLOAD);
            throw new IOException("of the handler");
        })) {
            try (SecureStream stream = SecureStream.over(connect())) {
                assertThat(stream.input().readNBytes(PAYLOAD.length)).isEqualTo(PAYLOAD);
                assertThatThrownBy(() -> stream.input().read())
                        .isInstanceOfSatisfying(StreamAbortedException.class, abort -> {
                            assertThat(abort.code()).isEqualTo(StreamAbortedException.CLOSED);
                            assertThat(abort.reason()).isEqualTo("the handler of the server has failed");
                        });
            }
            assertThat(nextFailure()).hasMessage("of the handler");
        }
    }

    /** The peer has everything and the server too: what the handler fails at afterwards takes nothing of it back. */
    @Test
    void aHandlerThatThrowsAfterASettledStreamAbortsNothing() throws Exception {
        try (SecureServer server = listen(connection -> {
            SecureStream stream = SecureStream.over(connection);
            stream.input().readAllBytes();
            stream.acknowledge();
            stream.shutdownOutput();
            throw new IOException("of the handler");
        })) {
            // Frame by frame: a stream would not look at what comes after its end.
            try (SecureConnection client = connect()) {
                client.send(StreamFrame.end());
                assertThat(client.receive()).hasValue(StreamFrame.acknowledgement());
                assertThat(client.receive()).hasValue(StreamFrame.end());
                assertThat(client.receive()).as("what follows the end").isEmpty();
            }
            assertThat(nextFailure()).hasMessage("of the handler");
        }
    }

    @Test
    void onePeerDoesNotGetTheConnectionsOfAll() throws Exception {
        ServerOptions options = ServerOptions.defaults().withConnectionLimitPerPeer(2);
        IdentityPublicKey key = pair.client().identity().publicKey();
        pair = pair.withServer(config -> config.withDirectory(peer -> List.of(key)));
        try (SecureServer server = listen(options, this::echo);
                SecureConnection first = connect();
                SecureConnection second = connect()) {
            first.send(PAYLOAD);
            assertThat(first.receive()).hasValue(PAYLOAD);
            second.send(PAYLOAD);
            assertThat(second.receive()).hasValue(PAYLOAD);

            assertThatThrownBy(this::connectAndReceive).isInstanceOf(SocketException.class);
            assertThat(nextFailure())
                    .hasMessage("\"client\" has 2 connections, the limit for one peer; the new one was closed");
            assertThat(server.counters().turnedAway()).isEqualTo(1);
            assertThat(server.counters().failed()).isZero();
            assertThat(server.counters().established()).isEqualTo(2);

            pair = Pair.of(
                    PeerId.ofUtf8("another"),
                    TestKeys.pair(Curve.P256, 1),
                    Pair.SERVER_ID,
                    TestKeys.pair(Curve.P256, 2));
            assertServes();
        }
    }

    @Test
    void connectionsThatHaveEndedMakeRoomForThoseOfTheirPeer() throws Exception {
        ServerOptions options =
                ServerOptions.defaults().withConnectionLimitPerPeer(1).withConnectionLimit(1);
        try (SecureServer server = listen(options, this::echo)) {
            for (int i = 0; i < 3; i++) {
                assertServes();
                awaitNoConnections(server);
            }
            assertThat(server.counters().turnedAway()).isZero();
        }
    }

    @Test
    void allPeersTogetherHaveALimit() throws Exception {
        ServerOptions options = ServerOptions.defaults().withConnectionLimit(1);
        try (SecureServer server = listen(options, this::echo);
                SecureConnection first = connect()) {
            first.send(PAYLOAD);
            assertThat(first.receive()).hasValue(PAYLOAD);

            assertThatThrownBy(this::connectAndReceive).isInstanceOf(SocketException.class);
            assertThat(nextFailure()).hasMessage("the server has 1 connections, its limit; the new one was closed");
            assertThat(server.counters().turnedAway()).isEqualTo(1);

            first.send(PAYLOAD);
            assertThat(first.receive()).hasValue(PAYLOAD);
        }
    }

    private static void awaitNoConnections(SecureServer server) {
        long start = System.nanoTime();
        while (!server.connections().isEmpty()) {
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(Threads.PATIENCE_SECONDS));
            Thread.onSpinWait();
        }
    }

    @Test
    void anInterruptedHandlerLeavesItsThreadInterrupted() throws Exception {
        BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
        Executor looking = task -> threads.executor().execute(() -> {
            task.run();
            interrupted.add(Thread.interrupted());
        });
        try (SecureServer server = listen(ServerOptions.defaults().withExecutor(looking), connection -> {
            throw new InterruptedException("of the handler");
        })) {
            connect().close();

            assertThat(nextFailure()).isInstanceOf(InterruptedException.class);
            assertThat(interrupted.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    /** An exception of a handler that does not care goes to the thread's uncaught-exception handler. */
    @Test
    void exceptionsOfHandlersAreNeverSwallowed() throws Exception {
        BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
        Executor watched = task -> threads.executor().execute(() -> {
            Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
            task.run();
        });
        SecureServer.Handler careless = connection -> {
            throw new IllegalStateException("of the handler");
        };
        try (SecureServer server = SecureServer.listen(
                serverSocket, pair.server(), careless, ServerOptions.defaults().withExecutor(watched))) {
            assertThatThrownBy(this::connectAndReceive).isInstanceOf(SocketException.class);
            assertThat(uncaught.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .hasMessage("of the handler");
            assertThat(server.counters().handlerFailures()).isEqualTo(1);
        }
    }

    @Test
    @Rule(value = "H-11", kind = Kind.REFUSES)
    void goesOnWhenTheHandlerThrowsWhileItIsToldOfAFailure() throws Exception {
        SecureServer.Handler handler = new SecureServer.Handler() {
            @Override
            public void handle(SecureConnection connection) throws Exception {
                echo(connection);
            }

            @Override
            public void failed(SocketAddress address, Exception cause) {
                failures.add(cause);
                throw new IllegalStateException("of the handler, on purpose");
            }
        };
        try (SecureServer server =
                SecureServer.listen(serverSocket, pair.server(), handler, ServerOptions.defaults())) {
            sendGarbage();
            assertThat(nextFailure()).isInstanceOf(HandshakeException.class);
            assertServes();
        }
    }

    @Test
    void turnsAwayWhatTheExecutorDoesNotTake() throws Exception {
        AtomicInteger tasks = new AtomicInteger();
        Executor busy = task -> {
            if (tasks.getAndIncrement() < 3) {
                throw new RejectedExecutionException("busy");
            }
            threads.executor().execute(task);
        };
        // One handshake at a time: a place that is not released would be missed.
        try (SecureServer server =
                listen(ServerOptions.defaults().withHalfOpenLimit(1).withExecutor(busy), this::echo)) {
            for (int i = 0; i < 3; i++) {
                try (SecureConnection client = connect()) {
                    assertEnded(client);
                }
                assertThat(nextFailure()).isInstanceOf(RejectedExecutionException.class);
            }
            assertServes();
            assertThat(server.counters().shed()).isZero();
        }
    }

    /** An executor of the user may throw what it likes. */
    @Test
    @Rule(value = "H-11", kind = Kind.REFUSES)
    void closesWhatTheExecutorFailsOn() throws Exception {
        AtomicBoolean failing = new AtomicBoolean(true);
        Executor broken = task -> {
            if (failing.getAndSet(false)) {
                throw new IllegalStateException("of the executor, on purpose");
            }
            threads.executor().execute(task);
        };
        try (SecureServer server = listen(ServerOptions.defaults().withExecutor(broken), this::echo)) {
            try (SecureConnection client = connect()) {
                assertEnded(client);
            }
            assertThat(nextFailure()).hasMessageContaining("of the executor");
            assertServes();
            assertThat(server.connections()).hasSizeLessThanOrEqualTo(1);
        }
    }

    /** Whoever is told of a failure may fail with an Error: it is reported, and the server goes on. */
    @Test
    @Rule(value = "H-11", kind = Kind.REFUSES)
    void goesOnWhenTheHandlerFailsWithAnErrorWhileItIsToldOfAFailure() throws Exception {
        AtomicInteger tasks = new AtomicInteger();
        SecureServer.Handler handler = new SecureServer.Handler() {
            @Override
            public void handle(SecureConnection connection) throws Exception {
                echo(connection);
            }

            @Override
            public void failed(SocketAddress address, Exception cause) {
                failures.add(cause);
                throw new AssertionError("of the handler, on purpose");
            }
        };
        Executor busy = task -> {
            if (tasks.getAndIncrement() == 0) {
                throw new RejectedExecutionException("busy");
            }
            threads.executor().execute(task);
        };
        try (SecureServer server = SecureServer.listen(
                serverSocket, pair.server(), handler, ServerOptions.defaults().withExecutor(busy))) {
            try (SecureConnection client = connect()) {
                assertEnded(client);
            }
            assertThat(nextFailure()).isInstanceOf(RejectedExecutionException.class);
            assertServes();
        }
    }

    /** Handshakes do not wait for handlers: a pool of one thread serves, whatever silent clients do. */
    @Test
    @Rule(value = "H-7", kind = Kind.ACCEPTS)
    void aPoolOfOneThreadServesWhileOthersAreSilent() throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        List<Socket> silent = new ArrayList<>();
        try (SecureServer server = listen(ServerOptions.defaults().withExecutor(one), this::echo)) {
            for (int i = 0; i < 10; i++) {
                Socket socket = new Socket();
                silent.add(socket);
                socket.connect(serverSocket.getLocalSocketAddress());
            }
            assertServes();
            assertServes();
        } finally {
            one.shutdownNow();
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    /** The deadline of a handshake runs from accept, and that of message 1 is shorter. */
    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void silentClientsLoseTheirConnectionAtTheFirstMessageDeadline() throws Exception {
        ServerOptions options = ServerOptions.defaults()
                .withConnections(ConnectionOptions.defaults().withFirstMessageDeadline(Duration.ofMillis(100)));
        try (SecureServer server = listen(options, this::echo);
                Socket silent = new Socket()) {
            silent.connect(serverSocket.getLocalSocketAddress());

            assertThat(nextFailure())
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining(
                            "the handshake with a client timed out after 100 ms waiting for message 1 from /127.0.0.1");
            assertThat(readsEnd(silent)).isTrue();
            assertThat(server.counters().failed()).isEqualTo(1);
        }
    }

    @Test
    void knowsItsConnectionsAndClosesThoseOfAPeer() throws Exception {
        try (SecureServer server = listen(this::echo);
                SecureConnection one = connect();
                SecureConnection two = connect()) {
            one.send(PAYLOAD);
            two.send(PAYLOAD);
            assertThat(one.receive()).hasValue(PAYLOAD);
            assertThat(two.receive()).hasValue(PAYLOAD);
            assertThat(server.connections()).hasSize(2).allSatisfy(connection -> {
                assertThat(connection.session().peer()).isEqualTo(Pair.CLIENT_ID);
                assertThat(connection.remoteAddress()).isPresent();
            });
            List<SecureConnection> theirs = server.connections();

            assertThat(server.closePeer(PeerId.ofUtf8("somebody else"))).isZero();
            assertThat(server.closePeer(Pair.CLIENT_ID)).isEqualTo(2);

            assertEnded(one);
            assertEnded(two);
            assertThat(theirs).allMatch(connection -> connection.session().isClosed());
            assertServes();
        }
    }

    @Test
    void listensOnAnAddressThatNobodyElseHas() throws Exception {
        serverSocket.close();
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (SecureServer server = SecureServer.listen(any, pair.server(), this::echo)) {
            assertThat(server.toString()).isEqualTo("server of \"server\" on " + server.address());
            assertThatThrownBy(() -> SecureServer.listen(server.address(), pair.server(), this::echo))
                    .isInstanceOf(BindException.class);
            assertThatThrownBy(
                            () -> SecureServer.listen(any, pair.askingForKeys().server(), this::echo))
                    .isInstanceOf(IllegalArgumentException.class);
            try (Socket garbage = new Socket()) {
                garbage.connect(server.address());
                garbage.getOutputStream().write(new byte[] {0, 0, 0, 1, 9});
                assertThat(readsEnd(garbage)).isTrue();
            }
        }
    }

    /** The directory was asked before the key was removed: the connection must not slip through. */
    @Test
    void closesAPeerWhoseHandshakeIsNotOver() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch removed = new CountDownLatch(1);
        SessionConfig slow = pair.server().withDirectory(peer -> {
            asked.countDown();
            awaitUninterruptibly(removed);
            return List.of(pair.client().identity().publicKey());
        });
        try (SecureServer server = SecureServer.listen(
                serverSocket, slow, new Noting(new LinkedBlockingQueue<>()), ServerOptions.defaults())) {
            Future<?> client = threads.run(() -> {
                try (SecureConnection connection = connect()) {
                    assertEnded(connection);
                } catch (IOException e) {
                    // Ended during the handshake: just as well.
                }
                return null;
            });
            assertThat(asked.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(server.closePeer(Pair.CLIENT_ID)).isZero();
            removed.countDown();

            Threads.await(client);
            assertThat(nextFailure()).hasMessageContaining("were closed during the handshake");
            assertThat(server.connections()).isEmpty();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            assertThat(latch.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A peer that leaves in the middle of a message must take nothing of the budget with it. */
    @Test
    @Rule(value = "P-4", kind = Kind.ACCEPTS)
    void connectionsThatEndInsideAMessageHoldNothing() throws Exception {
        ServerOptions options = ServerOptions.defaults().withIncompleteBytesLimit(10_000);
        try (SecureServer server = listen(options, this::echo)) {
            for (int i = 0; i < 5; i++) {
                Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), server.address().getPort());
                SecureConnection.connect(socket, pair.client(), Pair.SERVER_ID);
                socket.getOutputStream().write(new byte[] {0, 0, 0x40, 0, 1});
                socket.close();
                assertThat(nextFailure()).isInstanceOf(IOException.class);
            }
            try (SecureConnection client = connect()) {
                byte[] payload = new byte[8000];
                client.send(payload);
                assertThat(client.receive()).hasValue(payload);
            }
            assertThat(server.counters().evicted()).isZero();
        }
    }

    @Test
    void shutdownWaitsForHandlersAndThenCloses() throws Exception {
        CountDownLatch served = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        SecureServer server = listen(connection -> {
            served.countDown();
            finish.await();
            connection.send(PAYLOAD);
        });
        try (SecureConnection client = connect()) {
            assertThat(served.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            Future<Boolean> shutdown = threads.run(() -> server.shutdown(Duration.ofSeconds(60)));
            finish.countDown();

            assertThat(client.receive()).hasValue(PAYLOAD);
            assertThat(Threads.await(shutdown)).isTrue();
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        }
    }

    @Test
    void shutdownClosesWhatIsLeftAtItsLimit() throws Exception {
        CountDownLatch served = new CountDownLatch(1);
        SecureServer server = listen(connection -> {
            served.countDown();
            echo(connection);
        });
        try (SecureConnection client = connect()) {
            assertThat(served.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

            assertThat(server.shutdown(Duration.ofMillis(50))).isFalse();

            assertEnded(client);
        }
    }

    @Test
    void shutdownTakesAnyLimitThatIsNotNegative() throws Exception {
        SecureServer server = listen(this::echo);
        assertThatThrownBy(() -> server.shutdown(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must be 0 or more");
        assertServes();

        assertThat(server.shutdown(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
        assertThat(server.shutdown(Duration.ZERO)).isTrue();
    }

    @Test
    void anErrorDuringAHandshakeClosesItsConnection() throws Exception {
        AtomicBoolean failed = new AtomicBoolean();
        SessionConfig config = pair.server().withDirectory(peer -> {
            if (!failed.getAndSet(true)) {
                throw new AssertionError("of the directory");
            }
            return List.of(pair.client().identity().publicKey());
        });
        try (SecureServer server = SecureServer.listen(serverSocket, config, this::echo, ServerOptions.defaults())) {
            try (Socket socket = new Socket()) {
                socket.connect(serverSocket.getLocalSocketAddress());
                byte[] message = Handshake.client(pair.client(), Pair.SERVER_ID).start();
                byte[] framed = new byte[4 + message.length];
                framed[3] = (byte) message.length;
                System.arraycopy(message, 0, framed, 4, message.length);
                socket.getOutputStream().write(framed);

                assertThat(readsEnd(socket)).isTrue();
            }
            assertServes();
            assertThat(server.counters().failed()).isEqualTo(1);
            assertThat(server.counters().halfOpen()).isZero();
        }
    }

    @Test
    void threadsOfTheServerHaveNames() throws Exception {
        BlockingQueue<String> names = new LinkedBlockingQueue<>();
        try (SecureServer server = listen(connection -> {
                    names.add(Thread.currentThread().getName());
                    echo(connection);
                });
                SecureConnection client = connect()) {
            assertThat(names.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).startsWith("secure-session-");
            assertThat(client.remoteAddress()).contains(server.address());
        }
    }

    @Test
    void refusesAServerSocketWithoutAddress() throws Exception {
        serverSocket.close();
        try (ServerSocket unbound = new ServerSocket()) {
            assertThatThrownBy(() -> SecureServer.listen(unbound, pair.server(), this::echo, ServerOptions.defaults()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aTimeLimitOfTheServerSocketIsNoFailure() throws Exception {
        serverSocket.close();
        CountDownLatch timeouts = new CountDownLatch(3);
        serverSocket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() throws IOException {
                try {
                    return super.accept();
                } catch (SocketTimeoutException e) {
                    timeouts.countDown();
                    throw e;
                }
            }
        };
        serverSocket.setSoTimeout(1);
        try (SecureServer server = listen(this::echo)) {
            assertThat(timeouts.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
            assertServes();
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void goesOnAfterAConnectionThatCannotBeAccepted() throws Exception {
        serverSocket.close();
        AtomicBoolean failed = new AtomicBoolean();
        serverSocket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() throws IOException {
                if (!failed.getAndSet(true)) {
                    throw new SocketException("too many open files");
                }
                return super.accept();
            }
        };
        try (SecureServer server = listen(this::echo)) {
            assertThat(nextFailure()).hasMessage("too many open files");
            assertServes();
        }
    }

    @Test
    void tellsWhoFailedAndWhy() throws Exception {
        BlockingQueue<SocketAddress> addresses = new LinkedBlockingQueue<>();
        try (SecureServer server = SecureServer.listen(serverSocket, pair.server(), new Noting(addresses), SHORT);
                Socket garbage = new Socket()) {
            garbage.connect(serverSocket.getLocalSocketAddress());
            garbage.getOutputStream().write(new byte[] {0, 0, 0, 1, 9});

            assertThat(nextFailure()).isInstanceOf(HandshakeException.class);
            assertThat(addresses.poll()).isEqualTo(garbage.getLocalSocketAddress());
        }
    }

    /** Other servers of this process may have used up the lines of these 10 seconds, so that it takes more than one attempt. */
    @Test
    void logsRefusedClientsIfNobodyObservesThem() throws Exception {
        PeerId mallory = PeerId.ofUtf8("mallory\r\n\u001b[2Jtrust me");
        Pair unknown = Pair.of(mallory, TestKeys.pair(Curve.P256, 7), Pair.SERVER_ID, TestKeys.pair(Curve.P256, 2));
        InetSocketAddress address = (InetSocketAddress) serverSocket.getLocalSocketAddress();
        try (LogRecords log = new LogRecords(SecureServer.class);
                SecureServer server =
                        SecureServer.listen(serverSocket, pair.server(), this::echo, ServerOptions.defaults())) {
            long start = System.nanoTime();
            List<String> lines = List.of();
            while (lines.isEmpty()) {
                assertThat(System.nanoTime() - start)
                        .as("time without a line of the log")
                        .isLessThan(TimeUnit.SECONDS.toNanos(Threads.PATIENCE_SECONDS));
                assertThatThrownBy(() -> SecureConnection.connect(
                                new Socket(address.getAddress(), address.getPort()), unknown.client(), Pair.SERVER_ID))
                        .isInstanceOf(IOException.class);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
                lines = log.lines().stream()
                        .filter(line -> line.contains(mallory.toString()))
                        .toList();
            }
            assertThat(lines.get(0))
                    .startsWith("no session with 127.0.0.1:")
                    .contains("the directory has no key for 0x6d616c6c6f7279")
                    .matches("\\P{Cntrl}*");
        }
    }

    @Test
    void aFloodOfRefusalsDoesNotFloodTheLog() throws Exception {
        SecureServer.Handler careless = connection -> {};
        try (SecureServer unused = listen(this::echo);
                LogRecords log = new LogRecords(SecureServer.class)) {
            long start = System.nanoTime();
            for (int i = 0; i < 10_000; i++) {
                careless.failed(serverSocket.getLocalSocketAddress(), new IOException("for a test of floods"));
            }
            long periods = 2 + (System.nanoTime() - start) / TimeUnit.SECONDS.toNanos(10);

            assertThat(log.lines().stream().filter(line -> line.contains("for a test of floods")))
                    .hasSizeLessThanOrEqualTo((int) (5 * periods));
        }
    }

    @Test
    void closingEndsConnectionsThatAreServedAndInTheHandshake() throws Exception {
        CountDownLatch served = new CountDownLatch(2);
        SecureServer server = listen(connection -> {
            served.countDown();
            echo(connection);
        });
        try (SecureConnection one = connect();
                SecureConnection two = connect();
                Socket silent = new Socket()) {
            silent.connect(serverSocket.getLocalSocketAddress());
            assertThat(served.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

            server.close();
            server.close();

            assertEnded(one);
            assertEnded(two);
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        }
    }

    /** At the limit the oldest silent connection makes room: a flood of silent ones locks nobody out. */
    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void dropsTheOldestSilentConnectionsBeforeTheyCostAnything() throws Exception {
        int flood = 200;
        int limit = 5;
        AtomicInteger lookups = new AtomicInteger();
        SessionConfig config = pair.server().withDirectory(peer -> {
            lookups.incrementAndGet();
            return List.of(pair.client().identity().publicKey());
        });
        List<Socket> sockets = new ArrayList<>();
        try (SecureServer server = SecureServer.listen(
                serverSocket,
                config,
                new Noting(new LinkedBlockingQueue<>()),
                ServerOptions.defaults().withHalfOpenLimit(limit))) {
            for (int i = 0; i < flood; i++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.connect(serverSocket.getLocalSocketAddress());
            }
            for (Socket socket : sockets.subList(0, flood - limit)) {
                assertThat(readsEnd(socket)).isTrue();
            }
            assertThat(server.counters().shed()).isEqualTo(flood - limit);
            assertThat(server.counters().halfOpen()).isEqualTo(limit);
            assertThat(lookups).hasValue(0);
            assertThat(nextFailure()).hasMessageContaining("too many connections are half open");
            // Each connection is counted once.
            assertThat(server.counters().failed()).isZero();

            connect().close();
            assertThat(lookups).hasValue(1);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void limitsHalfOpenConnectionsFromOneAddressUnlessItIsLoopback() throws Exception {
        serverSocket.close();
        HalfOpenConnections<HalfOpenConnection> connections = new HalfOpenConnections<>(100, 2);
        InetAddress remote = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1});
        InetAddress other = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 2});
        HalfOpenConnection first = entry(remote);
        HalfOpenConnection second = entry(remote);
        HalfOpenConnection third = entry(remote);
        first.sent();

        assertThat(connections.add(first)).isEmpty();
        assertThat(connections.add(second)).isEmpty();
        assertThat(connections.add(entry(other))).isEmpty();
        assertThat(connections.add(third)).containsExactly(second);
        third.sent();
        assertThat(connections.add(entry(remote))).containsExactly(first);
        for (int i = 0; i < 10; i++) {
            assertThat(connections.add(entry(InetAddress.getLoopbackAddress()))).isEmpty();
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void addressesOfOneIpv6NetworkCountTogether() throws Exception {
        serverSocket.close();
        HalfOpenConnections<HalfOpenConnection> connections = new HalfOpenConnections<>(100, 1);
        HalfOpenConnection first = entry(InetAddress.getByName("2001:db8:0:1::1"));

        assertThat(connections.add(first)).isEmpty();
        assertThat(connections.add(entry(InetAddress.getByName("2001:db8:0:2::1"))))
                .isEmpty();
        assertThat(connections.add(entry(InetAddress.getByName("2001:db8:0:1:ffff::2"))))
                .containsExactly(first);
    }

    @Test
    void servesUnixDomainSockets(@TempDir Path folder) throws Exception {
        serverSocket.close();
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        channel.bind(address);
        try (SecureServer server = SecureServer.listen(
                channel, pair.server(), this::echo, ServerOptions.defaults().withHalfOpenLimit(2))) {
            List<SocketChannel> silent = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                silent.add(SocketChannel.open(address));
            }
            assertThat(silent.get(0).read(ByteBuffer.allocate(1)))
                    .as("displaced: more than two are half open")
                    .isEqualTo(-1);
            try (SecureConnection connection = SecureConnection.connect(
                    ChannelTransport.of(SocketChannel.open(address), Framing.lengthPrefix()),
                    pair.client(),
                    Pair.SERVER_ID)) {
                connection.send(new byte[] {1, 2, 3});
                assertThat(connection.receive()).hasValue(new byte[] {1, 2, 3});
                assertThat(server.connections()).hasSize(1);
                assertThat(server.closePeer(Pair.CLIENT_ID)).isEqualTo(1);
                assertThat(connection.receive()).isEmpty();
            }
            assertThatThrownBy(server::address)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("socket");
            assertThat(server).hasToString("server of \"server\" on " + address);
            for (SocketChannel each : silent) {
                each.close();
            }
        }
        assertThat(channel.isOpen()).isFalse();
        // The system stops listening once the thread that accepts has left the channel.
        while (canConnect(address)) {
            Thread.onSpinWait();
        }
    }

    private static boolean canConnect(SocketAddress address) {
        try (SocketChannel connected = SocketChannel.open(address)) {
            return connected.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    @Test
    void refusesChannelsThatCannotBeServed() throws Exception {
        serverSocket.close();
        try (ServerSocketChannel channel = ServerSocketChannel.open()) {
            assertThatThrownBy(() -> SecureServer.listen(channel, pair.server(), this::echo, ServerOptions.defaults()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("bind it first");
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            channel.configureBlocking(false);
            assertThatThrownBy(() -> SecureServer.listen(channel, pair.server(), this::echo, ServerOptions.defaults()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("non-blocking");
            assertThat(channel.isOpen()).isTrue();
        }
    }

    private static HalfOpenConnection entry(InetAddress address) {
        Socket socket = new Socket() {
            @Override
            public SocketAddress getRemoteSocketAddress() {
                return new InetSocketAddress(address, 4000);
            }
        };
        return new HalfOpenConnection(AcceptedConnection.of(socket), 0);
    }

    @Test
    @Rule(value = "H-7", kind = Kind.ACCEPTS)
    void establishedConnectionsDoNotCountAsHalfOpen() throws Exception {
        try (SecureServer server = listen(ServerOptions.defaults().withHalfOpenLimit(1), this::echo)) {
            List<SecureConnection> clients = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                SecureConnection client = connect();
                clients.add(client);
                // Only once it has been served its place is free for certain.
                client.send(PAYLOAD);
                assertThat(client.receive()).hasValue(PAYLOAD);
            }
            for (SecureConnection client : clients) {
                client.close();
            }
            assertThat(server.counters().shed()).isZero();
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void clientsThatDawdleLoseTheirPlaces() throws Exception {
        int dawdlers = 20;
        List<Socket> sockets = new ArrayList<>();
        try (SecureServer server = listen(SHORT.withHalfOpenLimit(dawdlers), this::echo)) {
            for (int i = 0; i < dawdlers; i++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.connect(serverSocket.getLocalSocketAddress());
                // A message is announced, and a part of it comes: more or less, or nothing.
                byte[] part = {0, 0, 1, 0, 'T', 'S', 'P', 'M'};
                socket.getOutputStream().write(part, 0, i % part.length);
            }
            for (int i = 0; i < dawdlers; i++) {
                assertThat(nextFailure()).isInstanceOf(SocketTimeoutException.class);
            }
            for (Socket socket : sockets) {
                assertThat(readsEnd(socket)).isTrue();
            }
            assertServes();
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private SecureServer listen(SecureServer.Handler handler) {
        return listen(ServerOptions.defaults(), handler);
    }

    private SecureServer listen(ServerOptions options, SecureServer.Handler handler) {
        SecureServer.Handler noting = new SecureServer.Handler() {
            @Override
            public void handle(SecureConnection connection) throws Exception {
                handler.handle(connection);
            }

            @Override
            public void failed(SocketAddress address, Exception cause) {
                failures.add(cause);
            }

            @Override
            public void handlerFailed(SecureConnection connection, Exception cause) {
                failures.add(cause);
            }
        };
        return SecureServer.listen(serverSocket, pair.server(), noting, options);
    }

    private void echo(SecureConnection connection) throws Exception {
        for (Optional<byte[]> next = connection.receive(); next.isPresent(); next = connection.receive()) {
            connection.send(next.get());
        }
    }

    private SecureConnection connect() throws IOException, HandshakeException {
        InetSocketAddress address = (InetSocketAddress) serverSocket.getLocalSocketAddress();
        return SecureConnection.connect(
                new Socket(address.getAddress(), address.getPort()), pair.client(), Pair.SERVER_ID);
    }

    /** Connects and receives until the end; a reset may come in the middle of the handshake too. */
    private void connectAndReceive() throws Exception {
        connectAndReceive((InetSocketAddress) serverSocket.getLocalSocketAddress());
    }

    private void connectAndReceive(InetSocketAddress address) throws Exception {
        try (SecureConnection client = SecureConnection.connect(
                new Socket(address.getAddress(), address.getPort()), pair.client(), Pair.SERVER_ID)) {
            assertThat(client.receive(Duration.ofSeconds(Threads.PATIENCE_SECONDS)))
                    .as("an orderly end, or a message")
                    .isNull();
        }
    }

    private void sendGarbage() throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(serverSocket.getLocalSocketAddress());
            socket.getOutputStream().write(new byte[] {0, 0, 0, 1, 9});
            readsEnd(socket);
        }
    }

    private void assertServes() throws Exception {
        try (SecureConnection client = connect()) {
            client.send(PAYLOAD);
            assertThat(client.receive()).hasValue(PAYLOAD);
        }
    }

    private Exception nextFailure() throws InterruptedException {
        Exception failure = failures.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(failure).as("failure that the handler is told of").isNotNull();
        return failure;
    }

    private static void assertEnded(SecureConnection connection) throws Exception {
        try {
            assertThat(connection.receive()).isEmpty();
        } catch (SocketException e) {
            // Reset: an end as well.
        }
    }

    /** Waits until the other end closes the socket; an orderly end or a reset will do. */
    private static boolean readsEnd(Socket socket) throws IOException {
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(Threads.PATIENCE_SECONDS));
        try {
            return socket.getInputStream().read() == -1;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (SocketException e) {
            return true;
        }
    }

    /** Notes failures and whose they are. */
    private final class Noting implements SecureServer.Handler {
        private final BlockingQueue<SocketAddress> addresses;

        Noting(BlockingQueue<SocketAddress> addresses) {
            this.addresses = addresses;
        }

        @Override
        public void handle(SecureConnection connection) {}

        @Override
        public void failed(SocketAddress address, Exception cause) {
            addresses.add(address);
            failures.add(cause);
        }
    }
}

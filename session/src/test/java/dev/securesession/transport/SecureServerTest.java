package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many connections at a time, good ones and others. All on this machine, and bounded. */
@Timeout(120)
@SuppressWarnings("try") // A listener is at work without being spoken to.
class SecureServerTest {
    private static final byte[] PAYLOAD = "payload".getBytes(UTF_8);
    private static final ConnectionOptions SHORT =
            ConnectionOptions.defaults().withHandshakeDeadline(Duration.ofMillis(200));

    private final Pair pair = Pair.create();
    private final Threads threads = new Threads();
    private final BlockingQueue<Exception> failures = new LinkedBlockingQueue<>();
    private ServerSocket serverSocket;

    @BeforeEach
    void bind() throws IOException {
        serverSocket = Loopback.listening();
    }

    /** Each listener was closed by its test: now its threads must end, those of all connections too. */
    @AfterEach
    void nothingIsLeft() {
        assertThat(serverSocket.isClosed()).isTrue();
        threads.close();
    }

    @Test
    void servesManyClientsAtATime() throws Exception {
        int count = 12;
        CountDownLatch allThere = new CountDownLatch(count);
        try (SecureServer listener = listen(connection -> {
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
            assertThat(listener.shedConnections()).isZero();
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void tellsOfAHandlerThatThrowsAndGoesOn() throws Exception {
        Exception failure = new Exception("of the handler");
        AtomicBoolean failed = new AtomicBoolean();
        try (SecureServer listener = listen(connection -> {
            if (!failed.getAndSet(true)) {
                throw failure;
            }
            echo(connection);
        })) {
            try (SecureConnection client = connect()) {
                assertThat(client.receive()).isEmpty();
            }
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
        try (SecureServer listener = listen(catching, SHORT.withHalfOpenLimit(1), connection -> {
            if (!failed.getAndSet(true)) {
                throw new AssertionError("of the handler");
            }
            echo(connection);
        })) {
            try (SecureConnection client = connect()) {
                assertThat(client.receive()).isEmpty();
            }
            assertThat(uncaught.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .hasMessage("of the handler");
            assertServes();
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void anInterruptedHandlerLeavesItsThreadInterrupted() throws Exception {
        BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
        Executor looking = task -> threads.executor().execute(() -> {
            task.run();
            interrupted.add(Thread.interrupted());
        });
        try (SecureServer listener = listen(looking, SHORT, connection -> {
            throw new InterruptedException("of the handler");
        })) {
            connect().close();

            assertThat(nextFailure()).isInstanceOf(InterruptedException.class);
            assertThat(interrupted.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
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
                throw new IllegalStateException("of the handler");
            }
        };
        AtomicInteger tasks = new AtomicInteger();
        Executor rejecting = task -> {
            if (tasks.getAndIncrement() == 1) {
                throw new RejectedExecutionException("busy");
            }
            threads.executor().execute(task);
        };
        try (SecureServer listener = SecureServer.listen(serverSocket, pair.server(), rejecting, handler, SHORT)) {
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
            assertThat(nextFailure()).hasMessage("busy");

            sendGarbage();
            assertThat(nextFailure()).isInstanceOf(HandshakeException.class);
            assertServes();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void turnsAwayWhatTheExecutorDoesNotTake(boolean rejected) throws Exception {
        AtomicInteger tasks = new AtomicInteger();
        Executor busy = task -> {
            int number = tasks.getAndIncrement();
            if (number >= 1 && number <= 3) {
                if (rejected) {
                    throw new RejectedExecutionException("busy");
                }
                throw new OutOfMemoryError("unable to create native thread");
            }
            threads.executor().execute(task);
        };
        // One handshake at a time: a place that is not given back would be missed.
        try (SecureServer listener = listen(busy, SHORT.withHalfOpenLimit(1), this::echo)) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
                assertThat(nextFailure()).isInstanceOf(RejectedExecutionException.class);
            }
            assertServes();
            assertThat(listener.shedConnections()).isZero();
        }
    }

    @Test
    void closesTheServerSocketIfNobodyCanAccept() {
        Executor none = task -> {
            throw new RejectedExecutionException("none");
        };

        assertThatThrownBy(() -> listen(none, SHORT, this::echo)).isInstanceOf(RejectedExecutionException.class);
        assertThat(serverSocket.isClosed()).isTrue();
    }

    @Test
    void refusesAServerSocketWithoutAddress() throws Exception {
        serverSocket.close();
        try (ServerSocket unbound = new ServerSocket()) {
            assertThatThrownBy(() -> SecureServer.listen(unbound, pair.server(), threads.executor(), this::echo))
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
        try (SecureServer listener = listen(this::echo)) {
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
        try (SecureServer listener = listen(this::echo)) {
            assertThat(nextFailure()).hasMessage("too many open files");
            assertServes();
        }
    }

    @Test
    void closesTheServerSocketIfItsThreadDies() throws Exception {
        serverSocket.close();
        serverSocket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress()) {
            @Override
            public Socket accept() {
                throw new AssertionError("unforeseen");
            }
        };
        BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
        Executor catching = task -> threads.executor().execute(() -> {
            try {
                task.run();
            } catch (Throwable e) {
                uncaught.add(e);
            }
        });
        SecureServer.listen(serverSocket, pair.server(), catching, this::echo);

        assertThat(uncaught.poll(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).hasMessage("unforeseen");
        assertThat(serverSocket.isClosed()).isTrue();
    }

    @Test
    void tellsWhoFailedAndWhy() throws Exception {
        BlockingQueue<SocketAddress> addresses = new LinkedBlockingQueue<>();
        try (SecureServer listener = SecureServer.listen(
                        serverSocket, pair.server(), threads.executor(), new Noting(addresses), SHORT);
                Socket garbage = new Socket()) {
            garbage.connect(serverSocket.getLocalSocketAddress());
            garbage.getOutputStream().write(new byte[] {0, 0, 0, 1, 9});

            assertThat(nextFailure()).isInstanceOf(HandshakeException.class);
            assertThat(addresses.poll()).isEqualTo(garbage.getLocalSocketAddress());
        }
    }

    @Test
    void closingEndsConnectionsThatAreServedAndNegotiated() throws Exception {
        CountDownLatch served = new CountDownLatch(2);
        SecureServer listener = listen(connection -> {
            served.countDown();
            echo(connection);
        });
        try (SecureConnection one = connect();
                SecureConnection two = connect();
                Socket silent = new Socket()) {
            silent.connect(serverSocket.getLocalSocketAddress());
            assertThat(served.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

            listener.close();
            listener.close();

            assertEnded(one);
            assertEnded(two);
            assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void shedsConnectionsBeforeTheyCostAnything() throws Exception {
        int flood = 200;
        int limit = 5;
        AtomicInteger lookups = new AtomicInteger();
        PeerDirectory counting = peer -> {
            lookups.incrementAndGet();
            return Optional.empty();
        };
        SessionConfig config = SessionConfig.of(pair.server().identity(), counting);
        List<Socket> sockets = new ArrayList<>();
        ConnectionOptions options = ConnectionOptions.defaults().withHalfOpenLimit(limit);
        try (SecureServer listener = SecureServer.listen(
                serverSocket, config, threads.executor(), new Noting(new LinkedBlockingQueue<>()), options)) {
            for (int i = 0; i < flood; i++) {
                Socket socket = new Socket();
                sockets.add(socket);
                socket.connect(serverSocket.getLocalSocketAddress());
            }
            // They are accepted in the order in which they came: the first have their places, the others are closed.
            for (Socket socket : sockets.subList(limit, flood)) {
                assertThat(readsEnd(socket)).isTrue();
            }
            assertThat(listener.shedConnections()).isEqualTo(flood - limit);
            assertThat(lookups).hasValue(0);
            // One thread accepts, and one serves for each place.
            assertThat(threads.threads()).hasSizeLessThanOrEqualTo(1 + limit);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.ACCEPTS)
    void establishedConnectionsDoNotCountAsHalfOpen() throws Exception {
        try (SecureServer listener =
                listen(threads.executor(), ConnectionOptions.defaults().withHalfOpenLimit(1), this::echo)) {
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
            assertThat(listener.shedConnections()).isZero();
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void clientsThatDawdleLoseTheirPlaces() throws Exception {
        int dawdlers = 20;
        List<Socket> sockets = new ArrayList<>();
        try (SecureServer listener = listen(threads.executor(), SHORT.withHalfOpenLimit(dawdlers), this::echo)) {
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
        return listen(threads.executor(), ConnectionOptions.defaults(), handler);
    }

    private SecureServer listen(Executor executor, ConnectionOptions options, SecureServer.Handler handler) {
        SecureServer.Handler noting = new SecureServer.Handler() {
            @Override
            public void handle(SecureConnection connection) throws Exception {
                handler.handle(connection);
            }

            @Override
            public void failed(SocketAddress address, Exception cause) {
                failures.add(cause);
            }
        };
        return SecureServer.listen(serverSocket, pair.server(), executor, noting, options);
    }

    private void echo(SecureConnection connection) throws Exception {
        for (Optional<byte[]> next = connection.receive(); next.isPresent(); next = connection.receive()) {
            connection.send(next.get());
        }
    }

    private SecureConnection connect() throws IOException, HandshakeException {
        InetSocketAddress address = (InetSocketAddress) serverSocket.getLocalSocketAddress();
        return SecureConnection.connect(new Socket(address.getAddress(), address.getPort()), pair.client());
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

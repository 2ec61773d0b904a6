package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.MemoryTransport;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sockets and server sockets of the factories, used as programs use sockets. */
class SecureSocketTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();
    private static final int RACES = 200;

    private final Pair pair = Pair.create();
    private final SocketFactory clients = SecureSocketFactory.of(pair.client(), Pair.SERVER_ID);
    private final ServerSocketFactory servers = SecureServerSocketFactory.of(pair.server());
    private final Threads threads = new Threads();
    private final List<AutoCloseable> resources = new ArrayList<>();
    private ServerSocket server;

    @BeforeEach
    void listen() throws IOException {
        server = servers.createServerSocket(0, 50, HERE);
    }

    @AfterEach
    void closeAll() throws Exception {
        server.close();
        for (AutoCloseable resource : resources) {
            resource.close();
        }
        threads.close();
    }

    @Test
    @Rule(value = "ST-3", kind = ACCEPTS)
    void echoesWithHalfClose() throws Exception {
        byte[] large = new byte[1_000_000];
        new Random(1).nextBytes(large);
        Future<Integer> echo = threads.run(() -> {
            try (Socket accepted = server.accept()) {
                accepted.getInputStream().transferTo(accepted.getOutputStream());
                accepted.shutdownOutput();
                return accepted.getInputStream().read();
            }
        });
        try (Socket client = clients.createSocket(HERE, server.getLocalPort())) {
            Future<byte[]> answer = threads.run(() -> client.getInputStream().readAllBytes());
            client.getOutputStream().write(large);
            client.getOutputStream().write(7);
            client.shutdownOutput();

            byte[] read = Threads.await(answer);
            assertThat(read).hasSize(large.length + 1).startsWith(large).endsWith(7);
            assertThat(client.isOutputShutdown()).isTrue();
            assertThatThrownBy(client::shutdownOutput).isInstanceOf(SocketException.class);
            assertThatThrownBy(client::getOutputStream).isInstanceOf(SocketException.class);
            assertThat(Threads.await(echo)).isEqualTo(-1);
        }
    }

    @Test
    void knowsThePeerOfEachEnd() throws Exception {
        Ends ends = connect();

        assertThat(ends.client.session().peer()).isEqualTo(Pair.SERVER_ID);
        assertThat(ends.server.session().peer()).isEqualTo(Pair.CLIENT_ID);
        assertThat(ends.client).asString().contains("server").startsWith("secure socket");
        assertThat(server).asString().startsWith("secure server socket of ").contains("server", "127.0.0.1");
        assertThat(clients).hasToString("sockets of \"client\" to \"server\"");
        assertThat(servers).hasToString("server sockets of \"server\"");
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesAnotherPeerThanTheExpectedOne() throws Exception {
        SocketFactory others = SecureSocketFactory.of(pair.client(), PeerId.ofUtf8("another"));
        try (Socket socket = others.createSocket()) {
            assertThatThrownBy(() -> socket.connect(server.getLocalSocketAddress(), 5000))
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(HandshakeException.class)
                    .hasMessageContaining("another");
            assertThat(socket.isClosed()).isTrue();
            assertThat(socket.isConnected()).isFalse();
        }
        assertThatThrownBy(() -> others.createSocket(HERE, server.getLocalPort()))
                .isInstanceOf(IOException.class);
    }

    @Test
    void everyFactoryMethodConnects() throws Exception {
        int port = server.getLocalPort();
        String host = HERE.getHostAddress();
        for (int way = 0; way < 5; way++) {
            Socket socket = switch (way) {
                case 0 -> clients.createSocket(host, port);
                case 1 -> clients.createSocket(host, port, HERE, 0);
                case 2 -> clients.createSocket(HERE, port);
                case 3 -> clients.createSocket(HERE, port, HERE, 0);
                default -> {
                    Socket unconnected = clients.createSocket();
                    unconnected.connect(new InetSocketAddress(host, port));
                    yield unconnected;
                }
            };
            resources.add(socket);
            resources.add(server.accept());
            assertThat(socket.isConnected()).as("way %s", way).isTrue();
        }
    }

    @Test
    void everyServerFactoryMethodListens() throws Exception {
        for (int way = 0; way < 3; way++) {
            ServerSocket listening = switch (way) {
                case 0 -> servers.createServerSocket(0);
                case 1 -> servers.createServerSocket(0, 0);
                default -> {
                    ServerSocket unbound = servers.createServerSocket();
                    assertThatThrownBy(unbound::accept).isInstanceOf(SocketException.class);
                    assertThat(unbound.isBound()).isFalse();
                    unbound.bind(new InetSocketAddress(HERE, 0));
                    yield unbound;
                }
            };
            resources.add(listening);
            resources.add(clients.createSocket(HERE, listening.getLocalPort()));
            resources.add(listening.accept());
        }
        assertThatThrownBy(() -> servers.createServerSocket(server.getLocalPort(), 1, HERE))
                .isInstanceOf(IOException.class);
    }

    @Test
    void aReadTimesOutAndGoesOn() throws Exception {
        Ends ends = connect();
        ends.client.setSoTimeout(20);
        InputStream input = ends.client.getInputStream();

        assertThatThrownBy(input::read).isInstanceOf(SocketTimeoutException.class);
        ends.server.getOutputStream().write(5);
        ends.client.setSoTimeout(0);
        assertThat(input.read()).isEqualTo(5);
        assertThat(ends.client.getSoTimeout()).isZero();
        assertThatThrownBy(() -> ends.client.setSoTimeout(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aTimeoutThatIsSetBeforeConnectingHolds() throws Exception {
        Socket socket = clients.createSocket();
        resources.add(socket);
        socket.setSoTimeout(20);
        socket.connect(server.getLocalSocketAddress());

        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void tellsWhatIsAvailable() throws Exception {
        Ends ends = connect();
        ends.server.getOutputStream().write(new byte[10]);
        InputStream input = ends.client.getInputStream();

        assertThat(input.available()).isZero();
        assertThat(input.read()).isZero();
        assertThat(input.available()).isEqualTo(9);
    }

    @Test
    @Rule(value = "ST-4", kind = ACCEPTS)
    void closingEndsOurDirection() throws Exception {
        Ends ends = connect();
        ends.client.getOutputStream().write(3);
        ends.client.getOutputStream().close();
        ends.client.close();

        assertThat(ends.client.isClosed()).isTrue();
        assertThat(ends.server.getInputStream().readAllBytes()).containsExactly(3);
    }

    @Test
    @Rule(value = "ST-8", kind = ACCEPTS)
    void closingAcknowledgesWhatWasReadToTheEnd() throws Exception {
        Ends ends = connect();
        SecureStream server = ends.server.stream();
        server.output().write(3);
        server.shutdownOutput();
        assertThat(ends.client.getInputStream().readAllBytes()).containsExactly(3);
        ends.client.close();

        assertThat(server.input().read()).isEqualTo(-1);
        server.acknowledge();
        server.awaitAcknowledgement();
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void closingAcknowledgesNothingThatWasNotReadToTheEnd() throws Exception {
        Ends ends = connect();
        SecureStream server = ends.server.stream();
        server.output().write(3);
        server.shutdownOutput();
        assertThat(ends.client.getInputStream().read()).isEqualTo(3);
        ends.client.close();

        assertThat(server.input().read()).isEqualTo(-1);
        server.acknowledge();
        assertThatThrownBy(server::awaitAcknowledgement).isInstanceOf(IOException.class);
    }

    @Test
    @Rule(value = "ST-4", kind = REFUSES)
    void aConnectionThatIsCutOffIsNoEnd() throws Exception {
        Ends ends = connect();
        ends.client.getOutputStream().write(3);
        ends.client.stream().connection().close();
        InputStream input = ends.server.getInputStream();

        assertThat(input.read()).isEqualTo(3);
        assertThatThrownBy(input::read).isInstanceOf(EOFException.class);
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void closingWithoutLingerAborts() throws Exception {
        Ends ends = connect();
        ends.client.setSoLinger(true, 0);
        assertThat(ends.client.getSoLinger()).isZero();
        ends.client.close();

        assertThatThrownBy(() -> ends.server.getInputStream().read())
                .isInstanceOfSatisfying(
                        StreamAbortedException.class,
                        e -> assertThat(e.code()).isEqualTo(StreamAbortedException.CLOSED));
    }

    @Test
    void closingEndsAReadOfAnotherThread() throws Exception {
        Ends ends = connect();
        InputStream input = ends.client.getInputStream();
        Future<Integer> reading = threads.run(input::read);
        ends.client.close();

        assertThat(Threads.awaitFailure(reading)).isInstanceOf(SocketException.class);
        assertThatThrownBy(input::read).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> ends.client.setSoTimeout(1)).isInstanceOf(SocketException.class);
        assertThatThrownBy(ends.client::getInputStream).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> ends.client.connect(server.getLocalSocketAddress()))
                .isInstanceOf(SocketException.class);
    }

    @Test
    void closingDoesNotWaitForAPeerThatReadsNothing() throws Exception {
        Ends ends = connect();
        OutputStream output = ends.client.getOutputStream();
        Future<Integer> writing = threads.run(() -> {
            output.write(new byte[64 << 20]);
            return 0;
        });
        InputStream atServer = ends.server.getInputStream();
        assertThat(atServer.read()).isZero();
        ends.client.close();

        assertThat(Threads.awaitFailure(writing)).isInstanceOf(SocketException.class);
        assertThatThrownBy(atServer::readAllBytes).isInstanceOf(IOException.class);
    }

    @Test
    void writingAfterShutdownFailsAsSocketsDo() throws Exception {
        Ends ends = connect();
        OutputStream output = ends.client.getOutputStream();
        ends.client.shutdownOutput();

        assertThatThrownBy(() -> output.write(1)).isInstanceOf(SocketException.class);
        ends.client.shutdownInput();
        ends.server.getOutputStream().write(1);
        assertThat(ends.client.isInputShutdown()).isTrue();
        assertThatThrownBy(ends.client::getInputStream).isInstanceOf(SocketException.class);
    }

    @Test
    void readingAfterShutdownAnswersTheEnd() throws Exception {
        Ends ends = connect();
        InputStream input = ends.client.getInputStream();
        ends.server.getOutputStream().write(1);
        ends.client.shutdownInput();

        assertThat(input.read()).isEqualTo(-1);
        assertThat(input.available()).isZero();
    }

    @Test
    void optionsAreThoseOfTheTcpSocket() throws Exception {
        Ends ends = connect();
        SecureSocket socket = ends.client;
        assertThat(socket.getTcpNoDelay()).isTrue();
        socket.setTcpNoDelay(false);
        assertThat(socket.getTcpNoDelay()).isFalse();
        socket.setKeepAlive(true);
        assertThat(socket.getKeepAlive()).isTrue();
        socket.setReuseAddress(true);
        assertThat(socket.getReuseAddress()).isTrue();
        socket.setSoLinger(true, 3);
        assertThat(socket.getSoLinger()).isEqualTo(3);
        socket.setSendBufferSize(20_000);
        assertThat(socket.getSendBufferSize()).isPositive();
        socket.setReceiveBufferSize(20_000);
        assertThat(socket.getReceiveBufferSize()).isPositive();
        socket.setTrafficClass(8);
        assertThat(socket.getTrafficClass()).isNotNegative();
        socket.setPerformancePreferences(1, 2, 3);
        assertThat(socket.getPort()).isEqualTo(server.getLocalPort());
        assertThat(socket.getInetAddress()).isEqualTo(HERE);
        assertThat(socket.getLocalAddress()).isEqualTo(HERE);
        assertThat(socket.getLocalPort()).isEqualTo(ends.server.getPort());
        assertThat(socket.getRemoteSocketAddress()).isEqualTo(server.getLocalSocketAddress());
        assertThat(socket.getLocalSocketAddress()).isEqualTo(ends.server.getRemoteSocketAddress());
        assertThat(socket.isBound()).isTrue();
        assertThat(socket.getChannel()).isNull();
        assertThat(socket.getOOBInline()).isFalse();
        assertThatThrownBy(() -> socket.sendUrgentData(1)).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.setOOBInline(true)).isInstanceOf(SocketException.class);
    }

    @Test
    void optionsOfTheServerSocketAreThoseOfTheTcpSocket() throws Exception {
        server.setReuseAddress(true);
        assertThat(server.getReuseAddress()).isTrue();
        server.setReceiveBufferSize(20_000);
        assertThat(server.getReceiveBufferSize()).isPositive();
        server.setPerformancePreferences(1, 2, 3);
        assertThat(server.getInetAddress()).isEqualTo(HERE);
        assertThat(server.getLocalSocketAddress()).isEqualTo(new InetSocketAddress(HERE, server.getLocalPort()));
        assertThat(server.getChannel()).isNull();
        assertThatThrownBy(() -> server.setSoTimeout(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aSocketWithoutASessionRefusesUse() throws Exception {
        SecureSocket socket = (SecureSocket) clients.createSocket();

        assertThatThrownBy(socket::getInputStream).isInstanceOf(SocketException.class);
        assertThatThrownBy(socket::getOutputStream).isInstanceOf(SocketException.class);
        assertThatThrownBy(socket::session).isInstanceOf(IllegalStateException.class);
        assertThat(socket.isOutputShutdown()).isFalse();
        assertThat(socket).hasToString("secure socket that is not connected");
        socket.close();
        assertThat(socket.isClosed()).isTrue();
        Ends ends = connect();
        assertThatThrownBy(() -> ends.server.connect(server.getLocalSocketAddress()))
                .isInstanceOf(SocketException.class);
    }

    @Test
    @Rule(value = "H-7", kind = REFUSES)
    void connectingToASilentServerTimesOut() throws Exception {
        try (ServerSocket silent = Loopback.listening();
                Socket socket = clients.createSocket()) {
            assertThatThrownBy(() -> socket.connect(silent.getLocalSocketAddress(), 50))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(socket.isClosed()).isTrue();
        }
    }

    @Test
    @Rule(value = "H-7", kind = ACCEPTS)
    void silentClientsDoNotKeepOthersWaiting() throws Exception {
        for (int silent = 0; silent < 60; silent++) {
            resources.add(new Socket(HERE, server.getLocalPort()));
        }
        Ends ends = connect();
        ends.client.getOutputStream().write(1);

        assertThat(ends.server.getInputStream().read()).isEqualTo(1);
    }

    @Test
    void acceptTimesOutAndGoesOn() throws Exception {
        server.setSoTimeout(20);
        assertThat(server.getSoTimeout()).isEqualTo(20);
        assertThatThrownBy(server::accept).isInstanceOf(SocketTimeoutException.class);
        server.setSoTimeout(0);

        connect();
    }

    @Test
    void closingAServerSocketEndsAcceptAndLeavesAcceptedSocketsOpen() throws Exception {
        Ends ends = connect();
        SecureSocket waiting = (SecureSocket) clients.createSocket(HERE, server.getLocalPort());
        resources.add(waiting);
        Future<Socket> one = threads.run(server::accept);
        resources.add(Threads.await(one));
        Future<Socket> other = threads.run(server::accept);
        server.close();
        server.close();

        assertThat(Threads.awaitFailure(other)).isInstanceOf(SocketException.class);
        assertThat(server.isClosed()).isTrue();
        assertThatThrownBy(() -> server.setSoTimeout(1)).isInstanceOf(SocketException.class);
        ends.client.getOutputStream().write(4);
        assertThat(ends.server.getInputStream().read()).isEqualTo(4);
    }

    @Test
    void closingAServerSocketAbortsWhatWasNotAccepted() throws Exception {
        SecureSocket waiting = (SecureSocket) clients.createSocket(HERE, server.getLocalPort());
        resources.add(waiting);
        server.close();

        assertThatThrownBy(() -> waiting.getInputStream().read()).isInstanceOf(IOException.class);
    }

    @Test
    void connectionsBeyondTheBacklogWaitUntilOneIsAccepted() throws Exception {
        ServerSocket narrow = servers.createServerSocket(0, 1, HERE);
        resources.add(narrow);
        List<Socket> connected = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            connected.add(clients.createSocket(HERE, narrow.getLocalPort()));
        }
        resources.addAll(connected);
        for (int i = 0; i < 4; i++) {
            Socket accepted = narrow.accept();
            resources.add(accepted);
            accepted.getOutputStream().write(i);
            accepted.shutdownOutput();
        }
        int sum = 0;
        for (Socket socket : connected) {
            sum += socket.getInputStream().read();
        }
        assertThat(sum).isEqualTo(6);
    }

    @Test
    void connectionsThatNobodyAcceptsEndAtTheHandshakeDeadline() throws Exception {
        ServerOptions brief = ServerOptions.defaults()
                .withConnections(ConnectionOptions.defaults().withHandshakeDeadline(Duration.ofSeconds(3)));
        ServerSocket narrow = SecureServerSocketFactory.of(pair.server(), brief).createServerSocket(0, 1, HERE);
        resources.add(narrow);
        resources.add(clients.createSocket(HERE, narrow.getLocalPort()));
        Socket turnedAway = clients.createSocket(HERE, narrow.getLocalPort());
        resources.add(turnedAway);

        assertThatThrownBy(() -> turnedAway.getInputStream().read()).isInstanceOf(IOException.class);
    }

    @Test
    void aConnectThatFailsLeavesTheSocketClosed() throws Exception {
        int unused;
        try (ServerSocket tcp = Loopback.listening()) {
            unused = tcp.getLocalPort();
        }
        for (InetSocketAddress nowhere :
                List.of(new InetSocketAddress(HERE, unused), InetSocketAddress.createUnresolved("no.such.host", 1))) {
            Socket socket = clients.createSocket();
            resources.add(socket);

            assertThatThrownBy(() -> socket.connect(nowhere)).as("%s", nowhere).isInstanceOf(IOException.class);
            assertThat(socket.isClosed()).as("%s", nowhere).isTrue();
            assertThat(socket.isConnected()).as("%s", nowhere).isFalse();
        }
    }

    @Test
    void connectingTwiceLeavesTheConnectionAsItWas() throws Exception {
        Ends ends = connect();

        assertThatThrownBy(() -> ends.client.connect(server.getLocalSocketAddress()))
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("connected");
        ends.client.getOutputStream().write(6);
        assertThat(ends.server.getInputStream().read()).isEqualTo(6);
    }

    @Test
    void closingWhileTheStreamIsMadeLeavesNoSessionOpen() throws Exception {
        for (int round = 0; round < RACES; round++) {
            SecureConnection connection = SecureConnection.over(MemoryTransport.create(Delivery.ORDERED), session());
            CyclicBarrier together = new CyclicBarrier(2);
            SecureSocket socket = SecureSocket.opening((tcp, deadline) -> {
                meet(together);
                return SecureStream.over(connection);
            });
            Future<Boolean> connecting = threads.run(() -> {
                try {
                    socket.connect(server.getLocalSocketAddress());
                    return true;
                } catch (SocketException closedMeanwhile) {
                    return false;
                }
            });
            meet(together);
            socket.close();
            Threads.await(connecting);

            assertThat(socket.isClosed()).isTrue();
            assertThat(connection.session().isClosed()).as("round %s", round).isTrue();
        }
    }

    @Test
    void socketOptionsAreNotSupported() throws Exception {
        Ends ends = connect();
        assertThat(ends.client.supportedOptions()).isEmpty();
        assertThatThrownBy(() -> ends.client.setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("TCP_NODELAY");
        assertThatThrownBy(() -> ends.client.getOption(StandardSocketOptions.TCP_NODELAY))
                .isInstanceOf(UnsupportedOperationException.class);
        ends.client.close();

        assertThatThrownBy(() -> ends.client.setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> ends.client.getOption(StandardSocketOptions.TCP_NODELAY))
                .isInstanceOf(SocketException.class);
    }

    @Test
    void closingAServerSocketWhileItIsBoundLeavesNothingOpen() throws Exception {
        for (int round = 0; round < RACES; round++) {
            ServerSocket raced = servers.createServerSocket();
            raced.setSoTimeout(5000);
            CyclicBarrier together = new CyclicBarrier(2);
            Future<Boolean> binding = threads.run(() -> {
                meet(together);
                try {
                    raced.bind(new InetSocketAddress(HERE, 0));
                    return true;
                } catch (SocketException closedMeanwhile) {
                    return false;
                }
            });
            meet(together);
            // Another moment of binding in each round.
            for (int i = 0; i < round % 50; i++) {
                assertThat(raced.isClosed()).isFalse();
            }
            raced.close();
            Threads.await(binding);

            assertThat(raced.isClosed()).isTrue();
            assertThatThrownBy(raced::accept)
                    .as("round %s", round)
                    .isInstanceOf(SocketException.class)
                    .isNotInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void closingAServerSocketWhileClientsConnectLeavesNothingOpen() throws Exception {
        for (int round = 0; round < 20; round++) {
            ServerSocket raced = servers.createServerSocket(0, 2, HERE);
            List<Future<Integer>> reading = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                reading.add(threads.run(() -> {
                    try (Socket socket = clients.createSocket(HERE, raced.getLocalPort())) {
                        socket.setSoTimeout(20_000);
                        return socket.getInputStream().read();
                    }
                }));
            }
            List<Socket> accepted = new ArrayList<>();
            Future<Integer> accepting = threads.run(() -> {
                while (true) {
                    accepted.add(raced.accept());
                }
            });
            raced.close();
            assertThat(Threads.awaitFailure(accepting)).isInstanceOf(SocketException.class);
            for (Socket socket : accepted) {
                socket.getOutputStream().write(9);
                socket.close();
            }
            int served = 0;
            for (Future<Integer> one : reading) {
                try {
                    assertThat(Threads.await(one)).isEqualTo(9);
                    served++;
                } catch (SocketTimeoutException left) {
                    throw new AssertionError("a client that waits for a server socket that is closed", left);
                } catch (IOException turnedAway) {
                    assertThat(turnedAway).isNotNull();
                }
            }
            assertThat(served).isEqualTo(accepted.size());
        }
    }

    @Test
    void aWaitingConnectionThatHasFailedDoesNotKeepTheOthersOpen() throws Exception {
        AtomicInteger ended = new AtomicInteger();
        List<SecureSocket> left = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Loopback loopback = Loopback.open();
            resources.add(loopback);
            SecureConnection connection =
                    SecureConnection.over(StreamTransport.of(loopback.server, Framing.lengthPrefix()), session());
            left.add(SecureSocket.accepted(loopback.server, connection, ended::incrementAndGet));
        }
        left.get(0).stream().connection().transport().close();

        SecureServerSocket.abort(left);

        assertThat(left).allMatch(socket -> socket.session().isClosed());
        assertThat(ended).hasValue(2);
    }

    @Test
    void factoriesWantRoomForAnAbort() {
        ConnectionOptions narrow = ConnectionOptions.defaults().withMaxMessageLength(200);
        ServerOptions narrowServer = ServerOptions.defaults().withConnections(narrow);

        assertThatThrownBy(() -> SecureSocketFactory.of(pair.client(), Pair.SERVER_ID, narrow))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SecureServerSocketFactory.of(pair.server(), narrowServer))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void factoriesWantADirectory() {
        assertThatThrownBy(() -> SecureSocketFactory.of(pair.askingForKeys().client(), Pair.SERVER_ID))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () -> SecureServerSocketFactory.of(pair.askingForKeys().server()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRegisteredFactoryIsFoundByItsName() throws Exception {
        SecureSocketFactory.register("to the server", (SecureSocketFactory) clients);
        try {
            assertThatThrownBy(() -> SecureSocketFactory.register("to the server", (SecureSocketFactory) clients))
                    .isInstanceOf(IllegalArgumentException.class);
            Socket socket = new SecureSocketFactory("to the server").createSocket(HERE, server.getLocalPort());
            resources.add(socket);
            assertThat(((SecureSocket) socket).session().peer()).isEqualTo(Pair.SERVER_ID);
        } finally {
            SecureSocketFactory.unregister("to the server");
        }
        assertThatThrownBy(() -> new SecureSocketFactory("to the server")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SecureSocketFactory.register("file:x", (SecureSocketFactory) clients))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aPropertiesFileMakesAFactory(@TempDir Path directory) throws Exception {
        Path file =
                properties(directory, "identity=client", "identity.key=own.key", "peer=server", "peer.key=peer.pub");
        Socket socket = new SecureSocketFactory("file:" + file).createSocket(HERE, server.getLocalPort());
        resources.add(socket);

        assertThat(((SecureSocket) socket).session().peer()).isEqualTo(Pair.SERVER_ID);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "identity=client,identity.key=own.key,peer=server",
                "identity=client,identity.key=own.key,peer=,peer.key=peer.pub",
                "identity=client,identity.key=own.key,peer=server,peer.key=peer.pub,peers=any",
                "identity=client,identity.key=missing.key,peer=server,peer.key=peer.pub",
                "identity=client,identity.key=peer.pub,peer=server,peer.key=peer.pub",
                "identity=client,identity.key=own.key,peer=server,peer.key=own.key"
            })
    void aPropertiesFileThatIsNotCompleteMakesNone(String lines, @TempDir Path directory) throws Exception {
        Path file = properties(directory, lines.split(",", -1));

        assertThatThrownBy(() -> new SecureSocketFactory("file:" + file)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aMissingPropertiesFileMakesNone(@TempDir Path directory) {
        assertThatThrownBy(() -> new SecureSocketFactory("file:" + directory.resolve("none")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none");
    }

    @Test
    @Rule(value = "ST-1", kind = REFUSES)
    void aPeerWithoutTheStreamLayerIsAnError() throws Exception {
        try (ServerSocket tcp = Loopback.listening()) {
            Future<byte[]> plain = threads.run(() -> {
                try (SecureConnection connection = SecureConnection.accept(tcp.accept(), pair.server())) {
                    connection.send("hello".getBytes(UTF_8));
                    return connection.receive().orElseThrow();
                } catch (MessageRejectedException e) {
                    throw new AssertionError(e);
                }
            });
            Socket socket = clients.createSocket(HERE, tcp.getLocalPort());
            resources.add(socket);

            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(StreamAbortedException.class);
            assertThat(Threads.await(plain)).startsWith(3, 0, 1);
        }
    }

    private SecureSession session() throws HandshakeException {
        Pair.Sessions sessions = pair.establish();
        sessions.server().close();
        return sessions.client();
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await(Threads.PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
            throw new AssertionError("the other thread does not come", e);
        }
    }

    private Path properties(Path directory, String... lines) throws IOException {
        Files.write(directory.resolve("own.key"), TestKeys.pair(1).privateKey().encodeSecret());
        Files.write(
                directory.resolve("peer.pub"),
                pair.server().identity().publicKey().encode());
        return Files.write(directory.resolve("app.properties"), List.of(lines));
    }

    private Ends connect() throws Exception {
        SecureSocket client = (SecureSocket) clients.createSocket(HERE, server.getLocalPort());
        resources.add(client);
        SecureSocket accepted = (SecureSocket) server.accept();
        resources.add(accepted);
        return new Ends(client, accepted);
    }

    private record Ends(SecureSocket client, SecureSocket server) {}
}

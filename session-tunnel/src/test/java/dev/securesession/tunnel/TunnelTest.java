package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Curve;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.TestKeys;
import dev.securesession.testsupport.Rule;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.StreamAbortedException;
import dev.securesession.tunnel.TestTunnel.Told;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server and a proxy with real sockets. */
@SuppressWarnings("try") // Tests close sockets on purpose before the end of their blocks.
@Timeout(60)
class TunnelTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private ServerSocket target;

    @BeforeEach
    void listen() throws IOException {
        target = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void stop() throws IOException {
        target.close();
        threads.shutdownNow();
    }

    // Bytes

    @Test
    @Rule(value = "TN-3", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "TN-4", kind = Rule.Kind.ACCEPTS)
    void carriesBytesBothWaysAndEachEnd() throws Exception {
        long seed = Long.getLong("securesession.seed", System.nanoTime());
        System.out.println("TunnelTest: -Dsecuresession.seed=" + seed);
        Random random = new Random(seed);
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress())) {
            for (int length : new int[] {0, 1, 32_767, 32_768, 1_000_000, 20_000_000}) {
                byte[] sent = new byte[length];
                random.nextBytes(sent);
                byte[] answer = new byte[length / 3];
                random.nextBytes(answer);
                Future<byte[]> arrived = threads.submit(() -> {
                    try (Socket service = target.accept()) {
                        byte[] all = service.getInputStream().readAllBytes();
                        service.getOutputStream().write(answer);
                        return all;
                    }
                });
                try (Socket client = tunnel.connect()) {
                    writeInPieces(client.getOutputStream(), sent, random);
                    client.shutdownOutput();

                    assertThat(client.getInputStream().readAllBytes()).isEqualTo(answer);
                }
                assertThat(arrived.get()).isEqualTo(sent);
                Map.Entry<TunnelConnection, TunnelEnd> atServer = Told.next(tunnel.serverTold.closed);
                assertThat(atServer.getValue()).isEqualTo(TunnelEnd.COMPLETE);
                Map.Entry<TunnelConnection, TunnelEnd> end = Told.next(tunnel.proxyTold.closed);
                assertThat(end.getKey().sessionId().orElseThrow())
                        .matches("[0-9a-f]{8}")
                        .isEqualTo(atServer.getKey().sessionId().orElseThrow());
                assertThat(end.getValue().complete()).isTrue();
                assertThat(end.getKey().bytesToTarget()).isEqualTo(length);
                assertThat(end.getKey().bytesFromTarget()).isEqualTo(answer.length);
            }
            assertThat(tunnel.server.connections()).isEmpty();
            assertThat(tunnel.proxy.connections()).isEmpty();
        }
    }

    private static void writeInPieces(OutputStream out, byte[] bytes, Random random) throws IOException {
        for (int at = 0; at < bytes.length; ) {
            int length = Math.min(bytes.length - at, 1 + random.nextInt(100_000));
            out.write(bytes, at, length);
            at += length;
        }
    }

    @Test
    @Rule(value = "TN-4", kind = Rule.Kind.ACCEPTS)
    void targetMayEndItsDirectionFirst() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            service.getOutputStream().write(bytes("banner"));
            service.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(bytes("banner"));

            client.getOutputStream().write(bytes("still here"));
            client.shutdownOutput();
            assertThat(service.getInputStream().readAllBytes()).isEqualTo(bytes("still here"));
            assertThat(tunnel.serverTold.nextEnd().complete()).isTrue();
        }
    }

    /** The target has the first bytes while message 4 has not reached the proxy yet. */
    @Test
    @Rule(value = "TN-1", kind = Rule.Kind.ACCEPTS)
    void firstBytesNeedOneRoundTrip() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                ServerSocket between = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                TunnelProxy proxy = tunnel.startProxy(
                        TestTunnel.address(between.getLocalSocketAddress()),
                        TestTunnel.clientConfig(),
                        "",
                        TunnelOptions.defaults());
                Socket client = TestTunnel.connect(proxy.address());
                Socket fromProxy = between.accept();
                Socket toServer = TestTunnel.connect(tunnel.server.address())) {
            client.getOutputStream().write(bytes("first"));
            threads.submit(() -> fromProxy.getInputStream().transferTo(toServer.getOutputStream()));
            DataInputStream fromServer = new DataInputStream(toServer.getInputStream());
            byte[] second = new byte[fromServer.readInt()];
            fromServer.readFully(second);
            fromProxy
                    .getOutputStream()
                    .write(ByteBuffer.allocate(4).putInt(second.length).array());
            fromProxy.getOutputStream().write(second);

            try (Socket service = target.accept()) {
                assertThat(service.getInputStream().readNBytes(5)).isEqualTo(bytes("first"));
            }
        }
    }

    // Ends that are none

    @Test
    @Rule(value = "TN-5", kind = Rule.Kind.ACCEPTS)
    void resetOfTheClientReachesTheTarget() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            client.getOutputStream().write(bytes("part"));
            assertThat(service.getInputStream().readNBytes(4)).isEqualTo(bytes("part"));
            // The first bytes overtake the end of the handshake.
            Told.next(tunnel.proxyTold.opened);
            client.setSoLinger(true, 0);
            client.close();

            assertIsReset(service);
            assertThat(tunnel.proxyTold.nextEnd().reason()).contains("the connection of the program failed");
            assertThat(tunnel.serverTold.nextEnd().reason())
                    .startsWith("the peer aborted: the connection of the program");
        }
    }

    @Test
    @Rule(value = "TN-4", kind = Rule.Kind.REFUSES)
    @Rule(value = "TN-5", kind = Rule.Kind.ACCEPTS)
    void resetOfTheTargetReachesTheClient() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            service.getOutputStream().write(bytes("part"));
            assertThat(client.getInputStream().readNBytes(4)).isEqualTo(bytes("part"));
            service.setSoLinger(true, 0);
            service.close();

            assertIsReset(client);
            assertThat(tunnel.serverTold.nextEnd().complete()).isFalse();
            assertThat(tunnel.proxyTold.nextEnd().reason()).startsWith("the peer aborted");
        }
    }

    /**
     * The proxy has sent everything, and both directions have ended, when the target dies with most of it unread. The target is a
     * Unix-domain socket, whose buffers hold less than those of TCP connections.
     */
    @Test
    void bytesThatTheTargetDidNotTakeAreNotDelivered(@TempDir Path directory) throws Exception {
        try (Narrow narrow = new Narrow(directory);
                Socket client = narrow.tunnel.connect();
                SocketChannel service = narrow.target.accept()) {
            endBoth(client, service);
            TunnelConnection atProxy = Told.next(narrow.tunnel.proxyTold.opened);
            awaitUntil(() -> atProxy.bytesToTarget() == Narrow.LENGTH);
            TunnelConnection atServer = Told.next(narrow.tunnel.serverTold.opened);
            awaitUntil(() -> atServer.bytesToTarget() > 0);
            service.close();

            TunnelEnd proxyEnd = narrow.tunnel.proxyTold.nextEnd();
            assertThat(proxyEnd.complete()).isFalse();
            assertThat(proxyEnd.reason()).startsWith("the peer aborted: ");
            Map.Entry<TunnelConnection, TunnelEnd> serverEnd = Told.next(narrow.tunnel.serverTold.closed);
            assertThat(serverEnd.getValue().complete()).isFalse();
            long written = serverEnd.getKey().bytesToTarget();
            assertThat(written).isPositive().isLessThan(Narrow.LENGTH);
            assertThat(serverEnd.getValue().reason()).endsWith("; " + written + " bytes were written to it");
            assertThat(proxyEnd.reason()).endsWith(serverEnd.getValue().reason());
        }
    }

    /** The target takes everything, but only when both directions have ended. */
    @Test
    void aConnectionIsCompleteWhenTheSlowestEndHasEverything(@TempDir Path directory) throws Exception {
        try (Narrow narrow = new Narrow(directory);
                Socket client = narrow.tunnel.connect();
                SocketChannel service = narrow.target.accept()) {
            endBoth(client, service);
            TunnelConnection atProxy = Told.next(narrow.tunnel.proxyTold.opened);
            awaitUntil(() -> atProxy.bytesToTarget() == Narrow.LENGTH);
            assertThat(narrow.tunnel.proxyTold.closed).isEmpty();

            assertThat(Channels.newInputStream(service).readAllBytes()).hasSize(Narrow.LENGTH);
            assertThat(narrow.tunnel.proxyTold.nextEnd()).isEqualTo(TunnelEnd.COMPLETE);
            Map.Entry<TunnelConnection, TunnelEnd> serverEnd = Told.next(narrow.tunnel.serverTold.closed);
            assertThat(serverEnd.getValue()).isEqualTo(TunnelEnd.COMPLETE);
            assertThat(serverEnd.getKey().bytesToTarget()).isEqualTo(Narrow.LENGTH);
        }
    }

    /** The target ends its direction first, and the client sends everything and ends its own. */
    private static void endBoth(Socket client, SocketChannel service) throws IOException {
        service.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        client.getOutputStream().write(new byte[Narrow.LENGTH]);
        client.shutdownOutput();
    }

    /** A tunnel to a target that takes little at once. */
    private static final class Narrow implements AutoCloseable {
        static final int LENGTH = 1_000_000;

        final ServerSocketChannel target = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        final TestTunnel tunnel;

        Narrow(Path directory) throws IOException {
            Path path = directory.resolve("target");
            target.bind(UnixDomainSocketAddress.of(path));
            tunnel = TestTunnel.to(Map.of("", TunnelAddress.parse("unix:" + path)), "", TunnelOptions.defaults());
        }

        @Override
        public void close() throws IOException {
            tunnel.close();
            target.close();
        }
    }

    private static void awaitUntil(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("20 s are over").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    /** Nobody who is between the two can make the end of the network an end of the bytes. */
    @Test
    @Rule(value = "TN-5", kind = Rule.Kind.REFUSES)
    void cutConnectionDoesNotEndTheStream() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                ServerSocket between = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                TunnelProxy proxy = tunnel.startProxy(
                        TestTunnel.address(between.getLocalSocketAddress()),
                        TestTunnel.clientConfig(),
                        "",
                        TunnelOptions.defaults());
                Socket client = TestTunnel.connect(proxy.address());
                Socket fromProxy = between.accept();
                Socket toServer = TestTunnel.connect(tunnel.server.address())) {
            threads.submit(() -> fromProxy.getInputStream().transferTo(toServer.getOutputStream()));
            threads.submit(() -> toServer.getInputStream().transferTo(fromProxy.getOutputStream()));
            client.getOutputStream().write(bytes("part"));
            try (Socket service = target.accept()) {
                assertThat(service.getInputStream().readNBytes(4)).isEqualTo(bytes("part"));
                fromProxy.shutdownOutput();
                toServer.shutdownOutput();

                assertIsReset(client);
                assertIsReset(service);
            }
        }
    }

    private static void assertIsReset(Socket socket) {
        assertThatThrownBy(() -> {
                    if (socket.getInputStream().read() < 0) {
                        throw new EOFException("a clean end");
                    }
                })
                .isInstanceOf(SocketException.class);
    }

    // Refusals

    @Test
    @Rule(value = "TN-3", kind = Rule.Kind.REFUSES)
    void refusesTargetsThatDoNotExist() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(
                        Map.of("db", TestTunnel.address(target.getLocalSocketAddress())),
                        "cache",
                        TunnelOptions.defaults());
                Socket client = tunnel.connect()) {
            assertIsReset(client);
            assertThat(Told.next(tunnel.serverTold.refused)).hasMessage("\"client\" may reach no target named cache");
            assertThat(Told.next(tunnel.serverTold.refusals).reason()).isEqualTo(TunnelRefusal.Reason.TARGET);
            assertThat(tunnel.proxyTold.nextEnd().reason())
                    .isEqualTo("the peer aborted: \"client\" may reach no target named cache");
        }
    }

    /** With the same words as for one that does not exist. */
    @Test
    @Rule(value = "TN-7", kind = Rule.Kind.REFUSES)
    void connectionsEndWhenThePeerMayNoLongerReachTheirTarget() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(
                        Map.of("db", TestTunnel.address(target.getLocalSocketAddress())),
                        "db",
                        TunnelOptions.defaults());
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            client.getOutputStream().write(1);
            assertThat(service.getInputStream().read()).isEqualTo(1);

            tunnel.server.replacePeers(except("db"));
            assertIsReset(client);
            assertIsReset(service);
            assertThat(tunnel.serverTold.nextEnd().reason()).contains("may no longer use");
        }
    }

    @Test
    @Rule(value = "TN-3", kind = Rule.Kind.REFUSES)
    void refusesTargetsThatThePeerMayNotReach() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(
                Map.of("db", TestTunnel.address(target.getLocalSocketAddress())), "db", TunnelOptions.defaults())) {
            tunnel.server.replacePeers(except("db"));

            assertIsReset(tunnel.connect());
            assertThat(Told.next(tunnel.serverTold.refused)).hasMessage("\"client\" may reach no target named db");
        }
    }

    private static TunnelPeers except(String forbidden) {
        return new TunnelPeers() {
            @Override
            public List<dev.securesession.IdentityPublicKey> find(PeerId id) {
                return TestTunnel.ONLY_THE_CLIENT.find(id);
            }

            @Override
            public boolean mayReach(PeerId peer, String name) {
                return !name.equals(forbidden);
            }
        };
    }

    @Test
    @Rule(value = "TN-7", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "TN-7", kind = Rule.Kind.REFUSES)
    void revokedKeyEndsItsConnectionsAndNoOthers() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            tunnel.server.replacePeers(TestTunnel.ONLY_THE_CLIENT);
            client.getOutputStream().write(1);
            assertThat(service.getInputStream().read()).isEqualTo(1);

            tunnel.server.replacePeers(id -> List.of());
            assertIsReset(client);
            assertIsReset(tunnel.connect());
            assertThat(Told.next(tunnel.serverTold.refused)).isInstanceOf(HandshakeException.class);
        }
    }

    @Test
    void refusesAWrongServer() throws Exception {
        IdentityKeyPair other = TestKeys.pair(Curve.P256, 9);
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                TunnelProxy proxy = tunnel.startProxy(
                        TestTunnel.address(tunnel.server.address()),
                        TestTunnel.config(TestTunnel.CLIENT_KEYS, other.publicKey()),
                        "",
                        TunnelOptions.defaults());
                Socket client = TestTunnel.connect(proxy.address())) {
            client.getOutputStream().write(bytes("secret"));

            assertIsReset(client);
            assertThat(Told.next(tunnel.proxyTold.refused))
                    .hasMessageStartingWith("no session with \"server\": the signature does not fit");
            assertThat(Told.next(tunnel.proxyTold.refusals).reason()).isEqualTo(TunnelRefusal.Reason.HANDSHAKE);
            assertThat(tunnel.proxyTold.opened).isEmpty();
            assertThat(tunnel.proxyTold.closed).isEmpty();
            assertThat(tunnel.serverTold.opened).isEmpty();
        }
    }

    /** A proxy tests by it when it has started whether both ends accept each other. */
    @Test
    @Rule(value = "TN-2", kind = Rule.Kind.REFUSES)
    void endWithoutARequestIsRefusedAndNotReported() throws Exception {
        TunnelOptions options = TunnelOptions.defaults().withMaxConnections(1);
        try (TestTunnel tunnel =
                TestTunnel.to(Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", options)) {
            assertThat(refusalOf(tunnel, new byte[0])).hasSize(8);

            String session = refusalOf(tunnel, new byte[] {1});
            TunnelRefusal first = Told.next(tunnel.serverTold.refusals);
            assertThat(first.sessionId()).contains(session);
            assertThat(first.reason()).isEqualTo(TunnelRefusal.Reason.REQUEST);
        }
    }

    /** Ends a stream with a request that is none; returns the id of the session. */
    private static String refusalOf(TestTunnel tunnel, byte[] request) throws Exception {
        try (SecureStream stream = SecureStream.over(SecureConnection.connect(
                TestTunnel.connect(tunnel.server.address()), TestTunnel.clientConfig(), TestTunnel.SERVER))) {
            stream.output().write(request);
            stream.shutdownOutput();
            assertThatExceptionOfType(StreamAbortedException.class)
                    .isThrownBy(() -> stream.input().read())
                    .satisfies(e -> assertThat(e.code()).isEqualTo(256));
            return HexFormat.of().formatHex(stream.connection().session().sessionId());
        }
    }

    @Test
    void saysThatTheTargetIsDown() throws Exception {
        target.close();
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket client = tunnel.connect()) {
            assertIsReset(client);
            assertThat(Told.next(tunnel.serverTold.refused)).hasMessageContaining("cannot be reached for \"client\"");
            assertThat(Told.next(tunnel.serverTold.refusals).reason()).isEqualTo(TunnelRefusal.Reason.UNREACHABLE);
            assertThat(tunnel.proxyTold.nextEnd().reason()).isEqualTo("the peer aborted: the target cannot be reached");
        }
    }

    @Test
    void saysThatTheServerIsDown() throws Exception {
        target.close();
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                TunnelProxy proxy = tunnel.startProxy(
                        TestTunnel.address(target.getLocalSocketAddress()),
                        TestTunnel.clientConfig(),
                        "",
                        TunnelOptions.defaults());
                Socket client = TestTunnel.connect(proxy.address())) {
            assertIsReset(client);
            assertThat(Told.next(tunnel.proxyTold.refused)).hasMessageContaining("cannot be reached");
            assertThat(Told.next(tunnel.proxyTold.refusals).reason()).isEqualTo(TunnelRefusal.Reason.UNREACHABLE);
        }
    }

    /** Whoever is no peer of ours gets nothing, and nobody hears of it but the log. */
    @Test
    void refusesWhatIsNoHandshake() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket stranger = TestTunnel.connect(tunnel.server.address())) {
            stranger.getOutputStream().write(bytes("GET / HTTP/1.1\r\n\r\n"));

            assertThatThrownBy(() -> {
                        InputStream in = stranger.getInputStream();
                        assertThat(in.read()).isNegative();
                        throw new SocketException("ended");
                    })
                    .isInstanceOf(SocketException.class);
            assertThat(Told.next(tunnel.serverTold.refused)).isInstanceOf(IOException.class);
            TunnelRefusal refusal = Told.next(tunnel.serverTold.refusals);
            assertThat(refusal.reason()).isEqualTo(TunnelRefusal.Reason.HANDSHAKE);
            assertThat(refusal.sessionId()).isEmpty();
        }
    }

    @Test
    void limitsTheConnections() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress())) {
            TunnelOptions one = TunnelOptions.defaults().withMaxConnections(1);
            try (TunnelProxy proxy = tunnel.startProxy(
                            TestTunnel.address(tunnel.server.address()), TestTunnel.clientConfig(), "", one);
                    Socket first = TestTunnel.connect(proxy.address());
                    Socket service = target.accept();
                    Socket second = TestTunnel.connect(proxy.address())) {
                assertIsReset(second);
                assertThat(Told.next(tunnel.proxyTold.refused)).hasMessageContaining("has 1 connections");

                first.shutdownOutput();
                service.close();
                assertThat(tunnel.proxyTold.nextEnd().complete()).isTrue();
                try (Socket third = TestTunnel.connect(proxy.address());
                        Socket again = target.accept()) {
                    again.getOutputStream().write(7);
                    assertThat(third.getInputStream().read()).isEqualTo(7);
                }
            }
        }
    }

    @Test
    void limitsTheConnectionsOfEachPeer() throws Exception {
        PeerId other = PeerId.ofUtf8("other");
        IdentityKeyPair otherKeys = TestKeys.pair(Curve.P256, 3);
        Map<String, TunnelAddress> targets = Map.of("", TestTunnel.address(target.getLocalSocketAddress()));
        TunnelOptions two = TunnelOptions.defaults().withMaxConnectionsPerPeer(2);
        try (TestTunnel tunnel = TestTunnel.to(targets, "", two)) {
            tunnel.server.replacePeers(
                    id -> id.equals(other) ? List.of(otherKeys.publicKey()) : TestTunnel.ONLY_THE_CLIENT.find(id));
            try (Socket first = tunnel.connect();
                    Socket service = target.accept();
                    Socket second = tunnel.connect();
                    Socket secondService = target.accept()) {
                try (Socket third = tunnel.connect()) {
                    assertIsReset(third);
                }
                String reason = "\"client\" has 2 connections, which is the limit of one peer";
                assertThat(Told.next(tunnel.serverTold.refused)).hasMessage(reason);
                Map.Entry<TunnelConnection, TunnelEnd> atProxy = Told.next(tunnel.proxyTold.closed);
                assertThat(atProxy.getValue().reason()).isEqualTo("the peer aborted: " + reason);
                TunnelRefusal refusal = Told.next(tunnel.serverTold.refusals);
                assertThat(refusal.reason()).isEqualTo(TunnelRefusal.Reason.PEER_LIMIT);
                assertThat(refusal.sessionId())
                        .isPresent()
                        .isEqualTo(atProxy.getKey().sessionId());

                SessionConfig config = SessionConfig.of(
                        LocalIdentity.of(other, otherKeys.privateKey()),
                        PeerDirectory.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.publicKey()));
                try (TunnelProxy proxy =
                                tunnel.startProxy(TestTunnel.address(tunnel.server.address()), config, "", two);
                        Socket ofOther = TestTunnel.connect(proxy.address());
                        Socket otherService = target.accept()) {
                    otherService.getOutputStream().write(8);
                    assertThat(ofOther.getInputStream().read()).isEqualTo(8);
                    endBoth(ofOther, otherService);
                    assertThat(tunnel.serverTold.nextEnd().complete()).isTrue();
                }

                // The place of a connection that has ended is free.
                endBoth(first, service);
                assertThat(tunnel.serverTold.nextEnd().complete()).isTrue();
                try (Socket fourth = tunnel.connect();
                        Socket fourthService = target.accept()) {
                    fourthService.getOutputStream().write(9);
                    assertThat(fourth.getInputStream().read()).isEqualTo(9);
                }
                assertThat(second.isClosed() || secondService.isClosed()).isFalse();
            }
        }
    }

    private static void endBoth(Socket client, Socket service) throws IOException {
        client.shutdownOutput();
        assertThat(service.getInputStream().read()).isNegative();
        service.shutdownOutput();
        assertThat(client.getInputStream().read()).isNegative();
    }

    // Time

    @Test
    void endsIdleConnections() throws Exception {
        TunnelOptions options = TunnelOptions.defaults().withIdleTimeout(Duration.ofMillis(200));
        try (TestTunnel tunnel =
                        TestTunnel.to(Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", options);
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            assertIsReset(client);
            assertIsReset(service);
        }
    }

    @Test
    @Rule(value = "TN-6", kind = Rule.Kind.ACCEPTS)
    void keepAlivesKeepQuietConnections() throws Exception {
        TunnelOptions options = TunnelOptions.defaults().withKeepAlive(Duration.ofMillis(20));
        try (TestTunnel tunnel =
                        TestTunnel.to(Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", options);
                Socket client = tunnel.connect();
                Socket service = target.accept()) {
            client.setSoTimeout(300);
            assertThatExceptionOfType(java.net.SocketTimeoutException.class)
                    .isThrownBy(() -> client.getInputStream().read());
            service.getOutputStream().write(3);
            client.setSoTimeout(10_000);
            assertThat(client.getInputStream().read()).isEqualTo(3);
        }
    }

    /** The server waits for the bytes of a target, and must not take the proxy, which has nothing to send, for gone. */
    @Test
    void keepAlivesGoOnAfterTheEndOfADirection() throws Exception {
        TunnelOptions options = TunnelOptions.defaults().withKeepAlive(Duration.ofMillis(20));
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                ServerSocket between = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                TunnelProxy proxy = tunnel.startProxy(
                        TestTunnel.address(between.getLocalSocketAddress()), TestTunnel.clientConfig(), "", options);
                Socket client = TestTunnel.connect(proxy.address());
                Socket fromProxy = between.accept();
                Socket toServer = TestTunnel.connect(tunnel.server.address())) {
            threads.submit(() -> toServer.getInputStream().transferTo(fromProxy.getOutputStream()));
            AtomicLong forwarded = new AtomicLong();
            threads.submit(() -> {
                byte[] piece = new byte[1000];
                for (int count = fromProxy.getInputStream().read(piece);
                        count >= 0;
                        count = fromProxy.getInputStream().read(piece)) {
                    toServer.getOutputStream().write(piece, 0, count);
                    forwarded.addAndGet(count);
                }
                return null;
            });
            client.shutdownOutput();
            try (Socket service = target.accept()) {
                assertThat(service.getInputStream().read()).isEqualTo(-1);
                long atTheEnd = forwarded.get();
                awaitUntil(() -> forwarded.get() > atTheEnd + 500);
            }
        }
    }

    @Test
    @Rule(value = "TN-6", kind = Rule.Kind.REFUSES)
    void peerFromWhichNothingArrivesIsTakenForGone() throws Exception {
        TunnelOptions options = TunnelOptions.defaults()
                .withKeepAlive(Duration.ofMillis(50))
                .withMinPeerTimeout(Duration.ofMillis(200));
        try (TestTunnel tunnel =
                        TestTunnel.to(Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", options);
                TunnelProxy silent = tunnel.startProxy(
                        TestTunnel.address(tunnel.server.address()),
                        TestTunnel.clientConfig(),
                        "",
                        options.withKeepAlive(Duration.ZERO));
                Socket client = TestTunnel.connect(silent.address());
                Socket service = target.accept()) {
            assertIsReset(service);
            assertIsReset(client);
            assertThat(tunnel.serverTold.nextEnd().reason()).contains("nothing has arrived from the peer");
        }
    }

    @Test
    void drainsBeforeItStops() throws Exception {
        TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
        try (Socket client = tunnel.connect();
                Socket service = target.accept()) {
            Future<?> stopping = threads.submit(() -> tunnel.server.close(Duration.ofSeconds(30)));
            client.getOutputStream().write(bytes("last words"));
            client.shutdownOutput();
            assertThat(service.getInputStream().readAllBytes()).isEqualTo(bytes("last words"));
            service.close();

            stopping.get(20, TimeUnit.SECONDS);
            assertThat(tunnel.serverTold.nextEnd()).isEqualTo(TunnelEnd.COMPLETE);
            assertThatThrownBy(() -> TestTunnel.connect(tunnel.server.address()))
                    .isInstanceOf(IOException.class);
        } finally {
            tunnel.close();
        }
    }

    @Test
    void stoppingTellsThePeerWhy() throws Exception {
        TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
        try (Socket client = tunnel.connect();
                Socket service = target.accept()) {
            tunnel.server.close();

            assertIsReset(client);
            assertIsReset(service);
            assertThat(tunnel.proxyTold.nextEnd().reason()).isEqualTo("the peer aborted: the tunnel was stopped");
        } finally {
            tunnel.close();
        }
    }

    // Many

    @Test
    void carriesManyConnectionsAtOnce() throws Exception {
        int count = Integer.getInteger("securesession.tunnel.connections", 100);
        TestTunnel.echo(target, threads);
        // A busy machine takes its time for so many handshakes at once.
        TunnelOptions patient = TunnelOptions.defaults()
                .withHandshakeDeadline(Duration.ofSeconds(50))
                .withSessionReuse(Duration.ZERO);
        try (TestTunnel tunnel =
                TestTunnel.to(Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", patient)) {
            List<Socket> clients = new ArrayList<>();
            try {
                for (int i = 0; i < count; i++) {
                    clients.add(tunnel.connect());
                }
                for (int i = 0; i < count; i++) {
                    clients.get(i).getOutputStream().write(bytes("number " + i));
                }
                for (int i = 0; i < count; i++) {
                    byte[] expected = bytes("number " + i);
                    clients.get(i).shutdownOutput();
                    assertThat(clients.get(i).getInputStream().readAllBytes()).isEqualTo(expected);
                }
            } finally {
                for (Socket client : clients) {
                    client.close();
                }
            }
            for (int i = 0; i < count; i++) {
                assertThat(tunnel.serverTold.nextEnd()).isEqualTo(TunnelEnd.COMPLETE);
            }
            assertThat(tunnel.server.connections()).isEmpty();
            assertThat(tunnel.server.counters().established()).isEqualTo(count);
            assertThat(tunnel.server.counters().failed()).isZero();
        }
    }

    @Test
    @SuppressWarnings("AddressSelection") // The addresses are literals.
    void allAddressesOfIpv4AreNoneOfIpv6() throws Exception {
        try (Endpoints endpoints = new Endpoints(TunnelOptions.defaults());
                Endpoints.Listening listening = endpoints.listen(
                        TunnelAddress.parse("0.0.0.0:0"),
                        Endpoints.ChildReads.AT_ONCE,
                        new ChannelInboundHandlerAdapter())) {
            int port = ((InetSocketAddress) listening.address()).getPort();
            new Socket("127.0.0.1", port).close();
            // Refused, or unreachable on a machine without IPv6.
            assertThatIOException().isThrownBy(() -> new Socket("::1", port).close());
        }
    }

    // Unix-domain sockets

    @Test
    void bothEndsMayBeUnixSockets(@TempDir Path directory) throws Exception {
        Path service = directory.resolve("service");
        Path proxyPath = directory.resolve("proxy");
        Path serverPath = directory.resolve("server");
        try (ServerSocketChannel unixTarget = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            unixTarget.bind(UnixDomainSocketAddress.of(service));
            try (TunnelServer server = TunnelServer.start(
                            TunnelAddress.parse("unix:" + serverPath),
                            LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey()),
                            dev.securesession.CryptoProviders.platform(),
                            TestTunnel.ONLY_THE_CLIENT,
                            Map.of("", TunnelAddress.parse("unix:" + service)),
                            TunnelOptions.defaults());
                    TunnelProxy proxy = TunnelProxy.start(
                            TunnelAddress.parse("unix:" + proxyPath),
                            TunnelAddress.parse("unix:" + serverPath),
                            TestTunnel.clientConfig(),
                            TestTunnel.SERVER,
                            "",
                            TunnelOptions.defaults());
                    SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(proxyPath));
                    SocketChannel accepted = unixTarget.accept()) {
                assertThat(Files.getPosixFilePermissions(proxyPath)).hasSize(2);
                assertThat(server.toString()).contains("unix:" + serverPath);
                assertThat(proxy.toString()).contains("unix:" + proxyPath);
                client.write(ByteBuffer.wrap(bytes("hello")));
                client.shutdownOutput();
                ByteBuffer arrived = ByteBuffer.allocate(100);
                while (accepted.read(arrived) >= 0) {
                    // Until the end.
                }
                assertThat(new String(arrived.array(), 0, arrived.position(), StandardCharsets.UTF_8))
                        .isEqualTo("hello");

                assertThatExceptionOfType(BindException.class)
                        .isThrownBy(() -> TunnelProxy.start(
                                TunnelAddress.parse("unix:" + proxyPath),
                                TunnelAddress.parse("unix:" + serverPath),
                                TestTunnel.clientConfig(),
                                TestTunnel.SERVER,
                                "",
                                TunnelOptions.defaults()))
                        .withMessageContaining("another process listens");
            }
            assertThat(proxyPath).doesNotExist();

            // A file that a killed server has left.
            try (ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                killed.bind(UnixDomainSocketAddress.of(proxyPath));
            }
            assertThat(proxyPath).exists();
            try (TunnelProxy again = TunnelProxy.start(
                    TunnelAddress.parse("unix:" + proxyPath),
                    TunnelAddress.parse("unix:" + serverPath),
                    TestTunnel.clientConfig(),
                    TestTunnel.SERVER,
                    "",
                    TunnelOptions.defaults())) {
                assertThat(again.connections()).isEmpty();
            }
            Files.writeString(proxyPath, "precious");
            assertThatExceptionOfType(BindException.class)
                    .isThrownBy(() -> TunnelProxy.start(
                            TunnelAddress.parse("unix:" + proxyPath),
                            TunnelAddress.parse("unix:" + serverPath),
                            TestTunnel.clientConfig(),
                            TestTunnel.SERVER,
                            "",
                            TunnelOptions.defaults()))
                    .withMessageContaining("no socket");
            assertThat(proxyPath).hasContent("precious");
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package dev.securesession.tunnel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.testsupport.Rule;
import dev.securesession.tunnel.TestTunnel.Told;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connections that follow one another in one session, over real sockets. */
@Timeout(60)
class SessionReuseTest {
    private static final int EVENT_LOOPS = Runtime.getRuntime().availableProcessors();
    private static final TunnelOptions OPTIONS = TunnelOptions.defaults();

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private ServerSocket target;

    @BeforeEach
    void listen() throws IOException {
        target = new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
        TestTunnel.echo(target, threads);
    }

    @AfterEach
    void stop() throws IOException {
        target.close();
        threads.shutdownNow();
    }

    @Test
    @Rule(value = "TN-9", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "TN-10", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "TN-12", kind = Rule.Kind.ACCEPTS)
    void connectionsFollowOneAnotherInASession() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            Set<String> sessions = new HashSet<>();
            int highest = 0;
            for (int i = 0; i < 4 * EVENT_LOOPS; i++) {
                TunnelConnection atProxy = echo(tunnel, "connection " + i);
                TunnelConnection atServer = Told.next(tunnel.serverTold.closed).getKey();

                assertThat(atServer.sessionId()).isEqualTo(atProxy.sessionId());
                assertThat(atServer.number()).isEqualTo(atProxy.number());
                sessions.add(atProxy.sessionId().orElseThrow());
                highest = Math.max(highest, atProxy.number());
                await(() -> tunnel.proxy.spareCount() == sessions.size());
            }

            assertThat(sessions).hasSizeLessThanOrEqualTo(EVENT_LOOPS);
            assertThat(highest).isGreaterThanOrEqualTo(4);
            assertThat(tunnel.server.counters().established()).isEqualTo(sessions.size());
            assertThat(tunnel.proxyTold.opened).hasSize(4 * EVENT_LOOPS);
            assertThat(tunnel.proxyTold.refused).isEmpty();
            assertThat(tunnel.serverTold.refused).isEmpty();
        }
    }

    @Test
    @Rule(value = "TN-9", kind = Rule.Kind.REFUSES)
    @Rule(value = "TN-10", kind = Rule.Kind.REFUSES)
    void sessionThatIsTooOldCarriesNoOtherConnection() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS.withSessionReuse(Duration.ofNanos(1)))) {
            assertEachConnectionHasASessionOfItsOwn(tunnel);
        }
    }

    @Test
    void sessionsAreNotUsedAgainWhereThatIsSwitchedOff() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS.withSessionReuse(Duration.ZERO))) {
            assertEachConnectionHasASessionOfItsOwn(tunnel);
        }
    }

    private void assertEachConnectionHasASessionOfItsOwn(TestTunnel tunnel) throws Exception {
        for (int i = 0; i < 2 * EVENT_LOOPS; i++) {
            assertThat(echo(tunnel, "alone").number()).isEqualTo(1);
            assertThat(tunnel.proxy.spareCount()).isZero();
        }
        assertThat(tunnel.server.counters().established()).isEqualTo(2L * EVENT_LOOPS);
    }

    /** A spare session ends at its time, also if nobody asks for it. */
    @Test
    void spareSessionEndsAtItsTime() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS.withSessionReuse(Duration.ofSeconds(3)))) {
            echo(tunnel, "kept");
            await(() -> tunnel.proxy.spareCount() == 0);
            await(() -> tunnel.server.spareCount() == 0);
            assertThat(tunnel.serverTold.refused).isEmpty();
            assertThat(tunnel.proxyTold.refused).isEmpty();
        }
    }

    @Test
    @Rule(value = "TN-9", kind = Rule.Kind.REFUSES)
    void connectionThatFailedIsTheLastOfItsSession() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            for (int i = 0; i < 2 * EVENT_LOOPS; i++) {
                try (Socket client = tunnel.connect()) {
                    client.getOutputStream().write(1);
                    assertThat(client.getInputStream().read()).isEqualTo(1);
                    client.setSoLinger(true, 0);
                }
                assertThat(Told.next(tunnel.proxyTold.closed).getKey().number()).isEqualTo(1);
                assertThat(Told.next(tunnel.serverTold.closed).getValue().complete())
                        .isFalse();
                assertThat(tunnel.proxy.spareCount()).isZero();
                assertThat(tunnel.server.spareCount()).isZero();
            }
        }
    }

    @Test
    @Rule(value = "TN-7", kind = Rule.Kind.REFUSES)
    @Rule(value = "TN-11", kind = Rule.Kind.ACCEPTS)
    void spareSessionsOfARevokedPeerEndAtOnce() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            keepOne(tunnel);
            tunnel.server.replacePeers(id -> List.of());

            await(() -> tunnel.proxy.spareCount() == 0 && tunnel.server.spareCount() == 0);
            try (Socket client = tunnel.connect()) {
                assertThatExceptionOfType(SocketException.class)
                        .isThrownBy(() -> client.getInputStream().read());
            }
        }
    }

    @Test
    void spareSessionsOfAPeerThatIsClosedEnd() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            keepOne(tunnel);
            tunnel.server.closePeer(PeerId.ofUtf8("another"));
            for (int i = 0; i < EVENT_LOOPS; i++) {
                echo(tunnel, "goes on");
            }
            assertThat(tunnel.proxyTold.opened.stream().mapToInt(TunnelConnection::number))
                    .contains(2);
            tunnel.server.closePeer(TestTunnel.CLIENT);

            await(() -> tunnel.proxy.spareCount() == 0 && tunnel.server.spareCount() == 0);
            assertThat(echo(tunnel, "again").number()).isEqualTo(1);
        }
    }

    /** The connection of a closed peer may be completed at the same moment. */
    @Test
    void sessionOfAPeerThatIsClosedIsNotKept() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            for (int i = 0; i < 50; i++) {
                echo(tunnel, "closed in any state");
                tunnel.server.closePeer(TestTunnel.CLIENT);
                await(() -> tunnel.server.connections().isEmpty() && tunnel.server.spareCount() == 0);
                await(() -> tunnel.proxy.spareCount() == 0);
            }
        }
    }

    @Test
    void replacedIdentitiesBeginNewSessions() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            keepOne(tunnel);
            tunnel.proxy.replaceConfig(TestTunnel.clientConfig());
            await(() -> tunnel.proxy.spareCount() == 0 && tunnel.server.spareCount() == 0);

            keepOne(tunnel);
            tunnel.server.replaceIdentity(LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey()));
            await(() -> tunnel.proxy.spareCount() == 0 && tunnel.server.spareCount() == 0);
        }
    }

    /** What was begun with an identity that is replaced meanwhile carries no other connection. */
    @Test
    @Rule(value = "TN-9", kind = Rule.Kind.REFUSES)
    void sessionOfAReplacedIdentityIsNotKeptAtTheProxy() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            assertIsNotKept(tunnel, () -> tunnel.proxy.replaceConfig(TestTunnel.clientConfig()));
        }
    }

    @Test
    @Rule(value = "TN-9", kind = Rule.Kind.REFUSES)
    void sessionOfAReplacedIdentityIsNotKeptAtTheServer() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            assertIsNotKept(
                    tunnel,
                    () -> tunnel.server.replaceIdentity(
                            LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey())));
        }
    }

    private static void assertIsNotKept(TestTunnel tunnel, Runnable replace) throws Exception {
        try (Socket client = tunnel.connect()) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            replace.run();
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
        String session = Told.next(tunnel.proxyTold.closed).getKey().sessionId().orElseThrow();
        assertThat(Told.next(tunnel.serverTold.closed).getValue().complete()).isTrue();
        await(() -> tunnel.proxy.spareCount() == 0);
        for (int i = 0; i < EVENT_LOOPS; i++) {
            assertThat(echo(tunnel, "new").sessionId()).get().isNotEqualTo(session);
        }
    }

    /** The channels are closed later, on their event loops. */
    @Test
    void noSessionIsAcquiredAfterTheGenerationHasEnded() {
        SpareSessions sessions = new SpareSessions();
        ProxySession session = new ProxySession(sessions, Duration.ofMinutes(1));
        EmbeddedChannel channel = new EmbeddedChannel(session);
        session.becomeSpare();
        assertThat(sessions.count()).isEqualTo(1);
        sessions.clear();

        assertThat(sessions.acquire(channel.eventLoop())).isNull();
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void serverThatStopsEndsItsSpareSessions() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS)) {
            keepOne(tunnel);
            tunnel.server.close(Duration.ZERO);

            await(() -> tunnel.proxy.spareCount() == 0);
            assertThat(tunnel.proxyTold.refused).isEmpty();
        }
    }

    /** Otherwise the sessions of one peer, which nobody uses, would refuse another peer. */
    @Test
    @Rule(value = "TN-11", kind = Rule.Kind.ACCEPTS)
    void spareSessionMakesRoomAtTheLimit() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS.withMaxConnections(1))) {
            keepOne(tunnel);
            Told told = new Told();
            try (TunnelProxy other = TunnelProxy.start(
                            TunnelAddress.parse("127.0.0.1:0"),
                            TestTunnel.address(tunnel.server.address()),
                            TestTunnel.clientConfig(),
                            TestTunnel.SERVER,
                            "",
                            OPTIONS.withListener(told));
                    Socket client = TestTunnel.connect(other.address())) {
                client.getOutputStream().write(7);
                assertThat(client.getInputStream().read()).isEqualTo(7);

                await(() -> tunnel.proxy.spareCount() == 0);
                assertThat(tunnel.serverTold.refused).isEmpty();
                try (Socket beyond = tunnel.connect()) {
                    assertThatExceptionOfType(SocketException.class)
                            .isThrownBy(() -> beyond.getInputStream().read());
                }
            }
        }
    }

    /** Whatever its proxies do, a peer has no more sessions than it may have connections. */
    @Test
    void spareSessionsCountForTheLimitOfTheirPeer() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS.withMaxConnectionsPerPeer(2))) {
            List<TunnelProxy> proxies = new ArrayList<>();
            try {
                for (int i = 0; i < 6; i++) {
                    TunnelProxy proxy = tunnel.startProxy(
                            TestTunnel.address(tunnel.server.address()), TestTunnel.clientConfig(), "", OPTIONS);
                    proxies.add(proxy);
                    completeOne(proxy);
                    Told.next(tunnel.serverTold.closed);
                    await(() -> tunnel.server.spareCount() > 0);
                    assertThat(tunnel.server.spareCount()).isLessThanOrEqualTo(2);
                }
                await(() -> proxies.stream().mapToInt(TunnelProxy::spareCount).sum() <= 2);
                assertThat(tunnel.serverTold.refused).isEmpty();
            } finally {
                proxies.forEach(TunnelProxy::close);
            }
        }
    }

    /** Whoever stands between the two cannot make a cut look like an end, in whichever connection of a session. */
    @Test
    @Rule(value = "TN-5", kind = Rule.Kind.ACCEPTS)
    void cutInALaterConnectionIsAReset() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS);
                Between between = new Between(tunnel.server);
                TunnelProxy proxy = tunnel.startProxy(between.address(), TestTunnel.clientConfig(), "", OPTIONS)) {
            for (int i = 0; i <= EVENT_LOOPS; i++) {
                completeOne(proxy);
                Told.next(tunnel.proxyTold.closed);
                int kept = Math.min(i + 1, EVENT_LOOPS);
                await(() -> proxy.spareCount() == kept);
            }
            try (Socket client = TestTunnel.connect(proxy.address())) {
                client.getOutputStream().write(1);
                assertThat(client.getInputStream().read()).isEqualTo(1);
                between.cut();

                assertThatExceptionOfType(SocketException.class)
                        .isThrownBy(() -> client.getInputStream().read());
            }
            Map.Entry<TunnelConnection, TunnelEnd> end = Told.next(tunnel.proxyTold.closed);
            assertThat(end.getKey().number()).isGreaterThan(1);
            assertThat(end.getValue().complete()).isFalse();
            await(() -> proxy.spareCount() == 0);
            await(() -> tunnel.server.spareCount() == 0);
        }
    }

    @Test
    @Rule(value = "TN-12", kind = Rule.Kind.REFUSES)
    void requestThatCrossesTheEndOfItsSessionFailsAndIsNotRepeated() throws Exception {
        try (TestTunnel tunnel = tunnel(OPTIONS);
                Between between = new Between(tunnel.server);
                TunnelProxy proxy = tunnel.startProxy(between.address(), TestTunnel.clientConfig(), "", OPTIONS)) {
            completeOne(proxy);
            Told.next(tunnel.proxyTold.closed);
            await(() -> proxy.spareCount() == 1 && tunnel.server.spareCount() == 1);
            tunnel.proxyTold.opened.clear();
            tunnel.serverTold.opened.clear();
            between.holdBack();
            tunnel.server.closePeer(TestTunnel.CLIENT);
            await(() -> tunnel.server.spareCount() == 0);

            // One for each event loop: of these one has the spare session, and only that is opened now.
            List<Socket> clients = new ArrayList<>();
            for (int i = 0; i < EVENT_LOOPS; i++) {
                Socket client = TestTunnel.connect(proxy.address());
                clients.add(client);
                client.getOutputStream().write(1);
            }
            TunnelConnection crossing = Told.next(tunnel.proxyTold.opened);
            assertThat(crossing.number()).isEqualTo(2);
            between.letPass();
            Map.Entry<TunnelConnection, TunnelEnd> end = Told.next(tunnel.proxyTold.closed);
            assertThat(end.getKey()).isSameAs(crossing);
            assertThat(end.getValue().reason()).isEqualTo("the peer aborted: the connections of this peer were closed");
            for (int i = 1; i < EVENT_LOOPS; i++) {
                assertThat(Told.next(tunnel.serverTold.opened).number()).isEqualTo(1);
            }
            assertThat(tunnel.serverTold.opened).isEmpty();
            for (Socket client : clients) {
                client.close();
            }
        }
    }

    @Test
    @Rule(value = "TN-10", kind = Rule.Kind.REFUSES)
    @Rule(value = "TN-11", kind = Rule.Kind.REFUSES)
    void spareSessionInWhichDataOrAnEndArriveIsClosed() {
        for (boolean data : new boolean[] {true, false}) {
            SpareSessions sessions = new SpareSessions();
            ProxySession session = new ProxySession(sessions, Duration.ofMinutes(1));
            EmbeddedChannel channel = new EmbeddedChannel(session);
            session.becomeSpare();
            if (data) {
                channel.writeInbound(Unpooled.buffer().writeByte(1));
            } else {
                channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            }

            assertThat(sessions.count()).isZero();
            assertThat(channel.isOpen()).isFalse();
            assertThat(channel.inboundMessages()).isEmpty();
        }
    }

    /** Has a connection carry a byte there and back, and end in both directions. */
    private static void completeOne(TunnelProxy proxy) throws IOException {
        try (Socket client = TestTunnel.connect(proxy.address())) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    /** Has one connection, and waits until its session is kept at both ends. */
    private static void keepOne(TestTunnel tunnel) throws Exception {
        echo(tunnel, "first");
        await(() -> tunnel.proxy.spareCount() > 0 && tunnel.server.spareCount() > 0);
    }

    /** Sends a text through the tunnel and back, and returns the connection that carried it. */
    private static TunnelConnection echo(TestTunnel tunnel, String text) throws Exception {
        try (Socket client = tunnel.connect()) {
            client.getOutputStream().write(text.getBytes(UTF_8));
            client.shutdownOutput();
            assertThat(new String(client.getInputStream().readAllBytes(), UTF_8))
                    .isEqualTo(text);
        }
        Map.Entry<TunnelConnection, TunnelEnd> end = Told.next(tunnel.proxyTold.closed);
        assertThat(end.getValue()).isEqualTo(TunnelEnd.COMPLETE);
        return end.getKey();
    }

    /** The timeout of the class ends a wait in vain. */
    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (Thread.interrupted()) {
                throw new AssertionError("waited in vain");
            }
            Thread.onSpinWait();
        }
    }

    private TestTunnel tunnel(TunnelOptions options) throws IOException {
        return TestTunnel.to(Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", options);
    }

    /** Passes connections on to a server until it cuts them. */
    private final class Between implements AutoCloseable {
        private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();
        private final ReentrantLock toProxy = new ReentrantLock();

        Between(TunnelServer server) throws IOException {
            int port = ((InetSocketAddress) server.address()).getPort();
            threads.submit(() -> {
                while (true) {
                    Socket from = listening.accept();
                    Socket to = new Socket(InetAddress.getLoopbackAddress(), port);
                    sockets.add(from);
                    sockets.add(to);
                    threads.submit(() -> from.getInputStream().transferTo(to.getOutputStream()));
                    threads.submit(() -> passToProxy(to.getInputStream(), from.getOutputStream()));
                }
            });
        }

        private Void passToProxy(InputStream in, OutputStream out) throws IOException {
            byte[] bytes = new byte[8192];
            for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
                toProxy.lock();
                try {
                    out.write(bytes, 0, length);
                } finally {
                    toProxy.unlock();
                }
            }
            return null;
        }

        /** Holds back what the server sends, until the same thread lets it pass. */
        void holdBack() {
            toProxy.lock();
        }

        void letPass() {
            toProxy.unlock();
        }

        TunnelAddress address() {
            return TestTunnel.address(listening.getLocalSocketAddress());
        }

        void cut() throws IOException {
            for (Socket socket : sockets) {
                socket.close();
            }
        }

        @Override
        public void close() throws IOException {
            listening.close();
            cut();
        }
    }
}

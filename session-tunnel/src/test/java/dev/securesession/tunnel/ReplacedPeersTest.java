package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.CryptoProviders;
import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.testkit.TestKeys;
import dev.securesession.testsupport.Rule;
import io.netty.util.internal.ThreadExecutorMap;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is replaced while a server runs, and which connections notice. */
@Timeout(60)
class ReplacedPeersTest {
    private ServerSocket target;

    @BeforeEach
    void listen() throws IOException {
        target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        target.setSoTimeout(20_000);
    }

    @AfterEach
    void stop() throws IOException {
        target.close();
    }

    @Test
    @Rule(value = "TN-7", kind = Rule.Kind.REFUSES)
    void peerThatIsRevokedWhileItsTargetIsConnectedIsCutOff() throws Exception {
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress())) {
            AtomicBoolean revoked = new AtomicBoolean();
            tunnel.server.replacePeers(new TunnelPeers() {
                @Override
                public List<IdentityPublicKey> find(PeerId peer) {
                    return TestTunnel.ONLY_THE_CLIENT.find(peer);
                }

                @Override
                public boolean mayReach(PeerId peer, String name) {
                    // The peer passes, and is revoked before its connection is open.
                    if (revoked.compareAndSet(false, true)) {
                        tunnel.server.replacePeers(id -> List.of());
                    }
                    return true;
                }
            });

            try (Socket client = tunnel.connect()) {
                assertThatExceptionOfType(SocketException.class)
                        .isThrownBy(() -> client.getInputStream().read());
            }
            assertThat(tunnel.serverTold.nextEnd().reason()).contains("may no longer use this connection");
            assertThat(tunnel.server.connections()).isEmpty();
        }
    }

    /** The target does not answer, so the connection of the peer waits for it. */
    @Test
    void peerIsClosedWhileItsTargetIsBeingConnected() throws Exception {
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            List<Socket> queue = new ArrayList<>();
            try (TestTunnel tunnel = TestTunnel.to(full.getLocalSocketAddress())) {
                // The queue of the target is full: who connects next gets no answer.
                for (int i = 0; i < 3; i++) {
                    Socket waiting = new Socket();
                    queue.add(waiting);
                    try {
                        waiting.connect(full.getLocalSocketAddress(), 200);
                    } catch (SocketTimeoutException e) {
                        break;
                    }
                }
                try (Socket client = tunnel.connect()) {
                    awaitConnecting(tunnel.server);
                    tunnel.server.closePeer(TestTunnel.CLIENT);

                    assertThatExceptionOfType(SocketException.class)
                            .isThrownBy(() -> client.getInputStream().read());
                }
                assertThat(tunnel.server.connections()).isEmpty();
            } finally {
                for (Socket waiting : queue) {
                    waiting.close();
                }
            }
        }
    }

    /**
     * The connection of a Unix-domain socket succeeds in the task that begins it: the peer is closed while its target is being
     * connected, and what that leaves to do is done when the connection is open.
     */
    @Test
    void peerIsClosedAtTheMomentAtWhichItsTargetIsConnected(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        try (ServerSocketChannel service = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            service.bind(UnixDomainSocketAddress.of(path));
            Map<String, TunnelAddress> targets = Map.of("", TunnelAddress.parse("unix:" + path));
            try (TestTunnel tunnel = TestTunnel.to(targets, "", TunnelOptions.defaults())) {
                AtomicInteger attempts = new AtomicInteger();
                AtomicBoolean asked = new AtomicBoolean();
                tunnel.server.replacePeers(new TunnelPeers() {
                    @Override
                    public List<IdentityPublicKey> find(PeerId peer) {
                        return TestTunnel.ONLY_THE_CLIENT.find(peer);
                    }

                    @Override
                    public boolean mayReach(PeerId peer, String name) {
                        // The next task of this event loop runs when the attempt has begun, and before it connects.
                        if (asked.compareAndSet(false, true)) {
                            ThreadExecutorMap.currentExecutor().execute(() -> {
                                attempts.addAndGet(tunnel.server.connecting());
                                tunnel.server.closePeer(TestTunnel.CLIENT);
                            });
                        }
                        return true;
                    }
                });
                try (Socket client = tunnel.connect()) {
                    assertThatExceptionOfType(SocketException.class)
                            .isThrownBy(() -> client.getInputStream().read());
                }
                assertThat(attempts).as("attempts that were found").hasValue(1);
                awaitNoConnection(tunnel.server);
            }
        }
    }

    /** Nothing tells that a target is being connected; the timeout of the class ends a wait in vain. */
    private static void awaitConnecting(TunnelServer server) {
        while (server.connecting() == 0) {
            Thread.onSpinWait();
        }
    }

    /** A connection is closed first and forgotten then; the timeout of the class ends a wait in vain. */
    private static void awaitNoConnection(TunnelServer server) {
        while (!server.connections().isEmpty()) {
            Thread.onSpinWait();
        }
    }

    /** What a listener throws costs no place and leaves no connection open. */
    @Test
    void listenersThatThrowChangeNothing() throws Exception {
        carriesWith(() -> new IllegalStateException("a defect of the program"));
    }

    @Test
    void listenersThatThrowCheckedExceptionsChangeNothing() throws Exception {
        carriesWith(() -> new IOException("a listener in a language without checked exceptions"));
    }

    private void carriesWith(Supplier<Exception> failure) throws Exception {
        TunnelListener throwing = new TunnelListener() {
            @Override
            public void opened(TunnelConnection connection) {
                sneak(failure.get());
            }

            @Override
            public void closed(TunnelConnection connection, TunnelEnd end) {
                sneak(failure.get());
            }

            @SuppressWarnings("unchecked")
            private static <E extends Exception> void sneak(Exception exception) throws E {
                throw (E) exception;
            }
        };
        TunnelOptions two = TunnelOptions.defaults().withMaxConnections(2);
        try (TunnelServer server = TunnelServer.start(
                        TunnelAddress.parse("127.0.0.1:0"),
                        LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey()),
                        CryptoProviders.platform(),
                        TestTunnel.ONLY_THE_CLIENT,
                        Map.of("", TestTunnel.address(target.getLocalSocketAddress())),
                        two.withListener(throwing));
                TunnelProxy proxy = TunnelProxy.start(
                        TunnelAddress.parse("127.0.0.1:0"),
                        TestTunnel.address(server.address()),
                        TestTunnel.clientConfig(),
                        TestTunnel.SERVER,
                        "",
                        two.withListener(throwing))) {
            for (int i = 0; i < 6; i++) {
                try (Socket client = TestTunnel.connect(proxy.address());
                        Socket service = target.accept()) {
                    assertCarries(client, service);
                    reset(client);
                    assertThatExceptionOfType(SocketException.class)
                            .as("the reset of the client arrives")
                            .isThrownBy(() -> service.getInputStream().read());
                }
            }
        }
    }

    @Test
    void otherTargetAppliesToNewConnections() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket before = tunnel.connect();
                Socket atTarget = target.accept()) {
            other.setSoTimeout(20_000);
            tunnel.server.replaceTargets(Map.of("", TestTunnel.address(other.getLocalSocketAddress())));
            try (Socket after = tunnel.connect();
                    Socket atOther = other.accept()) {
                assertCarries(after, atOther);
            }
            assertCarries(before, atTarget);
        }
    }

    @Test
    void otherIdentityAppliesToNewConnections() throws Exception {
        IdentityKeyPair others = TestKeys.pair(Curve.P256, 7);
        try (TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket before = tunnel.connect();
                Socket atTarget = target.accept()) {
            tunnel.server.replaceIdentity(LocalIdentity.of(TestTunnel.SERVER, others.privateKey()));
            try (Socket refused = tunnel.connect()) {
                assertThatExceptionOfType(SocketException.class)
                        .isThrownBy(() -> refused.getInputStream().read());
            }
            tunnel.proxy.replaceConfig(TestTunnel.config(TestTunnel.CLIENT_KEYS, others.publicKey()));
            try (Socket after = tunnel.connect();
                    Socket accepted = target.accept()) {
                assertCarries(after, accepted);
            }
            assertCarries(before, atTarget);
        }
    }

    private static void reset(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    private static void assertCarries(Socket client, Socket service) throws IOException {
        service.setSoTimeout(20_000);
        client.getOutputStream().write(7);
        assertThat(service.getInputStream().read()).isEqualTo(7);
        service.getOutputStream().write(8);
        assertThat(client.getInputStream().read()).isEqualTo(8);
    }
}

package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

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

    private static void assertCarries(Socket client, Socket service) throws IOException {
        service.setSoTimeout(20_000);
        client.getOutputStream().write(7);
        assertThat(service.getInputStream().read()).isEqualTo(7);
        service.getOutputStream().write(8);
        assertThat(client.getInputStream().read()).isEqualTo(8);
    }
}

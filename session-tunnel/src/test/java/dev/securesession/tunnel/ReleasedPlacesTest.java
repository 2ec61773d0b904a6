package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import dev.securesession.tunnel.TestTunnel.Told;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What fails while a connection begins, a full heap most likely, costs this connection and no place for another. */
@Timeout(120)
class ReleasedPlacesTest {
    private static final TunnelOptions ONE_CONNECTION = TunnelOptions.defaults().withMaxConnections(1);

    /** Whoever asks for a connection holds a place, which it releases when the future has failed. */
    @ParameterizedTest
    @ValueSource(strings = {"name.test:1", "127.0.0.1:1"})
    void whatFailsAtConnectingFailsTheFuture(String address) throws Exception {
        EventLoop full = new FullHeap();
        TunnelOptions options = TunnelOptions.defaults().withResolver(host -> InetAddress.getLoopbackAddress());
        try (Endpoints endpoints = new Endpoints(options)) {
            assertThat(failure(endpoints, full, address))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("for a test");
        } finally {
            assertThat(full.shutdownGracefully(0, 0, TimeUnit.SECONDS).await(30, TimeUnit.SECONDS))
                    .isTrue();
        }
    }

    private static Throwable failure(Endpoints endpoints, EventLoop loop, String address) throws InterruptedException {
        Future<Channel> connecting;
        try {
            connecting = endpoints.connect(loop, TunnelAddress.parse(address), new ChannelInboundHandlerAdapter());
        } catch (OutOfMemoryError e) {
            throw new AssertionError("connect has thrown", e);
        }
        assertThat(connecting.await(30, TimeUnit.SECONDS))
                .as("the future is done")
                .isTrue();
        return connecting.cause();
    }

    @Test
    void failureAfterTheTargetWasConnectedReleasesThePlaceAtTheServer() throws Exception {
        try (ServerSocket target = listening();
                TestTunnel tunnel = TestTunnel.to(
                        Map.of("", TestTunnel.address(target.getLocalSocketAddress())), "", ONE_CONNECTION)) {
            tunnel.server.replacePeers(new PeersThatFailOnce());
            try (Socket client = tunnel.connect();
                    Socket accepted = target.accept()) {
                assertReset(client);
                assertReset(accepted);
                assertThat(tunnel.serverTold.nextEnd().reason()).contains("for a test");
                Told.next(tunnel.proxyTold.closed);
            }
            assertServes(tunnel, target);
        }
    }

    /** A session without its stream lets the relay fail where it starts. */
    @Test
    void failureAfterTheServerWasConnectedReleasesThePlaceAtTheProxy() throws Exception {
        try (ServerSocket target = listening();
                TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress())) {
            Told told = new Told();
            Relays relays = new Relays(1, 1, told);
            EmbeddedChannel client = new EmbeddedChannel();
            ProxySession carrier = new ProxySession(new SpareSessions(), Duration.ZERO);
            EmbeddedChannel session = new EmbeddedChannel(carrier);
            TunnelConnection facts = new TunnelConnection(TestTunnel.SERVER, null, "");

            tunnel.proxy.join(client, carrier, facts, relays.reserve(TestTunnel.SERVER));

            assertThat(client.isOpen()).isFalse();
            assertThat(session.isOpen()).isFalse();
            assertThat(tunnel.proxy.connections()).isEmpty();
            assertThat(relays.reserve(TestTunnel.SERVER)).isNotNull();
            session.releaseOutbound();
        }
    }

    private static ServerSocket listening() throws IOException {
        ServerSocket target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        target.setSoTimeout(20_000);
        return target;
    }

    private static void assertReset(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        assertThatExceptionOfType(SocketException.class)
                .isThrownBy(() -> socket.getInputStream().read())
                .withMessageContaining("reset");
    }

    private static void assertServes(TestTunnel tunnel, ServerSocket target) throws IOException {
        try (Socket client = tunnel.connect();
                Socket accepted = target.accept()) {
            accepted.setSoTimeout(20_000);
            client.getOutputStream().write(5);
            assertThat(accepted.getInputStream().read()).isEqualTo(5);
        }
    }

    /** The only call after the target was connected, and before the relay has started, is the second one. */
    private static final class PeersThatFailOnce implements TunnelPeers {
        private final AtomicInteger calls = new AtomicInteger();

        @Override
        public List<IdentityPublicKey> find(PeerId peer) {
            return TestTunnel.ONLY_THE_CLIENT.find(peer);
        }

        @Override
        public boolean mayReach(PeerId peer, String target) {
            if (calls.incrementAndGet() == 2) {
                throw new OutOfMemoryError("for a test");
            }
            return true;
        }
    }

    /** An event loop on a heap that is full whenever a connection needs something. */
    private static final class FullHeap extends DefaultEventLoop {
        @Override
        public <V> ScheduledFuture<V> schedule(Callable<V> command, long delay, TimeUnit unit) {
            throw new OutOfMemoryError("for a test");
        }

        @Override
        public ChannelFuture register(Channel channel) {
            throw new OutOfMemoryError("for a test");
        }
    }
}

package dev.securesession.tunnel;

import dev.securesession.CryptoProviders;
import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A server and a proxy on loopback, and what their listeners were told. */
final class TestTunnel implements AutoCloseable {
    static final PeerId SERVER = PeerId.ofUtf8("server");
    static final PeerId CLIENT = PeerId.ofUtf8("client");
    static final IdentityKeyPair SERVER_KEYS = TestKeys.pair(Curve.P256, 1);
    static final IdentityKeyPair CLIENT_KEYS = TestKeys.pair(Curve.P256, 2);
    static final TunnelPeers ONLY_THE_CLIENT =
            id -> id.equals(CLIENT) ? List.of(CLIENT_KEYS.publicKey()) : List.<IdentityPublicKey>of();

    final Told serverTold = new Told();
    final Told proxyTold = new Told();
    final TunnelServer server;
    TunnelProxy proxy;

    private TestTunnel(TunnelAddress listen, Map<String, TunnelAddress> targets, TunnelOptions options)
            throws IOException {
        server = TunnelServer.start(
                listen,
                LocalIdentity.of(SERVER, SERVER_KEYS.privateKey()),
                CryptoProviders.platform(),
                ONLY_THE_CLIENT,
                targets,
                options.withListener(serverTold));
    }

    static TestTunnel to(SocketAddress target) throws IOException {
        return to(Map.of("", address(target)), "", TunnelOptions.defaults());
    }

    static TestTunnel to(Map<String, TunnelAddress> targets, String target, TunnelOptions options) throws IOException {
        TestTunnel tunnel = new TestTunnel(TunnelAddress.parse("127.0.0.1:0"), targets, options);
        tunnel.proxy = tunnel.startProxy(address(tunnel.server.address()), clientConfig(), target, options);
        return tunnel;
    }

    /** Makes a tunnel whose ends listen on the given addresses. */
    static TestTunnel on(TunnelAddress proxyListen, TunnelAddress serverListen, TunnelAddress target)
            throws IOException {
        TunnelOptions options = TunnelOptions.defaults();
        TestTunnel tunnel = new TestTunnel(serverListen, Map.of("", target), options);
        tunnel.proxy = TunnelProxy.start(
                proxyListen, serverListen, clientConfig(), SERVER, "", options.withListener(tunnel.proxyTold));
        return tunnel;
    }

    TunnelProxy startProxy(TunnelAddress serverAddress, SessionConfig config, String target, TunnelOptions options)
            throws IOException {
        return TunnelProxy.start(
                TunnelAddress.parse("127.0.0.1:0"),
                serverAddress,
                config,
                SERVER,
                target,
                options.withListener(proxyTold));
    }

    static SessionConfig clientConfig() {
        return config(CLIENT_KEYS, SERVER_KEYS.publicKey());
    }

    static SessionConfig config(IdentityKeyPair own, IdentityPublicKey serverKey) {
        return SessionConfig.of(LocalIdentity.of(CLIENT, own.privateKey()), PeerDirectory.of(SERVER, serverKey));
    }

    /** Connects a client to the proxy. */
    Socket connect() throws IOException {
        return connect(proxy.address());
    }

    static Socket connect(SocketAddress address) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), ((InetSocketAddress) address).getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    /** Sends back what arrives on each connection, until the socket is closed. */
    static void echo(ServerSocket target, ExecutorService threads) {
        threads.submit(() -> {
            while (true) {
                Socket service = target.accept();
                threads.submit(() -> {
                    try (service) {
                        return service.getInputStream().transferTo(service.getOutputStream());
                    }
                });
            }
        });
    }

    static TunnelAddress address(SocketAddress address) {
        return TunnelAddress.parse("127.0.0.1:" + ((InetSocketAddress) address).getPort());
    }

    @Override
    public void close() {
        proxy.close();
        server.close();
    }

    /** Keeps what a listener was told. */
    static final class Told implements TunnelListener {
        final BlockingQueue<TunnelConnection> opened = new LinkedBlockingQueue<>();
        final BlockingQueue<Map.Entry<TunnelConnection, TunnelEnd>> closed = new LinkedBlockingQueue<>();
        final BlockingQueue<Throwable> refused = new LinkedBlockingQueue<>();
        final BlockingQueue<TunnelRefusal> refusals = new LinkedBlockingQueue<>();

        @Override
        public void opened(TunnelConnection connection) {
            opened.add(connection);
        }

        @Override
        public void closed(TunnelConnection connection, TunnelEnd end) {
            closed.add(Map.entry(connection, end));
        }

        @Override
        public void refused(TunnelRefusal refusal) {
            refused.add(refusal.cause());
            refusals.add(refusal);
        }

        TunnelEnd nextEnd() throws InterruptedException {
            return next(closed).getValue();
        }

        static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
            T next = queue.poll(20, TimeUnit.SECONDS);
            if (next == null) {
                throw new AssertionError("nothing was told within 20 s");
            }
            return next;
        }
    }
}

package dev.securesession.cli.bench;

import dev.securesession.CryptoProviders;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.FastestProviders;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelOptions;
import dev.securesession.tunnel.TunnelProxy;
import dev.securesession.tunnel.TunnelServer;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;

/** Plain connections through a proxy and a server, which run in this process as serve and proxy do, over loopback. */
final class TunnelSubject implements Subject {
    private static final PeerId CLIENT = PeerId.ofUtf8("client");
    private static final PeerId SERVER = PeerId.ofUtf8("server");
    private static final TunnelAddress ANY_PORT = TunnelAddress.parse("127.0.0.1:0");

    private final EchoService service;
    private final TunnelServer server;
    private final TunnelProxy proxy;
    private final PlainSubject clients;

    private TunnelSubject(EchoService service, TunnelServer server, TunnelProxy proxy) {
        this.service = service;
        this.server = server;
        this.proxy = proxy;
        this.clients = new PlainSubject((InetSocketAddress) proxy.address(), "");
    }

    static TunnelSubject start() throws IOException {
        IdentityKeyPair clientKeys = IdentityKeyPair.generate();
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        CryptoProviders crypto = FastestProviders.get();
        EchoService service = EchoService.start();
        TunnelServer server = orClose(
                () -> TunnelServer.start(
                        ANY_PORT,
                        LocalIdentity.of(SERVER, serverKeys.privateKey()),
                        crypto,
                        id -> id.equals(CLIENT) ? List.of(clientKeys.publicKey()) : List.of(),
                        Map.of("", address(service.address())),
                        // One peer has all the connections.
                        TunnelOptions.defaults().withMaxConnectionsPerPeer(Integer.MAX_VALUE)),
                service);
        TunnelProxy proxy = orClose(
                () -> TunnelProxy.start(
                        ANY_PORT,
                        address(server.address()),
                        SessionConfig.of(
                                        LocalIdentity.of(CLIENT, clientKeys.privateKey()),
                                        PeerDirectory.of(SERVER, serverKeys.publicKey()))
                                .withCrypto(crypto),
                        SERVER,
                        "",
                        TunnelOptions.defaults()),
                () -> {
                    server.close();
                    service.close();
                });
        return new TunnelSubject(service, server, proxy);
    }

    @Override
    public Link open() throws IOException, SecureSessionException, Failure {
        return clients.open();
    }

    @Override
    public String describe() {
        return "a tunnel over loopback, with its clients, proxy, server and service in this process";
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        server.close();
        service.close();
    }

    private static TunnelAddress address(SocketAddress address) {
        return TunnelAddress.parse("127.0.0.1:" + ((InetSocketAddress) address).getPort());
    }

    /** Returns what starts, or closes what has been started before. */
    private static <T> T orClose(Start<T> start, Closeable started) throws IOException {
        try {
            return start.start();
        } catch (IOException e) {
            started.close();
            throw e;
        }
    }

    private interface Start<T> {
        T start() throws IOException;
    }
}

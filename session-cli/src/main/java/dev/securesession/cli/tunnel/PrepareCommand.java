package dev.securesession.cli.tunnel;

import dev.securesession.CryptoProviders;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.operations.KnownPeers;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelOptions;
import dev.securesession.tunnel.TunnelProxy;
import dev.securesession.tunnel.TunnelServer;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** The command {@code prepare}: one byte through a tunnel of its own, so that the launcher can archive the classes of tunnels. */
@Command(
        name = "prepare",
        hidden = true,
        description = "Loads the classes of the other commands; for the archive that makes them start faster.")
public final class PrepareCommand extends Subcommand {
    private static final PeerId SERVER = PeerId.ofUtf8("server");
    private static final PeerId CLIENT = PeerId.ofUtf8("client");
    private static final String ANY_PORT = "127.0.0.1:0";

    @Override
    public Integer call() throws IOException {
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        IdentityKeyPair clientKeys = IdentityKeyPair.generate();
        CryptoProviders crypto = CryptoProviders.fastest();
        KnownPeers peers = KnownPeers.of(Map.of(CLIENT, List.of(clientKeys.publicKey())));
        try (ServerSocket service = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                TunnelServer server = TunnelServer.start(
                        TunnelAddress.parse(ANY_PORT),
                        LocalIdentity.of(SERVER, serverKeys.privateKey()),
                        crypto,
                        peers,
                        Map.of("", TunnelAddress.parse("127.0.0.1:" + service.getLocalPort())),
                        TunnelOptions.defaults());
                TunnelProxy proxy = TunnelProxy.start(
                        TunnelAddress.parse(ANY_PORT),
                        TunnelAddress.parse("127.0.0.1:" + port(server.address())),
                        SessionConfig.of(
                                        LocalIdentity.of(CLIENT, clientKeys.privateKey()),
                                        PeerDirectory.of(SERVER, serverKeys.publicKey()))
                                .withCrypto(crypto),
                        SERVER,
                        "",
                        TunnelOptions.defaults());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), port(proxy.address()))) {
            client.getOutputStream().write(1);
            try (Socket accepted = service.accept()) {
                accepted.getOutputStream().write(accepted.getInputStream().read());
                if (client.getInputStream().read() != 1) {
                    throw new EOFException("a tunnel on the loopback interface does not work");
                }
            }
        }
        return 0;
    }

    private static int port(SocketAddress address) {
        return ((InetSocketAddress) address).getPort();
    }
}

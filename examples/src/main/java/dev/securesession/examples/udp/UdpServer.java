package dev.securesession.examples.udp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.datagram.DatagramPeer;
import dev.securesession.transport.datagram.SecureDatagramServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Answers every datagram of its client in capitals, until its standard input ends.
 *
 * <pre>
 * secure-session keygen --out server.key; secure-session keygen --out client.key
 * UdpServer 4000 server.key client.key.pub
 * </pre>
 */
public final class UdpServer {
    private UdpServer() {}

    public static void main(String[] arguments) throws Exception {
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey clientKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientKey));

        try (SecureDatagramServer server = SecureDatagramServer.listen(address, config, UdpServer::answer)) {
            System.out.println("listening on port " + server.address().getPort());
            System.in.transferTo(System.out);
        }
    }

    /** Runs on the thread that receives, and must not wait: other clients wait for it. */
    private static void answer(DatagramPeer client, byte[] payload) throws IOException {
        String text = new String(payload, UTF_8);
        client.send(text.toUpperCase(Locale.ROOT).getBytes(UTF_8));
    }
}

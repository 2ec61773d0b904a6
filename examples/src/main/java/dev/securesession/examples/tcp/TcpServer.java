package dev.securesession.examples.tcp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Answers every line of its client in capitals, until its standard input ends.
 *
 * <pre>
 * secure-session keygen --out server.key; secure-session keygen --out client.key
 * TcpServer 4000 server.key client.key.pub
 * </pre>
 */
public final class TcpServer {
    private TcpServer() {}

    public static void main(String[] arguments) throws Exception {
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey clientKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientKey));

        try (SecureServer server = SecureServer.listen(address, config, TcpServer::answer)) {
            System.out.println("listening on port " + server.address().getPort());
            System.in.transferTo(System.out);
        }
    }

    /** Runs on a thread of its own for each client, after the handshake. */
    private static void answer(SecureConnection connection) throws Exception {
        Optional<byte[]> line = connection.receive();
        while (line.isPresent()) {
            String text = new String(line.get(), UTF_8);
            connection.send(text.toUpperCase(Locale.ROOT).getBytes(UTF_8));
            line = connection.receive();
        }
    }
}

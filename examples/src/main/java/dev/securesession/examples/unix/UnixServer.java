package dev.securesession.examples.unix;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.ChannelTransport;
import dev.securesession.transport.Framing;
import dev.securesession.transport.SecureConnection;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Greets one client over a Unix-domain socket.
 *
 * <pre>
 * UnixServer /run/greeter.socket server.key client.key.pub
 * </pre>
 */
public final class UnixServer {
    private UnixServer() {}

    public static void main(String[] arguments) throws Exception {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey clientKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientKey));

        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            System.out.println("listening");
            ChannelTransport transport = ChannelTransport.of(server.accept(), Framing.lengthPrefix());
            try (SecureConnection connection = SecureConnection.accept(transport, config)) {
                String name = new String(connection.receive().orElseThrow(), UTF_8);
                connection.send(("hello, " + name).getBytes(UTF_8));
            }
        } finally {
            Files.deleteIfExists(address.getPath());
        }
    }
}

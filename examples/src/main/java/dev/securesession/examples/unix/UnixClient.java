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
import java.io.EOFException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Tells {@link UnixServer} a name and prints the greeting.
 *
 * <pre>
 * UnixClient /run/greeter.socket client.key server.key.pub NAME
 * </pre>
 */
public final class UnixClient {
    private UnixClient() {}

    public static void main(String[] arguments) throws Exception {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey serverKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), ownKey), PeerDirectory.of(server, serverKey));

        ChannelTransport transport = ChannelTransport.of(SocketChannel.open(address), Framing.lengthPrefix());
        try (SecureConnection connection = SecureConnection.connect(transport, config, server)) {
            connection.send(arguments[3].getBytes(UTF_8));
            System.out.println(new String(connection.receive().orElseThrow(EOFException::new), UTF_8));
        }
    }
}

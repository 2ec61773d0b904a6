package dev.securesession.examples;

// example: hello
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import java.io.EOFException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;

/** A server that greets its peers by name, and a client, in one program. */
public final class Hello {
    public static void main(String[] arguments) throws Exception {
        PeerId clientId = PeerId.ofUtf8("client");
        PeerId serverId = PeerId.ofUtf8("server");
        IdentityKeyPair clientKeys = IdentityKeyPair.generate(); // once; each peer keeps its private key to itself
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        SessionConfig clientConfig = SessionConfig.of(
                LocalIdentity.of(clientId, clientKeys.privateKey()),
                PeerDirectory.of(serverId, serverKeys.publicKey()));
        SessionConfig serverConfig = SessionConfig.of(
                LocalIdentity.of(serverId, serverKeys.privateKey()),
                PeerDirectory.of(clientId, clientKeys.publicKey()));

        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (SecureServer server = SecureServer.listen(anyPort, serverConfig, connection -> {
            Optional<byte[]> greeting = connection.receive(); // empty: the peer has ended the connection
            if (greeting.isPresent()) {
                String answer = new String(greeting.get(), UTF_8) + ", "
                        + connection.session().peer();
                connection.send(answer.getBytes(UTF_8));
            }
        })) {
            InetSocketAddress address = server.address();
            Socket socket = new Socket(address.getAddress(), address.getPort());
            try (SecureConnection connection = SecureConnection.connect(socket, clientConfig, serverId)) {
                connection.send("hello".getBytes(UTF_8));
                byte[] answer = connection.receive().orElseThrow(EOFException::new);
                System.out.println(new String(answer, UTF_8)); // hello, "client"
            }
        }
    }
}
// end

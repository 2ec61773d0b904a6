package dev.securesession.examples.tcp;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sends each line of its standard input to {@link TcpServer} and prints the answers.
 *
 * <pre>
 * TcpClient 4000 client.key server.key.pub
 * </pre>
 */
public final class TcpClient {
    private TcpClient() {}

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey serverKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), ownKey), PeerDirectory.of(server, serverKey));

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        try (SecureConnection connection = SecureConnection.connect(socket, config, server)) {
            String line;
            while ((line = input.readLine()) != null) {
                connection.send(line.getBytes(UTF_8));
                System.out.println(new String(connection.receive().orElseThrow(EOFException::new), UTF_8));
            }
        } catch (HandshakeException refusal) {
            System.out.println("not the server that we know: " + refusal.reason());
        }
    }
}

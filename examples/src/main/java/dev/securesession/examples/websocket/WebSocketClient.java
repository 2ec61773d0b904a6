package dev.securesession.examples.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.http.WebSocketTransport;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.Transport;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Sends each line of its standard input to {@link WebSocketServer} and prints the answers. Needs nothing but the JDK.
 *
 * <pre>
 * WebSocketClient ws://127.0.0.1:8080/session client.key server.key.pub
 * </pre>
 */
public final class WebSocketClient {
    private WebSocketClient() {}

    public static void main(String[] arguments) throws Exception {
        URI address = URI.create(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey serverKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), ownKey), PeerDirectory.of(server, serverKey));

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        HttpClient http = HttpClient.newHttpClient();
        Transport transport = WebSocketTransport.connect(http, address, Duration.ofSeconds(30));
        try (SecureConnection connection = SecureConnection.connect(transport, config, server)) {
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

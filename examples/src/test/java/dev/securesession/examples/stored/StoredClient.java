package dev.securesession.examples.stored;

// example: stored-client
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.http.HttpClientOptions;
import dev.securesession.http.HttpSessionClient;
import dev.securesession.http.RequestFailedException;
import dev.securesession.http.RequestUncertainException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Scanner;

/** Sends each line that is typed to the service: ADDRESS. */
public final class StoredClient {
    public static void main(String[] arguments) throws Exception {
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), IdentityPrivateKey.read(content("client.key"))),
                PeerDirectory.of(server, IdentityPublicKey.read(content("server.key.pub"))));
        HttpClientOptions options = HttpClientOptions.defaults()
                .withIdleTimeout(Duration.ofDays(7)) // at most as long as the service keeps the session
                .withLifetime(Duration.ofDays(30));
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        try (HttpSessionClient client = HttpSessionClient.of(URI.create(arguments[0]), config, server, http, options)) {
            Scanner lines = new Scanner(System.in, UTF_8);
            while (lines.hasNextLine()) {
                System.out.println(ask(client, lines.nextLine()));
            }
        }
    }

    private static String ask(HttpSessionClient client, String line) throws InterruptedException {
        try {
            return new String(client.send(line.getBytes(UTF_8)), UTF_8);
        } catch (RequestUncertainException lost) {
            return "the service may have acted, or not: " + lost.getMessage();
        } catch (RequestFailedException failed) {
            return "the service has failed: " + failed.reason();
        } catch (HandshakeException | IOException notSent) {
            return "nothing was sent: " + notSent.getMessage();
        }
    }

    private static byte[] content(String file) throws IOException {
        return Files.readAllBytes(Path.of(file));
    }
}
// end

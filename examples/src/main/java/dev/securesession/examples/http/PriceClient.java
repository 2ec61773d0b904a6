package dev.securesession.examples.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.http.HttpSessionClient;
import dev.securesession.http.Repetition;
import dev.securesession.http.RequestFailedException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Asks {@link PriceServer} for the prices of some items.
 *
 * <pre>
 * PriceClient http://127.0.0.1:8080/prices client.key server.key.pub apple pear
 * </pre>
 */
public final class PriceClient {
    private PriceClient() {}

    public static void main(String[] arguments) throws Exception {
        URI address = URI.create(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey serverKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), ownKey), PeerDirectory.of(server, serverKey));

        try (HttpSessionClient client = HttpSessionClient.of(address, config, server)) {
            for (String item : Arrays.copyOfRange(arguments, 3, arguments.length)) {
                try {
                    byte[] price = client.send(item.getBytes(UTF_8), Repetition.HARMLESS);
                    System.out.println(item + ": " + new String(price, UTF_8));
                } catch (RequestFailedException failure) {
                    System.out.println(item + ": " + failure.reason());
                }
            }
        }
    }
}

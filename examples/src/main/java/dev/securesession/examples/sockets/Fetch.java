package dev.securesession.examples.sockets;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureSocketFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Fetches a page with OkHttp through a {@link Relay} in front of an HTTP server.
 *
 * <pre>
 * Fetch http://127.0.0.1:5433/ client.key server.key.pub
 * </pre>
 */
public final class Fetch {
    private Fetch() {}

    public static void main(String[] arguments) throws Exception {
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey serverKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        PeerId server = PeerId.ofUtf8("server");
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("client"), ownKey), PeerDirectory.of(server, serverKey));

        OkHttpClient client = new OkHttpClient.Builder()
                .socketFactory(SecureSocketFactory.of(config, server))
                .build();
        Request request = new Request.Builder().url(arguments[0]).build();
        try (Response response = client.newCall(request).execute()) {
            System.out.println(response.code());
            System.out.println(Objects.requireNonNull(response.body()).string());
        }
        // Otherwise the idle connection stays open for some minutes, and its threads with it.
        client.connectionPool().evictAll();
        client.dispatcher().executorService().shutdown();
    }
}

package dev.securesession.examples.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.http.HttpSessionHandler;
import dev.securesession.http.RequestFailedException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;

/**
 * Tells prices over HTTP until its standard input ends.
 *
 * <pre>
 * java -Dsun.net.httpserver.nodelay=true ... PriceServer 8080 server.key client.key.pub
 * </pre>
 */
public final class PriceServer {
    private static final Map<String, String> PRICES = Map.of("apple", "0.50", "pear", "0.70");
    private static final int UNKNOWN_ITEM = 404;

    private PriceServer() {}

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey clientKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientKey));

        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newFixedThreadPool(200));
        try (HttpSessionHandler sessions = HttpSessionHandler.of(config, PriceServer::price)) {
            server.createContext("/prices", sessions);
            server.start();
            System.out.println("listening on port " + server.getAddress().getPort());
            System.in.transferTo(System.out);
        }
        System.exit(0);
    }

    private static byte[] price(PeerId peer, byte[] request) throws RequestFailedException {
        String item = new String(request, UTF_8);
        return Optional.ofNullable(PRICES.get(item))
                .map(price -> price.getBytes(UTF_8))
                .orElseThrow(() -> new RequestFailedException(UNKNOWN_ITEM, "we do not sell " + item));
    }
}

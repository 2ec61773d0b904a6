package dev.securesession.examples;

// example: http-hello
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.http.HttpSessionClient;
import dev.securesession.http.HttpSessionHandler;
import dev.securesession.http.RequestFailedException;
import dev.securesession.http.RequestUncertainException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server that knows the price of apples, and a client, in one program. */
public final class HelloHttp {
    private static final int UNKNOWN_ITEM = 404; // a code of this application: 256 to 65,535

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

        ExecutorService threads = Executors.newFixedThreadPool(200);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        try (HttpSessionHandler sessions = HttpSessionHandler.of(serverConfig, HelloHttp::price)) {
            server.setExecutor(threads);
            server.createContext("/prices", sessions);
            server.start();
            URI address = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/prices");
            try (HttpSessionClient client = HttpSessionClient.of(address, clientConfig, serverId)) {
                System.out.println(ask(client, "apple")); // 0.50 for "client"
                System.out.println(ask(client, "plum")); // no price: we do not sell plum
            }
        } finally {
            server.stop(0);
            threads.shutdown();
        }
    }

    private static byte[] price(PeerId peer, byte[] request) throws RequestFailedException {
        String item = new String(request, UTF_8);
        if (!item.equals("apple")) {
            throw new RequestFailedException(UNKNOWN_ITEM, "we do not sell " + item);
        }
        return ("0.50 for " + peer).getBytes(UTF_8);
    }

    private static String ask(HttpSessionClient client, String item) throws Exception {
        try {
            return new String(client.send(item.getBytes(UTF_8)), UTF_8);
        } catch (RequestFailedException failure) {
            return "no price: " + failure.reason();
        } catch (RequestUncertainException lost) {
            return "the server may have acted, or not: " + lost.getMessage();
        }
    }
}
// end

package dev.securesession.examples.stored;

// example: stored-service
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.SessionExhaustedException;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.store.KeyRing;
import dev.securesession.store.SessionManager;
import dev.securesession.store.StoredSessions;
import dev.securesession.store.jdbc.JdbcSessionStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** One instance of a service: PORT JDBC-URL. All instances with the same database and keys serve the same sessions. */
public final class StoredService {
    private static final int MAX_MESSAGE = 1024 * 1024; // what is longer is cut, and refused as not authentic

    private final SessionManager manager;

    private StoredService(SessionManager manager) {
        this.manager = manager;
    }

    public static void main(String[] arguments) throws Exception {
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), IdentityPrivateKey.read(content("server.key"))),
                PeerDirectory.of(PeerId.ofUtf8("client"), IdentityPublicKey.read(content("client.key.pub"))));
        KeyRing keys = KeyRing.of("2026-11", StateKey.of(content("2026-11.key")));

        HikariConfig pool = new HikariConfig();
        pool.setJdbcUrl(arguments[1]);
        pool.setMaximumPoolSize(4); // threads share commits, so an instance needs few connections
        HikariDataSource database = new HikariDataSource(pool);
        JdbcSessionStore store = JdbcSessionStore.postgresql(database); // makes its table
        StoredSessions sessions = StoredSessions.of(store, keys, config);
        SessionManager manager = SessionManager.of(sessions);

        ExecutorService threads = Executors.newFixedThreadPool(64);
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(threads);
        server.createContext("/api/", new StoredService(manager)::handle);
        server.start();
        System.out.println("listening on port " + server.getAddress().getPort());

        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            server.stop(1);
            threads.shutdown();
            manager.close(); // gives the sessions back, so that other instances continue without a gap in the numbers
            database.close(); // after the manager and the store
        }));
    }

    /** POST /api/handshake and /api/exchange, as {@code HttpSessionClient} sends them (PROTOCOL.md, Part 5). */
    private void handle(HttpExchange http) throws IOException {
        try (http) {
            byte[] message = http.getRequestBody().readNBytes(MAX_MESSAGE);
            String token = http.getRequestHeaders().getFirst("Secure-Session");
            try {
                SessionManager.Received received =
                        token == null ? manager.begin(message) : manager.receiveRequest(token, message);
                if (received instanceof SessionManager.HandshakeReply reply) {
                    http.getResponseHeaders().set("Secure-Session", reply.token());
                    send(http, reply.message());
                } else if (received instanceof SessionManager.BoundRequest request) {
                    send(http, request.answer(serve(request)));
                }
            } catch (MessageRejectedException refused) {
                boolean acceptedBefore = refused.reason() == MessageRejectedException.Reason.REPLAYED
                        || refused.reason() == MessageRejectedException.Reason.TOO_OLD;
                http.sendResponseHeaders(acceptedBefore ? 409 : 400, -1);
            } catch (ExchangeException refused) {
                http.sendResponseHeaders(400, -1);
            } catch (HandshakeException refused) {
                http.sendResponseHeaders(403, -1);
            } catch (StateRejectedException | SessionExhaustedException over) {
                http.sendResponseHeaders(401, -1); // the client starts a new handshake
            } catch (IOException storeFailed) {
                http.sendResponseHeaders(503, -1);
            }
        }
    }

    /** The service itself: the peer has proved its identity, and nobody else can read or repeat its request. */
    private static byte[] serve(SessionManager.BoundRequest request) {
        String text = new String(request.body(), UTF_8);
        return ("request " + request.number() + " of " + request.peer() + ": " + text).getBytes(UTF_8);
    }

    private static void send(HttpExchange http, byte[] message) throws IOException {
        http.getResponseHeaders().set("Content-Type", "application/octet-stream");
        http.sendResponseHeaders(200, message.length);
        http.getResponseBody().write(message);
    }

    private static byte[] content(String file) throws IOException {
        return Files.readAllBytes(Path.of(file));
    }
}
// end

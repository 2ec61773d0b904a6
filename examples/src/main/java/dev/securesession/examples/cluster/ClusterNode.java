package dev.securesession.examples.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.securesession.Delivery;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
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
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.sql.DataSource;

/**
 * One node: executes the operations that authenticated peers name, and writes each into the database. It ends with its standard
 * input.
 *
 * <pre>
 * ClusterNode PORT JDBC-URL FOLDER
 * </pre>
 *
 * The folder has {@code server.key}, {@code state.key} and the public key of each peer in {@code NAME.pub}.
 */
public final class ClusterNode {
    private static final int MAX_BODY = 64 * 1024;

    private final SessionManager manager;
    private final DataSource database;

    private ClusterNode(SessionManager manager, DataSource database) {
        this.manager = manager;
        this.database = database;
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        Path folder = Path.of(arguments[2]);
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(folder.resolve("server.key")));
        SessionConfig config = SessionConfig.of(
                        LocalIdentity.of(PeerId.ofUtf8("server"), ownKey), PeerDirectory.of(peers(folder)))
                .withDelivery(Delivery.UNORDERED);
        KeyRing keys = KeyRing.of("key-1", StateKey.of(Files.readAllBytes(folder.resolve("state.key"))));

        HikariConfig pool = new HikariConfig();
        pool.setJdbcUrl(arguments[1]);
        pool.setMaximumPoolSize(4);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newFixedThreadPool(16));
        try (HikariDataSource database = new HikariDataSource(pool);
                JdbcSessionStore store = JdbcSessionStore.postgresql(database);
                SessionManager manager = SessionManager.of(StoredSessions.of(store, keys, config))) {
            server.createContext("/", new ClusterNode(manager, database)::handle);
            server.start();
            System.out.println("listening on port " + port);
            System.in.transferTo(System.out);
            server.stop(1);
        }
        System.exit(0);
    }

    private static Map<PeerId, IdentityPublicKey> peers(Path folder) throws Exception {
        Map<PeerId, IdentityPublicKey> peers = new HashMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.pub")) {
            for (Path file : files) {
                String name = file.getFileName().toString().replace(".pub", "");
                peers.put(PeerId.ofUtf8(name), IdentityPublicKey.read(Files.readAllBytes(file)));
            }
        }
        return peers;
    }

    private void handle(HttpExchange http) throws IOException {
        try (http) {
            String path = http.getRequestURI().getPath();
            if (path.equals("/health")) {
                http.sendResponseHeaders(200, -1);
                return;
            }
            byte[] message = http.getRequestBody().readNBytes(MAX_BODY);
            String token = http.getRequestHeaders().getFirst("Secure-Session");
            try {
                answer(http, path, token == null ? "" : token, message);
            } catch (MessageRejectedException refused) {
                boolean repeated = refused.reason() == MessageRejectedException.Reason.REPLAYED
                        || refused.reason() == MessageRejectedException.Reason.TOO_OLD;
                http.sendResponseHeaders(repeated ? 409 : 400, -1);
            } catch (ExchangeException refused) {
                http.sendResponseHeaders(400, -1);
            } catch (HandshakeException refused) {
                http.sendResponseHeaders(403, -1);
            } catch (StateRejectedException unknown) {
                http.sendResponseHeaders(401, -1);
            } catch (IOException | SQLException databaseFailed) {
                http.sendResponseHeaders(503, -1);
            }
        }
    }

    /** Our clients speak the exchange layer, at /api/exchange; other Themis peers send plain messages to /api/message. */
    private void answer(HttpExchange http, String path, String token, byte[] message)
            throws HandshakeException, MessageRejectedException, ExchangeException, StateRejectedException, IOException,
                    SQLException {
        SessionManager.Received received;
        if (token.isEmpty()) {
            received = manager.begin(message);
        } else if (path.equals("/api/exchange")) {
            received = manager.receiveRequest(token, message);
        } else {
            received = manager.receive(token, message);
        }
        if (received instanceof SessionManager.HandshakeReply reply) {
            http.getResponseHeaders().set("Secure-Session", reply.token());
            send(http, reply.message());
            return;
        }
        if (received instanceof SessionManager.BoundRequest request) {
            send(http, request.answer(execute(request.peer(), request.body())));
        } else if (received instanceof SessionManager.Request request) {
            send(http, request.answer(execute(request.peer(), request.payload())));
        }
    }

    /** Returns the answer. Not idempotent on purpose: an operation that is executed twice has two rows. */
    private byte[] execute(PeerId peer, byte[] request) throws SQLException {
        String operation = new String(request, UTF_8);
        try (Connection connection = database.getConnection();
                PreparedStatement insert =
                        connection.prepareStatement("INSERT INTO executed (peer, operation) VALUES (?, ?)")) {
            insert.setString(1, peer.toString());
            insert.setString(2, operation);
            insert.executeUpdate();
        }
        return ("done " + operation).getBytes(UTF_8);
    }

    private static void send(HttpExchange http, byte[] message) throws IOException {
        http.getResponseHeaders().set("Content-Type", "application/octet-stream");
        http.sendResponseHeaders(200, message.length);
        http.getResponseBody().write(message);
    }
}

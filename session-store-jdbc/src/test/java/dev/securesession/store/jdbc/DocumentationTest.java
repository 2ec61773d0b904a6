package dev.securesession.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.store.FileSessionStore;
import dev.securesession.store.KeyRing;
import dev.securesession.store.MemorySessionStore;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionManager;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import dev.securesession.testkit.Pair;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/stored-sessions.md, which are the text between the comments here, at work. */
class DocumentationTest {
    private final Pair pair = Pair.create();

    @TempDir
    private Path directory;

    private Path keyFile;
    private Path newKeyFile;

    private static final class Answer {
        private final String token;
        private final byte[] message;

        Answer(String token, byte[] message) {
            this.token = token;
            this.message = message;
        }
    }

    @BeforeEach
    void makeKeys() throws Exception {
        keyFile = Files.write(directory.resolve("old.key"), "0123456789abcdef0123456789abcdef".getBytes(UTF_8));
        newKeyFile = Files.write(directory.resolve("new.key"), "fedcba9876543210fedcba9876543210".getBytes(UTF_8));
    }

    @Test
    void everyMessageIsServedByAnotherManager() throws Exception {
        Path database = directory.resolve("sessions.db");
        try (Handshake client = Handshake.client(pair.client(), Pair.SERVER_ID)) {
            Answer second = serve(database, pair.server(), null, client.start());
            HandshakeStep third = client.receive(second.message);
            Answer fourth =
                    serve(database, pair.server(), second.token, third.message().orElseThrow());
            SecureSession session = ((HandshakeStep.Established) client.receive(fourth.message)).session();
            Answer answer = serve(database, pair.server(), second.token, session.wrap("what?".getBytes(UTF_8)));

            assertThat(session.unwrap(answer.message)).asString(UTF_8).isEqualTo("\"client\" asks what?");
        }
    }

    private Answer serve(Path database, SessionConfig config, @Nullable String token, byte[] message) throws Exception {
        // example: start
        KeyRing keys = KeyRing.of("2026-11", StateKey.of(Files.readAllBytes(keyFile)));
        SessionStore store = JdbcSessionStore.sqlite(database);
        StoredSessions sessions = StoredSessions.of(store, keys, config);
        SessionManager manager = SessionManager.of(sessions); // close it before the store
        // end
        try (store;
                manager) {
            deleteExpired(sessions);
            return serve(manager, token, message);
        }
    }

    private static Answer serve(SessionManager manager, @Nullable String token, byte[] message) throws Exception {
        // example: manager
        SessionManager.Received received = token == null ? manager.begin(message) : manager.receive(token, message);
        if (received instanceof SessionManager.HandshakeReply reply) {
            return new Answer(reply.token(), reply.message());
        }
        SessionManager.Request request = (SessionManager.Request) received;
        return new Answer(request.token(), request.answer(serve(request.peer(), request.payload())));
        // end
    }

    private static void deleteExpired(StoredSessions sessions) throws Exception {
        // example: expiry
        while (sessions.deleteExpired(1_000) == 1_000) {
            // In portions, so that no call takes long.
        }
        // end
    }

    @Test
    void aClaimAnswersAndKeysRotate() throws Exception {
        KeyRing keys = KeyRing.of("2026-11", StateKey.of(Files.readAllBytes(keyFile)));
        try (SessionStore store = JdbcSessionStore.sqlite(directory.resolve("sessions.db"))) {
            Pair.Sessions sessions = pair.establish();
            byte[] answer = claim(
                    store,
                    keys,
                    pair.server(),
                    sessions.server(),
                    sessions.client().wrap("what?".getBytes(UTF_8)));
            assertThat(sessions.client().unwrap(answer)).asString(UTF_8).isEqualTo("\"client\" asks what?");

            StoredSessions stored = StoredSessions.of(store, keys, pair.server());
            String id = stored.list(Pair.CLIENT_ID).get(0);
            rotate(stored, keys);
            StoredSessions withOldKey = StoredSessions.of(store, keys, pair.server());
            assertThatThrownBy(() -> withOldKey.claim(id)).isInstanceOf(StateRejectedException.class);
            try (SessionClaim claim = stored.claim(id)) {
                assertThat(claim.peer()).isEqualTo(Pair.CLIENT_ID);
            }
        }
    }

    private static byte[] claim(
            SessionStore store, KeyRing keys, SessionConfig config, SecureSession session, byte[] message)
            throws Exception {
        // example: claim
        StoredSessions sessions = StoredSessions.of(store, keys, config);
        String id;
        try (SessionClaim claim = sessions.add(session)) { // after the handshake
            id = claim.id();
        }
        try (SessionClaim claim = sessions.claim(id)) { // later, anywhere
            byte[] payload = claim.unwrap(message);
            return claim.wrap(serve(claim.peer(), payload));
        }
        // end
    }

    private void rotate(StoredSessions sessions, KeyRing keys) throws Exception {
        // example: rotate
        KeyRing both = keys.withCurrent("2026-12", StateKey.of(Files.readAllBytes(newKeyFile)));
        sessions.useKeys(both);
        while (sessions.rotate(256) > 0) {
            // Owners of sessions do not notice.
        }
        KeyRing onlyNew = both.without("2026-11");
        sessions.useKeys(onlyNew);
        // end
    }

    @Test
    void postgresqlTakesAPool() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            String url = postgres.getJdbcUrl("postgres", "postgres");
            // example: postgresql
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(url); // jdbc:postgresql://db.example/sessions
            pool.setMaximumPoolSize(4); // threads share commits, so a node needs few connections
            HikariDataSource source = new HikariDataSource(pool);
            SessionStore store = JdbcSessionStore.postgresql(source); // close it before the pool
            // end
            try (source;
                    store) {
                assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
            }
        }
    }

    @Test
    void storesOpenInOneLine() throws Exception {
        Path folder = directory.resolve("sessions");
        Path database = directory.resolve("sessions.db");
        // example: open-stores
        SessionStore inMemory = new MemorySessionStore();
        SessionStore inFiles = FileSessionStore.open(folder); // one process at a time
        SessionStore inSqlite = JdbcSessionStore.sqlite(database); // all processes of one machine
        // end
        for (SessionStore store : List.of(inMemory, inFiles, inSqlite)) {
            try (store) {
                assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
            }
        }
    }

    @Test
    void aGuardRefusesADatabaseThatWasPutBack() throws Exception {
        KeyRing keys = KeyRing.of("2026-11", StateKey.of(Files.readAllBytes(keyFile)));
        Path backup = directory.resolve("backup.db");
        String token;
        SecureSession client;
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            DataSource otherDatabase = postgres.getPostgresDatabase();
            try (SessionStore store = JdbcSessionStore.sqlite(backup);
                    SessionManager manager = guarded(store, keys, pair.server(), otherDatabase);
                    Handshake handshake = Handshake.client(pair.client(), Pair.SERVER_ID)) {
                SessionManager.HandshakeReply second = manager.begin(handshake.start());
                token = second.token();
                byte[] third = handshake.receive(second.message()).message().orElseThrow();
                byte[] fourth = ((SessionManager.HandshakeReply) manager.receive(token, third)).message();
                client = ((HandshakeStep.Established) handshake.receive(fourth)).session();
            }
            Path database = Files.copy(backup, directory.resolve("sessions.db"));
            try (SessionStore store = JdbcSessionStore.sqlite(database);
                    SessionManager manager = guarded(store, keys, pair.server(), otherDatabase)) {
                assertThat(manager.receive(token, client.wrap(new byte[1]))).isInstanceOf(SessionManager.Request.class);
            }
            try (SessionStore restored = JdbcSessionStore.sqlite(backup);
                    SessionManager manager = guarded(restored, keys, pair.server(), otherDatabase)) {
                assertThatThrownBy(() -> manager.receive(token, client.wrap(new byte[1])))
                        .isInstanceOfSatisfying(
                                StateRejectedException.class,
                                refused -> assertThat(refused.reason())
                                        .isEqualTo(StateRejectedException.Reason.ROLLED_BACK));
            }
        }
    }

    private static SessionManager guarded(
            SessionStore store, KeyRing keys, SessionConfig config, DataSource otherDatabase) throws Exception {
        // example: guarded
        StoreOptions options = StoreOptions.defaults().withRollbackGuard(new VersionTable(otherDatabase));
        SessionManager manager = SessionManager.of(StoredSessions.of(store, keys, config, options));
        // end
        return manager;
    }

    private static byte[] serve(PeerId peer, byte[] request) {
        return (peer + " asks " + new String(request, UTF_8)).getBytes(UTF_8);
    }
}

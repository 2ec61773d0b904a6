package dev.securesession.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.testkit.SessionStoreSuite;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SQLite and a real PostgreSQL keep the contract of all stores; two processes may use either. */
class JdbcStoreTest {
    private static final Instant LATER = Instant.ofEpochSecond(1_900_000_000);

    private static EmbeddedPostgres postgres;
    private static HikariDataSource pool;

    @TempDir
    private Path directory;

    @BeforeAll
    static void startPostgres() throws IOException {
        postgres = EmbeddedPostgres.start();
        HikariConfig config = new HikariConfig();
        config.setDataSource(postgres.getPostgresDatabase());
        config.setMaximumPoolSize(8);
        pool = new HikariDataSource(config);
    }

    @AfterAll
    static void stopPostgres() throws IOException {
        pool.close();
        postgres.close();
    }

    @TestFactory
    Stream<DynamicTest> sqlite() {
        return tests(SessionStoreSuite.of(name -> JdbcSessionStore.sqlite(directory.resolve(name + ".db"))));
    }

    @TestFactory
    Stream<DynamicTest> postgresql() {
        return tests(SessionStoreSuite.of(name -> {
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("create schema if not exists \"" + name + "\"");
            }
            HikariConfig config = new HikariConfig();
            config.setDataSource(postgres.getPostgresDatabase());
            config.setSchema('"' + name + '"');
            config.setConnectionInitSql("set search_path to \"" + name + "\"");
            config.setMaximumPoolSize(4);
            HikariDataSource own = new HikariDataSource(config);
            return new Closing(JdbcSessionStore.postgresql(own), own);
        }));
    }

    /** One transaction is forced to the disk once. Rows that one transaction has written have the same {@code xmin}. */
    @Test
    void aBatchIsOneTransactionOfPostgresql() throws Exception {
        try (SessionStore store = JdbcSessionStore.postgresql(pool);
                Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            List<SessionStore.Change> changes = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                SessionRecord record =
                        SessionRecord.of("batch-" + i, SessionRecord.SESSION, "key", LATER, new byte[400]);
                store.insert(record);
                changes.add(SessionStore.Change.of(record, record.at(1, 2)));
            }

            assertThat(store.replaceAll(changes)).hasSize(200).containsOnly(true);

            try (ResultSet rows = statement.executeQuery(
                    "select count(distinct xmin::text) from secure_session where id like 'batch-%'")) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
        }
    }

    @Test
    void twoConnectionsShareAFileOfSqlite() throws Exception {
        Path file = directory.resolve("shared.db");
        SessionRecord record = SessionRecord.of("one", SessionRecord.SESSION, "key", LATER, new byte[1]);
        try (SessionStore first = JdbcSessionStore.sqlite(file);
                SessionStore second = JdbcSessionStore.sqlite(file)) {
            assertThat(first.insert(record)).isTrue();
            assertThat(second.replace(SessionStore.Change.of(record, record.at(2, 2))))
                    .isTrue();
            assertThat(first.replace(SessionStore.Change.of(record, record.at(2, 2))))
                    .isFalse();
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void refusesTablesOfALaterVersion() throws Exception {
        Path file = directory.resolve("later.db");
        JdbcSessionStore.sqlite(file).close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.execute("update secure_session_schema set version = 99");
        }
        assertThatThrownBy(() -> JdbcSessionStore.sqlite(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("99");
    }

    @ParameterizedTest
    @ValueSource(strings = {"format = 0", "format = 300", "key_name = ''", "peer = x''", "epoch = -1", "version = -1"})
    void refusesADamagedRecordByName(String damage) throws Exception {
        Path file = directory.resolve("damaged.db");
        try (SessionStore store = JdbcSessionStore.sqlite(file)) {
            store.insert(SessionRecord.of("one", SessionRecord.SESSION, "key", LATER, new byte[1])
                    .withPeer(PeerId.ofUtf8("alice")));
            try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                    Statement statement = connection.createStatement()) {
                statement.execute("update secure_session set " + damage);
            }

            assertThatThrownBy(() -> store.find("one"))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the record one in the database is damaged: delete it; its peer starts anew");
        }
    }

    @Test
    void aClosedStoreFails() throws Exception {
        SessionStore store = JdbcSessionStore.sqlite(directory.resolve("closed.db"));
        store.close();
        store.close();
        assertThatThrownBy(() -> store.find("one")).isInstanceOf(IOException.class);
    }

    private static Stream<DynamicTest> tests(SessionStoreSuite suite) {
        System.out.println(suite);
        return suite.checks().stream().map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }

    /** A store that closes its pool. */
    private static final class Closing implements SessionStore {
        private final SessionStore store;
        private final HikariDataSource pool;

        Closing(SessionStore store, HikariDataSource pool) {
            this.store = store;
            this.pool = pool;
        }

        @Override
        public boolean insert(SessionRecord record) throws IOException {
            return store.insert(record);
        }

        @Override
        public Optional<SessionRecord> find(String id) throws IOException {
            return store.find(id);
        }

        @Override
        public List<Boolean> replaceAll(List<Change> changes) throws IOException {
            return store.replaceAll(changes);
        }

        @Override
        public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
            return store.areOwned(records);
        }

        @Override
        public boolean delete(SessionRecord record) throws IOException {
            return store.delete(record);
        }

        @Override
        public List<String> list(PeerId peer) throws IOException {
            return store.list(peer);
        }

        @Override
        public List<String> deleteAll(PeerId peer) throws IOException {
            return store.deleteAll(peer);
        }

        @Override
        public int deleteExpired(Instant now, int limit) throws IOException {
            return store.deleteExpired(now, limit);
        }

        @Override
        public List<String> listSealedByOthers(String keyName, int limit) throws IOException {
            return store.listSealedByOthers(keyName, limit);
        }

        @Override
        public void close() throws IOException {
            store.close();
            pool.close();
        }

        @Override
        public String toString() {
            return store.toString();
        }
    }
}

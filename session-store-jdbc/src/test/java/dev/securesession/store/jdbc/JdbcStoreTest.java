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
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
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
            for (int i = 0; i < 600; i++) {
                SessionRecord record =
                        SessionRecord.of("batch-" + i, SessionRecord.SESSION, "key", LATER, new byte[400]);
                store.insert(record);
                changes.add(SessionStore.Change.of(record, record.at(1, 2)));
            }

            assertThat(store.replaceAll(changes)).hasSize(600).containsOnly(true);

            try (ResultSet rows = statement.executeQuery(
                    "select count(distinct xmin::text) from secure_session where id like 'batch-%'")) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
        }
    }

    /** In another order, two processes could wait for records of each other. A table of a few pages is read as a whole. */
    @ParameterizedTest
    @ValueSource(strings = {"commit", "revocation"})
    void locksRecordsOfPostgresqlInTheOrderOfTheirIds(String what) throws Exception {
        PeerId peer = PeerId.ofUtf8("locked by a " + what);
        List<SessionStore.Change> changes = new ArrayList<>();
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (SessionStore store = JdbcSessionStore.postgresql(pool);
                Connection connection = pool.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("insert into secure_session select 'other-' || i, 1, null, 1, 1, 'key', 1, '\\x00' "
                    + "from generate_series(1, 10000) i on conflict do nothing");
            statement.execute("analyze secure_session");
            for (String id : List.of(what + "-2", what + "-1")) {
                SessionRecord record = SessionRecord.of(id, SessionRecord.SESSION, "key", LATER, new byte[1])
                        .withPeer(peer);
                store.insert(record);
                changes.add(SessionStore.Change.of(record, record.at(1, 2)));
            }
            connection.setAutoCommit(false);
            statement.execute("select id from secure_session where id = '" + what + "-2' for update");

            Future<List<?>> waiting =
                    executor.submit(() -> what.equals("commit") ? store.replaceAll(changes) : store.deleteAll(peer));
            awaitWaitingTransaction();

            assertThatThrownBy(() -> statement.execute(
                            "select id from secure_session where id = '" + what + "-1' for update nowait"))
                    .hasMessageContaining("could not obtain lock");
            connection.rollback();
            assertThat(waiting.get(60, TimeUnit.SECONDS)).hasSize(2);
        } finally {
            executor.shutdownNow();
        }
    }

    private static void awaitWaitingTransaction() throws SQLException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try (Connection connection = pool.getConnection();
                PreparedStatement select = connection.prepareStatement("select 1 from pg_locks where not granted")) {
            boolean waits = false;
            while (!waits) {
                assertThat(System.nanoTime())
                        .as("a transaction waits for a lock")
                        .isLessThan(deadline);
                try (ResultSet rows = select.executeQuery()) {
                    waits = rows.next();
                }
            }
        }
    }

    @Test
    void bringsTablesOfTheFirstVersionUpToDate() throws Exception {
        SessionRecord record = SessionRecord.of("one", SessionRecord.SESSION, "key", LATER, new byte[1]);
        try (EmbeddedPostgres earlier = EmbeddedPostgres.start();
                Connection connection = earlier.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            Schema.update(connection, List.of(Schema.tables("bytea")));
            statement.execute("insert into secure_session values ('one', 1, null, 1, 1, 'key', " + LATER.toEpochMilli()
                    + ", '\\x00')");

            for (int opened = 1; opened <= 2; opened++) {
                try (SessionStore store = JdbcSessionStore.postgresql(earlier.getPostgresDatabase())) {
                    assertThat(store.find("one").orElseThrow()).hasToString(record.toString());
                }
            }

            try (ResultSet rows = statement.executeQuery(
                    "select array_to_string(reloptions, ' ') from pg_class where relname = 'secure_session'")) {
                rows.next();
                assertThat(rows.getString(1)).isEqualTo("fillfactor=85");
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
        public List<String> list(int limit) throws IOException {
            return store.list(limit);
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
        public List<String> listNotSealedBy(String keyName, int limit) throws IOException {
            return store.listNotSealedBy(keyName, limit);
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

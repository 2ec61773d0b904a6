package dev.securesession.store.jdbc;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteConfig.TransactionMode;

/**
 * Keeps records in a table of a database: SQLite, embedded, for the processes of one machine; PostgreSQL for many machines. All
 * changes of one commit are one transaction. The table is made on first use, and brought up to date by later versions.
 *
 * <p>Durable as the database is configured: SQLite is opened so that a commit is on the disk when it returns; leave
 * {@code synchronous_commit} of PostgreSQL on, and fail over to replicas that have what was committed only. Safe for use by several
 * threads.
 */
public final class JdbcSessionStore implements SessionStore {
    private static final int BUSY_MILLIS = 30_000;

    private final Connections connections;
    private final Dialect dialect;
    private final String description;

    private JdbcSessionStore(Connections connections, Dialect dialect, String description) {
        this.connections = connections;
        this.dialect = dialect;
        this.description = description;
    }

    /**
     * Opens a store in a file of SQLite, which is made if there is none, readable by its owner only where the file system knows
     * owners. Several processes of one machine may open the same file.
     *
     * @param file the database; SQLite puts two more files beside it
     * @return the store, the caller's to close
     * @throws IOException if the file cannot be made or opened, or its tables are of a later version
     */
    public static JdbcSessionStore sqlite(Path file) throws IOException {
        makeForOwner(file);
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(JournalMode.WAL);
        config.setSynchronous(SynchronousMode.FULL);
        config.setTransactionMode(TransactionMode.IMMEDIATE);
        config.setBusyTimeout(BUSY_MILLIS);
        try {
            Connection connection = config.createConnection("jdbc:sqlite:" + file);
            return opened(new OneConnection(connection), new SqliteDialect(), "store in SQLite, " + file);
        } catch (SQLException e) {
            throw new IOException("the database " + file + " cannot be opened: " + e.getMessage(), e);
        }
    }

    /**
     * Opens a store in a database of PostgreSQL.
     *
     * @param source connections to the database, pooled; stays the caller's to close, after the store
     * @return the store, the caller's to close
     * @throws IOException if the database cannot be reached, its tables cannot be made, or are of a later version
     */
    public static JdbcSessionStore postgresql(DataSource source) throws IOException {
        return opened(new PooledConnections(source), new PostgresqlDialect(), "store in PostgreSQL");
    }

    private static JdbcSessionStore opened(Connections connections, Dialect dialect, String description)
            throws IOException {
        boolean ready = false;
        try {
            connections.inTransaction(connection -> {
                dialect.lockSchema(connection);
                Schema.update(connection, dialect.schemaSteps());
                return true;
            });
            ready = true;
        } finally {
            if (!ready) {
                connections.close();
            }
        }
        return new JdbcSessionStore(connections, dialect, description);
    }

    private static void makeForOwner(Path file) throws IOException {
        if (file.getFileSystem().supportedFileAttributeViews().contains("posix") && !Files.exists(file)) {
            try {
                Files.createFile(
                        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            } catch (FileAlreadyExistsException meanwhile) {
                // Another process has made it in the same way.
                return;
            }
        }
    }

    @Override
    public boolean insert(SessionRecord record) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement insert = connection.prepareStatement("insert into secure_session ("
                    + RecordColumns.ALL + ") values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing")) {
                insert.setString(1, record.id());
                RecordColumns.setFields(insert, 2, record);
                return insert.executeUpdate() == 1;
            }
        });
    }

    @Override
    public Optional<SessionRecord> find(String id) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement("select " + RecordColumns.ALL + " from secure_session where id = ?")) {
                select.setString(1, id);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Optional.of(RecordColumns.read(row)) : Optional.empty();
                }
            }
        });
    }

    @Override
    public List<Boolean> replaceAll(List<Change> changes) throws IOException {
        if (changes.isEmpty()) {
            return List.of();
        }
        List<Integer> order = IntStream.range(0, changes.size())
                .boxed()
                .sorted(Comparator.comparing(i -> changes.get(i).id()))
                .toList();
        List<Boolean> sorted =
                dialect.replaceAll(connections, order.stream().map(changes::get).toList());
        Boolean[] made = new Boolean[changes.size()];
        for (int i = 0; i < made.length; i++) {
            made[order.get(i)] = sorted.get(i);
        }
        return List.of(made);
    }

    @Override
    public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
        if (records.isEmpty()) {
            return List.of();
        }
        return connections.autoCommitted(connection -> dialect.areOwned(connection, records));
    }

    @Override
    public boolean delete(SessionRecord record) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement delete =
                    connection.prepareStatement("delete from secure_session" + RecordColumns.AS_READ)) {
                RecordColumns.setAsRead(delete, 1, record.id(), record.epoch(), record.version());
                return delete.executeUpdate() == 1;
            }
        });
    }

    @Override
    public List<String> list(int limit) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement select = connection.prepareStatement("select id from secure_session limit ?")) {
                select.setInt(1, limit);
                return ids(select);
            }
        });
    }

    @Override
    public List<String> list(PeerId peer) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement("select id from secure_session where peer = ?")) {
                select.setBytes(1, peer.toBytes());
                return ids(select);
            }
        });
    }

    @Override
    public List<String> deleteAll(PeerId peer) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement delete = connection.prepareStatement(dialect.deletePeer())) {
                delete.setBytes(1, peer.toBytes());
                return ids(delete);
            }
        });
    }

    @Override
    public int deleteExpired(Instant now, int limit) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement delete = connection.prepareStatement(dialect.deleteExpired())) {
                delete.setLong(1, now.toEpochMilli());
                delete.setInt(2, limit);
                delete.setLong(3, now.toEpochMilli());
                return delete.executeUpdate();
            }
        });
    }

    @Override
    public List<String> listNotSealedBy(String keyName, int limit) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement("select id from secure_session where key_name <> ? limit ?")) {
                select.setString(1, keyName);
                select.setInt(2, limit);
                return ids(select);
            }
        });
    }

    @Override
    public void close() throws IOException {
        connections.close();
    }

    @Override
    public String toString() {
        return description;
    }

    private static List<String> ids(PreparedStatement statement) throws SQLException {
        List<String> ids = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                ids.add(rows.getString(1));
            }
        }
        return ids;
    }
}

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
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteConfig.TransactionMode;

/**
 * Keeps records in a table of a database: SQLite, embedded, for the processes of one machine; PostgreSQL for many machines. All
 * changes of one commit are one transaction, in PostgreSQL up to some 250. The table is made on first use, and brought up to date by later versions.
 *
 * <p>Durable as the database is configured: SQLite is opened so that a commit is on the disk when it returns; leave
 * {@code synchronous_commit} of PostgreSQL on, and fail over to replicas that have what was committed only. Safe for use by several
 * threads.
 */
public final class JdbcSessionStore implements SessionStore {
    private static final String COLUMNS = "id, format, peer, epoch, version, key_name, expires, state";
    private static final String AS_READ = " where id = ? and epoch = ? and version = ?";
    private static final int RECORDS_IN_ONE_QUERY = 256;
    private static final int BUSY_MILLIS = 30_000;
    private static final long SCHEMA_LOCK = 0x7365637572657373L;

    private final Connections connections;
    private final String description;

    private JdbcSessionStore(Connections connections, String description) {
        this.connections = connections;
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
            return opened(new OneConnection(connection), "store in SQLite, " + file, "blob", "");
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
        return opened(
                new PooledConnections(source),
                "store in PostgreSQL",
                "bytea",
                "select pg_advisory_xact_lock(" + SCHEMA_LOCK + ")");
    }

    private static JdbcSessionStore opened(Connections connections, String description, String bytesType, String lock)
            throws IOException {
        boolean ready = false;
        try {
            connections.inTransaction(connection -> {
                if (!lock.isEmpty()) {
                    // Two machines that start at once must not both make the tables.
                    try (PreparedStatement wait = connection.prepareStatement(lock)) {
                        wait.execute();
                    }
                }
                Schema.update(connection, bytesType);
                return true;
            });
            ready = true;
        } finally {
            if (!ready) {
                connections.close();
            }
        }
        return new JdbcSessionStore(connections, description);
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
        return connections.statements(connection -> {
            try (PreparedStatement insert = connection.prepareStatement("insert into secure_session (" + COLUMNS
                    + ") values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing")) {
                insert.setString(1, record.id());
                setFields(insert, 2, record);
                return insert.executeUpdate() == 1;
            }
        });
    }

    @Override
    public Optional<SessionRecord> find(String id) throws IOException {
        return connections.statements(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement("select " + COLUMNS + " from secure_session where id = ?")) {
                select.setString(1, id);
                try (ResultSet row = select.executeQuery()) {
                    return row.next() ? Optional.of(read(row)) : Optional.empty();
                }
            }
        });
    }

    @Override
    public List<Boolean> replaceAll(List<Change> changes) throws IOException {
        if (changes.isEmpty()) {
            return List.of();
        }
        // In the order of their ids: two transactions with the same records do not wait for each other.
        List<Integer> order = IntStream.range(0, changes.size())
                .boxed()
                .sorted(Comparator.comparing(i -> changes.get(i).id()))
                .toList();
        int[] counts = connections.batch(connection -> {
            try (PreparedStatement update =
                    connection.prepareStatement("update secure_session set format = ?, peer = ?, epoch = ?, "
                            + "version = ?, key_name = ?, expires = ?, state = ?" + AS_READ)) {
                for (int i : order) {
                    Change change = changes.get(i);
                    setFields(update, 1, change.next());
                    setAsRead(update, 8, change.id(), change.epoch(), change.version());
                    update.addBatch();
                }
                return update.executeBatch();
            }
        });
        Boolean[] made = new Boolean[changes.size()];
        for (int i = 0; i < counts.length; i++) {
            made[order.get(i)] = counts[i] == 1;
        }
        return List.of(made);
    }

    @Override
    public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
        if (records.isEmpty()) {
            return List.of();
        }
        return connections.statements(connection -> {
            Map<String, Long> epochs = new HashMap<>();
            for (int from = 0; from < records.size(); from += RECORDS_IN_ONE_QUERY) {
                addEpochs(
                        connection,
                        records.subList(from, Math.min(records.size(), from + RECORDS_IN_ONE_QUERY)),
                        epochs);
            }
            List<Boolean> owned = new ArrayList<>(records.size());
            for (SessionRecord record : records) {
                owned.add(epochs.getOrDefault(record.id(), 0L) == record.epoch());
            }
            return owned;
        });
    }

    /** Pads the ids to a power of two with the last one, so that few distinct statements exist and their plans are reused. */
    private static void addEpochs(Connection connection, List<SessionRecord> records, Map<String, Long> epochs)
            throws SQLException {
        int places = Integer.highestOneBit(2 * records.size() - 1);
        try (PreparedStatement select = connection.prepareStatement(
                "select id, epoch from secure_session where id in (?" + ", ?".repeat(places - 1) + ")")) {
            for (int i = 0; i < places; i++) {
                select.setString(
                        i + 1, records.get(Math.min(i, records.size() - 1)).id());
            }
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    epochs.put(rows.getString(1), rows.getLong(2));
                }
            }
        }
    }

    @Override
    public boolean delete(SessionRecord record) throws IOException {
        return connections.statements(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("delete from secure_session" + AS_READ)) {
                setAsRead(delete, 1, record.id(), record.epoch(), record.version());
                return delete.executeUpdate() == 1;
            }
        });
    }

    @Override
    public List<String> list(PeerId peer) throws IOException {
        return connections.statements(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement("select id from secure_session where peer = ?")) {
                select.setBytes(1, peer.toBytes());
                return ids(select);
            }
        });
    }

    @Override
    public List<String> deleteAll(PeerId peer) throws IOException {
        return connections.statements(connection -> {
            try (PreparedStatement delete =
                    connection.prepareStatement("delete from secure_session where peer = ? returning id")) {
                delete.setBytes(1, peer.toBytes());
                return ids(delete);
            }
        });
    }

    @Override
    public int deleteExpired(Instant now, int limit) throws IOException {
        return connections.statements(connection -> {
            try (PreparedStatement delete = connection.prepareStatement("delete from secure_session where id in "
                    + "(select id from secure_session where expires < ? order by expires limit ?) and expires < ?")) {
                delete.setLong(1, now.toEpochMilli());
                delete.setInt(2, limit);
                delete.setLong(3, now.toEpochMilli());
                return delete.executeUpdate();
            }
        });
    }

    @Override
    public List<String> listSealedByOthers(String keyName, int limit) throws IOException {
        return connections.statements(connection -> {
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

    private static void setFields(PreparedStatement statement, int from, SessionRecord record) throws SQLException {
        statement.setInt(from, record.format());
        Optional<PeerId> peer = record.peer();
        if (peer.isPresent()) {
            statement.setBytes(from + 1, peer.get().toBytes());
        } else {
            statement.setNull(from + 1, Types.BINARY);
        }
        statement.setLong(from + 2, record.epoch());
        statement.setLong(from + 3, record.version());
        statement.setString(from + 4, record.keyName());
        statement.setLong(from + 5, record.expires().toEpochMilli());
        statement.setBytes(from + 6, record.state());
    }

    private static void setAsRead(PreparedStatement statement, int from, String id, long epoch, long version)
            throws SQLException {
        statement.setString(from, id);
        statement.setLong(from + 1, epoch);
        statement.setLong(from + 2, version);
    }

    private static SessionRecord read(ResultSet row) throws SQLException, IOException {
        String id = row.getString(1);
        byte[] peer = row.getBytes(3);
        byte[] state = row.getBytes(8);
        try {
            SessionRecord record = SessionRecord.of(
                            id,
                            row.getInt(2),
                            row.getString(6),
                            Instant.ofEpochMilli(row.getLong(7)),
                            state == null ? new byte[0] : state)
                    .at(row.getLong(4), row.getLong(5));
            return peer == null ? record : record.withPeer(PeerId.of(peer));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "the record " + id + " in the database is damaged: delete it; its peer starts anew", e);
        }
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

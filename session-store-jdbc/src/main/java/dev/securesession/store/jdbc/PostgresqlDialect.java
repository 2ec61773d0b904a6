package dev.securesession.store.jdbc;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore.Change;
import java.io.IOException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL, for many machines. A commit is one statement, whatever the number of its records: a statement for each record costs
 * the server about twice as much CPU time.
 */
final class PostgresqlDialect implements Dialect {
    private static final long SCHEMA_LOCK = 0x7365637572657373L;

    /** Takes the arrays row by row, in their order, unless the table is so small that the server reads it as a whole. */
    private static final String REPLACE = """
            update secure_session as stored
            set format = next.format, peer = next.peer, epoch = next.epoch, version = next.version,
              key_name = next.key_name, expires = next.expires, state = next.state
            from unnest(?::text[], ?::int8[], ?::int8[], ?::int2[], ?::bytea[], ?::int8[], ?::int8[], ?::text[],
                ?::int8[], ?::bytea[]) with ordinality
              as next (id, epoch_read, version_read, format, peer, epoch, version, key_name, expires, state, place)
            where stored.id = next.id and stored.epoch = next.epoch_read and stored.version = next.version_read
            returning next.place""";

    /** Returns the places of those that have another epoch or are gone: usually none. */
    private static final String NOT_OWNED = """
            select known.place from unnest(?::text[], ?::int8[]) with ordinality as known (id, epoch, place)
            where known.epoch is distinct from (select epoch from secure_session where id = known.id)""";

    @Override
    public List<List<String>> schemaSteps() {
        return List.of(
                Schema.tables("bytea"),
                List.of(
                        // Ids are compared as bytes, which is faster than by the rules of a language.
                        "alter table secure_session alter column id type varchar(64) collate \"C\"",
                        // Room for one or two more versions in each page: an update within a page writes no index.
                        "alter table secure_session set (fillfactor = 85)",
                        // A sealed state cannot be compressed.
                        "alter table secure_session alter column state set storage external"));
    }

    @Override
    public void lockSchema(Connection connection) throws SQLException {
        // Two machines that start at once must not both make the tables.
        try (PreparedStatement wait =
                connection.prepareStatement("select pg_advisory_xact_lock(" + SCHEMA_LOCK + ")")) {
            wait.execute();
        }
    }

    @Override
    public List<Boolean> replaceAll(Connections connections, List<Change> changes) throws IOException {
        return connections.autoCommitted(connection -> {
            try (PreparedStatement update = connection.prepareStatement(REPLACE)) {
                List<SessionRecord> next = changes.stream().map(Change::next).toList();
                update.setArray(1, array(connection, "text", changes, Change::id, String[]::new));
                update.setArray(2, array(connection, "int8", changes, Change::epoch, Long[]::new));
                update.setArray(3, array(connection, "int8", changes, Change::version, Long[]::new));
                update.setArray(4, array(connection, "int2", next, record -> (short) record.format(), Short[]::new));
                update.setArray(5, array(connection, "bytea", next, PostgresqlDialect::peer, byte[][]::new));
                update.setArray(6, array(connection, "int8", next, SessionRecord::epoch, Long[]::new));
                update.setArray(7, array(connection, "int8", next, SessionRecord::version, Long[]::new));
                update.setArray(8, array(connection, "text", next, SessionRecord::keyName, String[]::new));
                update.setArray(
                        9,
                        array(
                                connection,
                                "int8",
                                next,
                                record -> record.expires().toEpochMilli(),
                                Long[]::new));
                update.setArray(10, array(connection, "bytea", next, SessionRecord::state, byte[][]::new));
                // By place: a commit may hold changes of a session by its owner and by an overtaken one.
                List<Boolean> made = new ArrayList<>(Collections.nCopies(changes.size(), false));
                try (ResultSet rows = update.executeQuery()) {
                    while (rows.next()) {
                        made.set(rows.getInt(1) - 1, true);
                    }
                }
                return made;
            }
        });
    }

    private static byte @Nullable [] peer(SessionRecord record) {
        return record.peer().map(PeerId::toBytes).orElse(null);
    }

    /** Returns an array whose Java type is the one that the driver sends as bytes and not as text. */
    private static <T> Array array(
            Connection connection,
            String type,
            List<T> of,
            Function<T, ? extends @Nullable Object> element,
            IntFunction<Object[]> typed)
            throws SQLException {
        return connection.createArrayOf(type, of.stream().map(element).toArray(typed));
    }

    @Override
    public List<Boolean> areOwned(Connection connection, List<SessionRecord> records) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(NOT_OWNED)) {
            select.setArray(1, array(connection, "text", records, SessionRecord::id, String[]::new));
            select.setArray(2, array(connection, "int8", records, SessionRecord::epoch, Long[]::new));
            List<Boolean> owned = new ArrayList<>(Collections.nCopies(records.size(), true));
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    owned.set(rows.getInt(1) - 1, false);
                }
            }
            return owned;
        }
    }

    /** Locks in the order of commits. */
    @Override
    public String deletePeer() {
        return "delete from secure_session where id in "
                + "(select id from secure_session where peer = ? order by id for update) returning id";
    }

    /** Does not wait for records that another process deletes, or an owner still uses. */
    @Override
    public String deleteExpired() {
        return "delete from secure_session where id in (select id from secure_session where expires < ? "
                + "order by expires limit ? for update skip locked) and expires < ?";
    }
}

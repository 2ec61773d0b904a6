package dev.securesession.store.jdbc;

import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore.Change;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** SQLite, in the same process: a statement costs no round trip. Its transactions lock the whole file when they begin. */
final class SqliteDialect implements Dialect {
    private static final int RECORDS_IN_ONE_QUERY = 256;

    @Override
    public List<List<String>> schemaSteps() {
        return List.of(Schema.tables("blob"));
    }

    @Override
    public void lockSchema(Connection connection) {
        // The transaction has locked the file.
    }

    @Override
    public List<Boolean> replaceAll(Connections connections, List<Change> changes) throws IOException {
        return connections.inTransaction(connection -> {
            try (PreparedStatement update =
                    connection.prepareStatement("update secure_session set format = ?, peer = ?, epoch = ?, "
                            + "version = ?, key_name = ?, expires = ?, state = ?" + RecordColumns.AS_READ)) {
                for (Change change : changes) {
                    RecordColumns.setFields(update, 1, change.next());
                    RecordColumns.setAsRead(update, 8, change.id(), change.epoch(), change.version());
                    update.addBatch();
                }
                return Arrays.stream(update.executeBatch())
                        .mapToObj(count -> count == 1)
                        .toList();
            }
        });
    }

    @Override
    public List<Boolean> areOwned(Connection connection, List<SessionRecord> records) throws SQLException {
        List<String> ids = records.stream().map(SessionRecord::id).toList();
        Map<String, Long> epochs = new HashMap<>();
        for (int from = 0; from < ids.size(); from += RECORDS_IN_ONE_QUERY) {
            addEpochs(connection, ids.subList(from, Math.min(ids.size(), from + RECORDS_IN_ONE_QUERY)), epochs);
        }
        return records.stream()
                .map(record -> epochs.getOrDefault(record.id(), 0L) == record.epoch())
                .toList();
    }

    private static void addEpochs(Connection connection, List<String> ids, Map<String, Long> epochs)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "select id, epoch from secure_session where id in (?" + ", ?".repeat(ids.size() - 1) + ")")) {
            for (int i = 0; i < ids.size(); i++) {
                select.setString(i + 1, ids.get(i));
            }
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    epochs.put(rows.getString(1), rows.getLong(2));
                }
            }
        }
    }

    @Override
    public String deletePeer() {
        return "delete from secure_session where peer = ? returning id";
    }

    @Override
    public String deleteExpired() {
        return "delete from secure_session where id in "
                + "(select id from secure_session where expires < ? order by expires limit ?) and expires < ?";
    }
}

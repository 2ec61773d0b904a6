package dev.securesession.store.jdbc;

import dev.securesession.store.RollbackGuard;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

// example: guard
/** Remembers the latest version of each session in a table. */
final class VersionTable implements RollbackGuard {
    private static final String ADVANCE =
            "insert into session_version (id, version, changed) values (?, ?, now()) on conflict (id) do update "
                    + "set version = greatest(session_version.version, excluded.version), changed = now()";

    private final DataSource source;

    VersionTable(DataSource source) throws SQLException {
        this.source = source;
        try (Connection connection = source.getConnection();
                Statement create = connection.createStatement()) {
            create.execute("create table if not exists session_version "
                    + "(id varchar(64) primary key, version bigint not null, changed timestamptz not null)");
        }
    }

    @Override
    public void advance(String id, long version) throws IOException {
        advanceAll(Map.of(id, version));
    }

    @Override
    public void advanceAll(Map<String, Long> versions) throws IOException {
        try (Connection connection = source.getConnection();
                PreparedStatement advance = connection.prepareStatement(ADVANCE)) {
            // In the order of the ids, so that two commits never wait for each other in a circle.
            for (Map.Entry<String, Long> version : new TreeMap<>(versions).entrySet()) {
                advance.setString(1, version.getKey());
                advance.setLong(2, version.getValue());
                advance.addBatch();
            }
            advance.executeBatch();
        } catch (SQLException e) {
            throw new IOException("the versions of sessions cannot be remembered: " + e.getMessage(), e);
        }
    }

    @Override
    public long highest(String id) throws IOException {
        try (Connection connection = source.getConnection();
                PreparedStatement select =
                        connection.prepareStatement("select version from session_version where id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getLong(1) : 0;
            }
        } catch (SQLException e) {
            throw new IOException("the version of a session cannot be read: " + e.getMessage(), e);
        }
    }
}
// end

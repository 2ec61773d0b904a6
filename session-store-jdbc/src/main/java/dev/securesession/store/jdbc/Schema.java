package dev.securesession.store.jdbc;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/**
 * The tables of a store, made on first use. Each step takes the tables from one version to the next, so a database of an earlier
 * version of the library is brought up to date when it is opened.
 */
final class Schema {
    private Schema() {}

    /**
     * Returns the first step of every database.
     *
     * @param bytes how the database calls a column of bytes
     */
    static List<String> tables(String bytes) {
        return List.of(
                "create table secure_session ("
                        + "id varchar(64) not null primary key, format smallint not null, peer " + bytes
                        + ", epoch bigint not null, version bigint not null, key_name varchar(64) not null, "
                        + "expires bigint not null, state " + bytes + " not null)",
                "create index secure_session_peer on secure_session (peer)",
                "create index secure_session_expires on secure_session (expires)",
                "create index secure_session_key on secure_session (key_name)");
    }

    /** Makes or updates the tables, within the transaction of the connection. */
    static void update(Connection connection, List<List<String>> steps) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create table if not exists secure_session_schema (version integer not null)");
            int version = version(statement);
            if (version > steps.size()) {
                throw new SQLException("the tables are of version " + version + "; this library knows versions up to "
                        + steps.size() + ": update the library");
            }
            for (List<String> step : steps.subList(version, steps.size())) {
                for (String sql : step) {
                    statement.execute(sql);
                }
            }
            if (version < steps.size()) {
                statement.execute("delete from secure_session_schema");
                statement.execute("insert into secure_session_schema (version) values (" + steps.size() + ")");
            }
        }
    }

    private static int version(Statement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery("select version from secure_session_schema")) {
            return rows.next() ? rows.getInt(1) : 0;
        }
    }
}

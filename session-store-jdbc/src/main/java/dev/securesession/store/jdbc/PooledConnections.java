package dev.securesession.store.jdbc;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** The connections of a data source, which stays the caller's to close. */
final class PooledConnections implements Connections {
    private final DataSource source;

    PooledConnections(DataSource source) {
        this.source = source;
    }

    @Override
    public <T> T inTransaction(Work<T> work) throws IOException {
        try (Connection connection = source.getConnection()) {
            boolean automatic = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try {
                return Connections.run(connection, work);
            } finally {
                connection.setAutoCommit(automatic);
            }
        } catch (SQLException e) {
            throw new IOException("the database of the session store failed: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        // The data source is the caller's.
    }
}

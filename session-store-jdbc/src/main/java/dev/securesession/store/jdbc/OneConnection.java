package dev.securesession.store.jdbc;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;

/** One connection that all threads share, one after the other: what an embedded database is fastest with. */
final class OneConnection implements Connections {
    private final Connection connection;

    OneConnection(Connection connection) {
        this.connection = connection;
    }

    @Override
    public synchronized <T> T inTransaction(Work<T> work) throws IOException {
        try {
            // The driver begins the next transaction right after a commit, and so would keep the database locked.
            connection.setAutoCommit(false);
            try {
                return Connections.run(connection, work);
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public synchronized <T> T autoCommitted(Work<T> work) throws IOException {
        try {
            return work.on(connection);
        } catch (SQLException e) {
            throw failed(e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new IOException("the database of the session store does not close: " + e.getMessage(), e);
        }
    }

    private static IOException failed(SQLException e) {
        return new IOException("the database of the session store failed: " + e.getMessage(), e);
    }
}

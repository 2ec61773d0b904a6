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
        return on(false, connection -> Connections.run(connection, work));
    }

    @Override
    public <T> T statements(Work<T> work) throws IOException {
        return on(true, work);
    }

    /**
     * PostgreSQL takes what its driver sends at once for one transaction, which needs no call to end it. The driver sends some 250
     * statements at once.
     */
    @Override
    public <T> T batch(Work<T> work) throws IOException {
        return on(true, work);
    }

    private <T> T on(boolean autoCommit, Work<T> work) throws IOException {
        try (Connection connection = source.getConnection()) {
            boolean before = connection.getAutoCommit();
            connection.setAutoCommit(autoCommit);
            try {
                return work.on(connection);
            } finally {
                connection.setAutoCommit(before);
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

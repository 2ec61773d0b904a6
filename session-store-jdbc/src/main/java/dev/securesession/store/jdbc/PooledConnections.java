package dev.securesession.store.jdbc;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The connections of a data source, which stays the caller's to close. */
final class PooledConnections implements Connections {
    private static final String SERIALIZATION_FAILURE = "40001";
    private static final String DEADLOCK_DETECTED = "40P01";
    private static final int MAX_ATTEMPTS = 10;

    private final DataSource source;

    PooledConnections(DataSource source) {
        this.source = source;
    }

    @Override
    public <T> T inTransaction(Work<T> work) throws IOException {
        return on(false, connection -> Connections.run(connection, work));
    }

    @Override
    public <T> T autoCommitted(Work<T> work) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return on(true, work);
            } catch (IOException e) {
                if (attempt == MAX_ATTEMPTS || !wasRolledBackForOthers(e.getCause())) {
                    throw e;
                }
            }
        }
    }

    /** Tells whether the database has rolled back the statement in favor of another transaction. Nothing was changed. */
    private static boolean wasRolledBackForOthers(@Nullable Throwable cause) {
        return cause instanceof SQLException e
                && (DEADLOCK_DETECTED.equals(e.getSQLState()) || SERIALIZATION_FAILURE.equals(e.getSQLState()));
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

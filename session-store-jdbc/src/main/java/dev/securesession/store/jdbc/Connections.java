package dev.securesession.store.jdbc;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;

/** Runs work on a connection. */
interface Connections {
    /** Runs the work and commits; whatever fails is rolled back and thrown. */
    <T> T inTransaction(Work<T> work) throws IOException;

    /**
     * Runs one statement, which commits by itself: no calls to begin and to end a transaction. It runs again if the database has
     * rolled it back to let another transaction go on.
     */
    <T> T statements(Work<T> work) throws IOException;

    /** Releases the connections that are our own. */
    void close() throws IOException;

    /** Commits what work has done, or rolls it back. */
    static <T> T run(Connection connection, Work<T> work) throws SQLException, IOException {
        try {
            T result = work.on(connection);
            connection.commit();
            return result;
        } catch (Throwable failure) {
            try {
                connection.rollback();
            } catch (SQLException again) {
                failure.addSuppressed(again);
            }
            throw failure;
        }
    }

    /** Work in a transaction. */
    interface Work<T> {
        T on(Connection connection) throws SQLException, IOException;
    }
}

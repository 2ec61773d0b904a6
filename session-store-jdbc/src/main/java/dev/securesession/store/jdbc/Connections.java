package dev.securesession.store.jdbc;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;

/** Runs work on a connection. */
interface Connections {
    /** Runs the work and commits; whatever fails is rolled back and thrown. */
    <T> T inTransaction(Work<T> work) throws IOException;

    /**
     * Runs one statement with auto-commit, without calls that begin and end a transaction. The statement runs again if the database
     * has rolled it back in favor of another transaction.
     */
    <T> T autoCommitted(Work<T> work) throws IOException;

    /** Closes the connection of an embedded database. The pool of a server stays the caller's to close. */
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

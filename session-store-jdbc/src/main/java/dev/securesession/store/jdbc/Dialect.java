package dev.securesession.store.jdbc;

import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore.Change;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** What a database does in a way of its own. */
interface Dialect {
    /** Returns the steps that make the tables; {@link Schema} runs those that are missing. Steps are added and never changed. */
    List<List<String>> schemaSteps();

    /** Lets one process at a time make or update the tables, until the end of the transaction. */
    void lockSchema(Connection connection) throws SQLException;

    /**
     * Makes the changes whose records are still those that were read, in one transaction.
     *
     * @param changes in the order of their ids, so that two commits with the same records lock them in the same order
     * @return for each change in order, whether it was made
     */
    List<Boolean> replaceAll(Connections connections, List<Change> changes) throws IOException;

    /** Returns for each record in order whether it is stored with its epoch. */
    List<Boolean> areOwned(Connection connection, List<SessionRecord> records) throws SQLException;

    /** Returns the statement that deletes the records of a peer and returns their ids. Parameter: peer. */
    String deletePeer();

    /** Returns the statement that deletes expired records. Parameters: time, limit, time. */
    String deleteExpired();
}

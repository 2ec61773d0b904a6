package dev.securesession.store.redis;

/**
 * What becomes of stored sessions when a Redis server restarts, or a replica takes its place. The choice is kept in the database; all
 * that open the same store must choose the same.
 */
public enum AfterRestart {
    /**
     * They end: a peer's next message is refused with {@code NOT_FOUND}, and a new handshake answers it. Nothing else is required
     * of the server: it may have lost what it had acknowledged, with any {@code appendfsync} and after any failover.
     */
    END_SESSIONS,

    /**
     * They are kept. Only for a server that has every acknowledged write on its disk ({@code appendonly yes} and
     * {@code appendfsync always}, which is checked when the store is opened), and whose replicas are never promoted: replication
     * is asynchronous, so a promoted replica may lack acknowledged writes. Where this does not hold, a session may go back to an
     * earlier state: a number is used twice, and a payload is delivered twice.
     */
    KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK
}

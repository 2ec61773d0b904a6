package dev.securesession.store;

import java.io.IOException;
import java.util.Map;

/**
 * Remembers the latest version of each session outside the store. After a restore from a backup the store has older versions than
 * the guard remembers, and claims refuse them. Keep the versions where a restore of the store does not change them: in another
 * database, or in a service of its own.
 *
 * <p>{@link #advanceAll} is called after each commit, before a message or payload of the commit is returned, and {@link #highest}
 * at each claim. Implementations are safe for use by several threads. PROTOCOL.md S-5.
 */
public interface RollbackGuard {
    /** The version that ends a session: no state of it is accepted any more. */
    long ENDED = Long.MAX_VALUE;

    /**
     * Remembers a version, durably, unless a higher one is remembered already.
     *
     * @param id the session
     * @param version 1 or more, or {@link #ENDED}
     * @throws IOException if that cannot be done: the session is not used, and can be claimed again later
     */
    void advance(String id, long version) throws IOException;

    /**
     * Remembers the versions of all sessions of one commit. A counter in a database overrides this, so that a commit costs it one
     * call.
     *
     * @param versions one or more, by session; as {@link #advance} takes them
     * @throws IOException if that cannot be done: none of the sessions is used, and all can be claimed again later
     */
    default void advanceAll(Map<String, Long> versions) throws IOException {
        for (Map.Entry<String, Long> version : versions.entrySet()) {
            advance(version.getKey(), version.getValue());
        }
    }

    /**
     * Returns the highest version that was remembered.
     *
     * @param id the session
     * @return the version, or 0 if there is none
     * @throws IOException if the counter cannot be read: try again later
     */
    long highest(String id) throws IOException;

    /**
     * Returns a guard that remembers nothing: a restored store is not noticed.
     *
     * @return the guard
     */
    static RollbackGuard none() {
        return new RollbackGuard() {
            @Override
            public void advance(String id, long version) {
                // Nothing is remembered.
            }

            @Override
            public long highest(String id) {
                return 0;
            }
        };
    }
}

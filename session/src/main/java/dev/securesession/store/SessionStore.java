package dev.securesession.store;

import dev.securesession.PeerId;
import java.io.Closeable;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Keeps {@link SessionRecord records} durably, and replaces a record only if nobody has replaced it since the caller read it. A
 * store sees sealed states only, and has no other rule.
 *
 * <p>Two rules make a store:
 *
 * <ul>
 *   <li>Compare and set: {@link #replaceAll} and {@link #delete} compare epoch and version with the stored ones and change the
 *       record in one atomic step, whatever other processes do at the same time.
 *   <li>Durable when it returns: what a method has changed survives the end of the process and of the machine. A store that
 *       promises less documents which changes can be lost.
 * </ul>
 *
 * <p>After an exception it is not known whether the change was made. Callers claim the session again: a claim reads the record
 * that is stored and replaces that one. Implementations are safe for use by several threads. {@code SessionStoreSuite} in the testkit checks a store. PROTOCOL.md S-3, S-4.
 */
public interface SessionStore extends Closeable {
    /**
     * Adds a record.
     *
     * @param record a new one
     * @return false if there is one with this id, which stays as it is
     * @throws IOException if the store cannot be reached
     */
    boolean insert(SessionRecord record) throws IOException;

    /**
     * Returns a record, also one that has expired.
     *
     * @param id its id
     * @return the record, or empty if there is none
     * @throws IOException if the store cannot be reached, or what it holds is damaged
     */
    Optional<SessionRecord> find(String id) throws IOException;

    /**
     * Replaces records, each if it is still the one that was read. A store may make all changes durable together; whether one
     * is made does not depend on the others.
     *
     * @param changes mostly of different records. Of several changes of one record at most one is still of what was read:
     *     those of an overtaken owner and of its successor in one process.
     * @return for each change in order, whether it was made itself; false if the record is another one by now, or was deleted
     * @throws IOException if the store cannot be reached; each change may have been made or not
     */
    List<Boolean> replaceAll(List<Change> changes) throws IOException;

    /**
     * Replaces a record if it is still the one that was read.
     *
     * @param change what to change
     * @return whether it was made
     * @throws IOException if the store cannot be reached; the change may have been made or not
     */
    default boolean replace(Change change) throws IOException {
        return replaceAll(List.of(change)).get(0);
    }

    /**
     * Tells of each record whether it still has an owner, which is what its epoch says. This is the check before a number is
     * used that was reserved earlier.
     *
     * @param records as the owners know them
     * @return for each record in order, whether there is a record with its id and its epoch
     * @throws IOException if the store cannot be reached
     */
    default List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
        List<Boolean> owned = new ArrayList<>();
        for (SessionRecord record : records) {
            owned.add(find(record.id())
                    .filter(found -> found.epoch() == record.epoch())
                    .isPresent());
        }
        return owned;
    }

    /**
     * Deletes a record if it is still the one that was read.
     *
     * @param record with the epoch and the version that were read
     * @return whether it was deleted; false if the record is another one by now, or there is none
     * @throws IOException if the store cannot be reached; the record may have been deleted or not
     */
    boolean delete(SessionRecord record) throws IOException;

    /**
     * Lists records, whoever their peers and whatever their kind.
     *
     * @param limit how many to list at most, 1 or more
     * @return their ids, in any order; fewer than the limit if there are no more
     * @throws IOException if the store cannot be reached
     */
    List<String> list(int limit) throws IOException;

    /**
     * Lists the records of a peer.
     *
     * @param peer the peer
     * @return their ids, in any order
     * @throws IOException if the store cannot be reached
     */
    List<String> list(PeerId peer) throws IOException;

    /**
     * Deletes all records of a peer, whoever owns them.
     *
     * @param peer the peer
     * @return the ids of what was deleted
     * @throws IOException if the store cannot be reached; some may have been deleted
     */
    List<String> deleteAll(PeerId peer) throws IOException;

    /**
     * Deletes records that have expired.
     *
     * @param now what expires before this time is deleted
     * @param limit how many to delete at most, 1 or more
     * @return how many were deleted; fewer than the limit if no more have expired
     * @throws IOException if the store cannot be reached; some may have been deleted
     */
    int deleteExpired(Instant now, int limit) throws IOException;

    /**
     * Lists records that were not sealed by a key.
     *
     * @param keyName the name of the key
     * @param limit how many to list at most, 1 or more
     * @return the ids of records with the name of another key, in any order
     * @throws IOException if the store cannot be reached
     */
    List<String> listNotSealedBy(String keyName, int limit) throws IOException;

    /**
     * Releases what the store holds open. May be called twice.
     *
     * @throws IOException if that fails
     */
    @Override
    void close() throws IOException;

    /** The replacement of a record: made only if epoch and version are still those that were read. */
    final class Change {
        private final long epoch;
        private final long version;
        private final SessionRecord next;

        private Change(long epoch, long version, SessionRecord next) {
            this.epoch = epoch;
            this.version = version;
            this.next = next;
        }

        /**
         * Returns the replacement of a record.
         *
         * @param read the record as it was read or written last
         * @param next takes its place; has the same id
         * @return the change
         * @throws IllegalArgumentException if the ids differ
         */
        public static Change of(SessionRecord read, SessionRecord next) {
            if (!read.id().equals(next.id())) {
                throw new IllegalArgumentException("a change of " + read.id() + " into " + next.id());
            }
            return new Change(read.epoch(), read.version(), next);
        }

        /**
         * Returns the id of the record.
         *
         * @return the id
         */
        public String id() {
            return next.id();
        }

        /**
         * Returns the epoch that must be stored.
         *
         * @return 1 or more
         */
        public long epoch() {
            return epoch;
        }

        /**
         * Returns the version that must be stored.
         *
         * @return 1 or more
         */
        public long version() {
            return version;
        }

        /**
         * Returns what takes the place of the record.
         *
         * @return the record to store
         */
        public SessionRecord next() {
            return next;
        }

        @Override
        public String toString() {
            return "from epoch " + epoch + ", version " + version + " to " + next;
        }
    }
}

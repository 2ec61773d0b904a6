package dev.securesession.cli.state;

import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Moves records from one store, the source, to another store, the target. At no time can services use a record in both stores, and
 * at every time at least one store has the record. A move that has failed is completed by the same move again.
 *
 * <p>Each record goes through four steps, each of which changes one store:
 *
 * <ol>
 *   <li>The record is marked in the source, which shuts out its owner. Services refuse the format of a marked record.
 *   <li>The marked record is inserted into the target.
 *   <li>The marked record is deleted from the source.
 *   <li>The mark is removed in the target.
 * </ol>
 */
final class RecordMover {
    private static final int BATCH = 256;

    private final SessionStore from;
    private final SessionStore to;
    private final LongConsumer progress;
    private long moved;

    RecordMover(SessionStore from, SessionStore to, LongConsumer progress) {
        this.from = from;
        this.to = to;
        this.progress = progress;
    }

    /** Moves all records, and completes an earlier move that was interrupted. Returns how many records have arrived. */
    long move() throws IOException {
        Set<String> left = new HashSet<>();
        while (true) {
            Set<String> ids = new HashSet<>(from.list(left.size() + BATCH));
            ids.removeAll(left);
            if (ids.isEmpty()) {
                break;
            }
            for (String id : ids) {
                if (!moveOne(id)) {
                    left.add(id);
                }
            }
        }
        completeInTarget();
        return moved;
    }

    /** Returns false if the record has to stay where it is. */
    private boolean moveOne(String id) throws IOException {
        Optional<SessionRecord> found = from.find(id);
        if (!found.isPresent()) {
            return true;
        }
        SessionRecord record = found.get();
        SessionRecord marked = record;
        if (!isMoving(record)) {
            if (record.format() >= SessionRecord.MOVING) {
                return false;
            }
            if (to.find(id).isPresent()) {
                throw new IOException("both stores have a record " + id + ", which stays where it is; "
                        + "delete the one that is older (state list shows epoch and version)");
            }
            marked = mark(record);
            if (!from.replace(SessionStore.Change.of(record, marked))) {
                // Its owner has changed it meanwhile: it comes again with the next batch.
                return true;
            }
        }
        if (!to.insert(marked) && !isTheSame(to.find(id), marked)) {
            throw new IOException("the store to move to has another record " + id + " by now; it was not changed");
        }
        if (!from.delete(marked)) {
            // Its peer was revoked meanwhile, so the copy is deleted as well.
            to.delete(marked);
            return true;
        }
        complete(marked);
        return true;
    }

    /** Removes the marks in the target. Records that were still in the source have been moved before. */
    private void completeInTarget() throws IOException {
        for (String id : to.list(Integer.MAX_VALUE)) {
            Optional<SessionRecord> found = to.find(id);
            if (found.isPresent() && isMoving(found.get())) {
                complete(found.get());
            }
        }
    }

    private void complete(SessionRecord marked) throws IOException {
        if (to.replace(SessionStore.Change.of(marked, unmark(marked)))) {
            moved++;
            progress.accept(moved);
        }
    }

    private static boolean isMoving(SessionRecord record) {
        int format = record.format() - SessionRecord.MOVING;
        return format == SessionRecord.SESSION || format == SessionRecord.HANDSHAKE;
    }

    private static boolean isTheSame(Optional<SessionRecord> found, SessionRecord record) {
        return found.filter(other -> other.format() == record.format()
                        && other.epoch() == record.epoch()
                        && other.version() == record.version())
                .isPresent();
    }

    private static SessionRecord mark(SessionRecord record) {
        return of(record, record.format() + SessionRecord.MOVING, record.epoch() + 1);
    }

    /** Epoch and format are as before: the state is sealed for them. */
    private static SessionRecord unmark(SessionRecord record) {
        return of(record, record.format() - SessionRecord.MOVING, record.epoch() - 1);
    }

    private static SessionRecord of(SessionRecord record, int format, long epoch) {
        SessionRecord other = SessionRecord.of(record.id(), format, record.keyName(), record.expires(), record.state())
                .at(epoch, record.version());
        return record.peer().map(other::withPeer).orElse(other);
    }
}

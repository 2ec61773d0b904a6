package dev.securesession.cli.state;

import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Moves records from one store to another so that at no time two stores have one that can be used, and at every time one store
 * has it: whatever fails, and whenever, the same move again completes it.
 *
 * <p>A record goes through four steps, each one change of one store: it is marked as moving where it is, which shuts out its
 * owner; stored at the other place with the mark; deleted where it was; and its mark is taken off. No service uses a record with
 * a mark, since its format is one that none knows.
 */
final class RecordMover {
    /** Added to the format of a record that is being moved; docs/stored-sessions.md. */
    static final int MOVING = 128;

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

    /** Moves everything, and completes what an interrupted move has left. Returns how many records have arrived. */
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
            if (record.format() >= MOVING) {
                return false;
            }
            if (to.find(id).isPresent()) {
                throw new IOException("both stores have a record " + id + ", which stays where it is; "
                        + "delete the one that is older (state list shows epoch and version)");
            }
            marked = mark(record);
            if (!from.replace(SessionStore.Change.of(record, marked))) {
                // Its owner was faster: it comes again with the next batch.
                return true;
            }
        }
        if (!to.insert(marked) && !isTheSame(to.find(id), marked)) {
            throw new IOException("the store to move to has another record " + id + " by now; it was not changed");
        }
        if (!from.delete(marked)) {
            // It was revoked meanwhile, which counts wherever it is.
            to.delete(marked);
            return true;
        }
        complete(marked);
        return true;
    }

    /** Takes off marks that an interrupted move has left. What is still at its old place was dealt with before. */
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
        int format = record.format() - MOVING;
        return format == SessionRecord.SESSION || format == SessionRecord.HANDSHAKE;
    }

    private static boolean isTheSame(Optional<SessionRecord> found, SessionRecord record) {
        return found.filter(other -> other.format() == record.format()
                        && other.epoch() == record.epoch()
                        && other.version() == record.version())
                .isPresent();
    }

    private static SessionRecord mark(SessionRecord record) {
        return of(record, record.format() + MOVING, record.epoch() + 1);
    }

    /** Epoch and format are as before: the state is sealed for them. */
    private static SessionRecord unmark(SessionRecord record) {
        return of(record, record.format() - MOVING, record.epoch() - 1);
    }

    private static SessionRecord of(SessionRecord record, int format, long epoch) {
        SessionRecord other = SessionRecord.of(record.id(), format, record.keyName(), record.expires(), record.state())
                .at(epoch, record.version());
        return record.peer().map(other::withPeer).orElse(other);
    }
}

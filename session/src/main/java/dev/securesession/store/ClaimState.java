package dev.securesession.store;

import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedMessage;
import dev.securesession.NumberedPayload;
import dev.securesession.SecureSession;
import dev.securesession.StateKey;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What an owner knows of a claimed session: the record that it has stored last, which numbers are reserved, and which changes
 * are durable. A message leaves only with a reserved number; a commit reserves the next ones (PROTOCOL.md S-3).
 *
 * <p>The lock is this object's own.
 */
final class ClaimState {
    private final SecureSession session;
    private final Clock clock;
    private SessionRecord stored;
    private long used;
    private long reserved;
    private long changes;
    private long durable;
    private long comparedAt;
    private long checksAsked;
    private long checksDone;
    private boolean releasing;
    private @Nullable IOException end;

    /**
     * Begins the claim of a session whose record was just stored.
     *
     * @param reserved how many numbers the record holds in reserve
     * @param asked when the store was asked to store it, in milliseconds of the clock
     */
    ClaimState(SecureSession session, SessionRecord stored, long reserved, Clock clock, long asked) {
        this.session = session;
        this.stored = stored;
        this.reserved = reserved;
        this.clock = clock;
        this.comparedAt = asked;
    }

    SecureSession session() {
        return session;
    }

    synchronized String id() {
        return stored.id();
    }

    synchronized SessionRecord stored() {
        return stored;
    }

    /** Tells whether the session was not used for its lifetime. */
    synchronized boolean isExpired() {
        return stored.expires().isBefore(clock.instant());
    }

    /** Tells whether the claim has ended or is about to. */
    synchronized boolean isOver() {
        return end != null || releasing;
    }

    /** Fails once the claim has ended. */
    synchronized void requireOwned() throws IOException {
        if (end != null) {
            throw again(end);
        }
    }

    /** Fails once the claim has ended or is about to. */
    synchronized void requireInUse() throws IOException {
        requireOwned();
        if (releasing) {
            throw new ClaimLostException("the session " + id() + " was released; claim it again to use it");
        }
    }

    /**
     * Unwraps a message and counts the change in one step: a commit that covers the one covers the other, so nobody who was
     * refused a payload has changed the window.
     */
    synchronized Opened open(byte[] message) throws IOException, MessageRejectedException {
        requireInUse();
        NumberedPayload payload = session.unwrapNumbered(message);
        return new Opened(payload, ++changes);
    }

    /** Counts a change of the session; returns the number of the change, for {@link #isDurable}. */
    synchronized long changed() throws IOException {
        requireOwned();
        return ++changes;
    }

    /** Tells whether a change was stored; fails if it was not and never will be. */
    synchronized boolean isDurable(long change) throws IOException {
        if (durable >= change) {
            return true;
        }
        requireOwned();
        return false;
    }

    /** Tells whether a number is left that was reserved. */
    synchronized boolean hasReserved() throws IOException {
        requireInUse();
        return used < reserved;
    }

    /**
     * Tells whether the last commit or check is recent enough to rely on. Its time is that of the question: a claim that another
     * owner made while the answer was on its way is not in it (PROTOCOL.md S-4).
     */
    synchronized boolean isCheckedSince(long millis) {
        long age = clock.millis() - comparedAt;
        return age >= 0 && age < millis;
    }

    /** Asks for a check of ownership; returns the number of the check, for {@link #isChecked}. */
    synchronized long askForCheck() throws IOException {
        requireOwned();
        return ++checksAsked;
    }

    /** Tells whether a check was made that began after it was asked for; fails if the claim has ended. */
    synchronized boolean isChecked(long check) throws IOException {
        requireOwned();
        return checksDone >= check;
    }

    /** Returns the record to compare and the checks that it is the answer to, or null if the claim has ended. */
    synchronized @Nullable Check beginCheck() {
        return end == null ? new Check(this, stored, checksAsked, clock.millis()) : null;
    }

    /** The record was still this owner's when the store compared it, which was after this time. */
    synchronized void checked(long check, long asked) {
        checksDone = Math.max(checksDone, check);
        comparedAt = asked;
    }

    /** Wraps with a reserved number, or returns null if there is none any more. */
    synchronized @Nullable NumberedMessage wrap(byte[] payload) throws IOException {
        requireInUse();
        if (used >= reserved) {
            return null;
        }
        NumberedMessage message = session.wrapNumbered(payload);
        used++;
        return message;
    }

    /**
     * From now on nothing is wrapped, and the next commit releases the numbers that were not used. Returns false if the claim
     * has ended or is being released already.
     */
    synchronized boolean release() {
        boolean first = end == null && !releasing;
        releasing = true;
        return first;
    }

    /** Tells whether the stored record is what the session is now. */
    synchronized boolean isStored() {
        return used == reserved && durable == changes;
    }

    /**
     * Returns the present state for the store, or null if the claim has ended or an earlier commit has covered all changes.
     *
     * @param ahead how many numbers to reserve
     */
    synchronized @Nullable Snapshot snapshot(String keyName, StateKey key, int ahead, Instant expires) {
        if (end != null || durable == changes) {
            return null;
        }
        int numbers = releasing ? 0 : (int) Math.max(ahead, reserved - used);
        SessionRecord place = SessionRecord.of(stored.id(), stored.format(), keyName, expires, new byte[0])
                .withPeer(session.peer())
                .at(stored.epoch(), stored.version() + 1);
        SessionRecord next = place.withState(session.saveCopyAhead(key, place.binding(), numbers));
        return new Snapshot(SessionStore.Change.of(stored, next), changes, used + numbers, checksAsked, clock.millis());
    }

    /** A snapshot is durable. */
    synchronized void stored(Snapshot snapshot) {
        stored = snapshot.change.next();
        durable = snapshot.changes;
        reserved = snapshot.reserved;
        // The commit has compared the epoch.
        checked(snapshot.checks, snapshot.asked);
    }

    /** Ends the claim: each later call fails with this. */
    synchronized boolean end(IOException reason) {
        boolean first = end == null;
        if (first) {
            end = reason;
        }
        return first;
    }

    /** Each caller gets an exception of its own, with its own stack. */
    private IOException again(IOException reason) {
        String message = String.valueOf(reason.getMessage());
        return reason instanceof ClaimLostException
                ? new ClaimLostException(message)
                : new IOException(message, reason);
    }

    /** A payload, and the change that must be durable before it is handed out. */
    static final class Opened {
        final NumberedPayload payload;
        final long change;

        Opened(NumberedPayload payload, long change) {
            this.payload = payload;
            this.change = change;
        }
    }

    /** What was given to the store. */
    static final class Snapshot {
        final SessionStore.Change change;
        final long changes;
        final long reserved;
        final long checks;
        final long asked;

        Snapshot(SessionStore.Change change, long changes, long reserved, long checks, long asked) {
            this.change = change;
            this.changes = changes;
            this.reserved = reserved;
            this.checks = checks;
            this.asked = asked;
        }
    }

    /** A check of ownership that is about to be made. */
    static final class Check {
        final ClaimState claim;
        final SessionRecord record;
        private final long checks;
        private final long asked;

        Check(ClaimState claim, SessionRecord record, long checks, long asked) {
            this.claim = claim;
            this.record = record;
            this.checks = checks;
            this.asked = asked;
        }

        void passed() {
            claim.checked(checks, asked);
        }
    }
}

package dev.securesession.store;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/**
 * The settings of {@link StoredSessions}.
 *
 * <p>Instances are immutable and safe for use by several threads.
 */
public final class StoreOptions {
    /** How many numbers a commit may reserve with peers that may be the reference (PROTOCOL.md S-3). */
    public static final int MAX_RESERVED_WITH_REFERENCE = 4;

    private static final int EXPIRY_STEPS = 64;

    private static final StoreOptions DEFAULTS = new StoreOptions();

    // Assigned only while a copy is made.
    int reservedNumbers;
    int commitBatch = 256;
    Duration lifetime = Duration.ofDays(30);
    Duration handshakeLifetime = Duration.ofMinutes(2);
    int maxBegunHandshakes = 100_000;
    Duration ownershipCheck = Duration.ZERO;
    RollbackGuard guard = RollbackGuard.none();
    StoreListener listener = new StoreListener() {};
    Clock clock = Clock.systemUTC();

    private StoreOptions() {}

    private StoreOptions(StoreOptions other) {
        reservedNumbers = other.reservedNumbers;
        commitBatch = other.commitBatch;
        lifetime = other.lifetime;
        handshakeLifetime = other.handshakeLifetime;
        maxBegunHandshakes = other.maxBegunHandshakes;
        ownershipCheck = other.ownershipCheck;
        guard = other.guard;
        listener = other.listener;
        clock = other.clock;
    }

    /**
     * Returns the defaults: 2 reserved numbers with peers that may be the reference and 64 with others, up to 256 sessions in
     * one commit, 30 days without use for a session and 2 minutes for a handshake, 100,000 handshakes that are begun and not
     * finished, a check of ownership at each use, no guard, no listener, the clock of the system.
     *
     * @return the options to start from
     */
    public static StoreOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy with another number of message numbers that one commit reserves. More save commits. A process that dies
     * skips those it has not used, and each of its successors that dies before a message of its own has arrived skips as many
     * again: a receiver that is the reference takes no message after 8 skipped numbers.
     *
     * @param numbers 1 or more, at most {@link #MAX_RESERVED_WITH_REFERENCE} unless the configuration of the sessions has
     *     {@link dev.securesession.SessionConfig#withSequenceWrap}
     * @return the copy (PROTOCOL.md S-3)
     * @throws IllegalArgumentException if the number is less than 1 or more than 65,536
     */
    public StoreOptions withReservedNumbers(int numbers) {
        return with(copy -> copy.reservedNumbers = require(numbers, "reserved numbers"));
    }

    /**
     * Returns a copy with another limit on how many sessions one commit covers. With 1 each session is committed by itself.
     *
     * @param sessions 1 or more, at most 65,536
     * @return the copy
     * @throws IllegalArgumentException if the number is less than 1 or more than 65,536
     */
    public StoreOptions withCommitBatch(int sessions) {
        return with(copy -> copy.commitBatch = require(sessions, "sessions in one commit"));
    }

    /**
     * Returns a copy with another time after which a session that was not used expires. It is rounded up, by a 64th at most:
     * so most commits leave the time as it is, and a database need not write the index over it.
     *
     * @param time since the last commit; more than zero
     * @return the copy
     * @throws IllegalArgumentException if the time is zero or negative
     */
    public StoreOptions withLifetime(Duration time) {
        return with(copy -> copy.lifetime = require(time));
    }

    /**
     * Returns a copy with another time after which an unfinished handshake expires.
     *
     * @param time since its last message; more than zero
     * @return the copy
     * @throws IllegalArgumentException if the time is zero or negative
     */
    public StoreOptions withHandshakeLifetime(Duration time) {
        return with(copy -> copy.handshakeLifetime = require(time));
    }

    /**
     * Returns a copy with another limit on how many handshakes a {@link SessionManager} has begun that are neither finished nor
     * expired. At the limit a new handshake displaces the oldest one, which is deleted from the store. Anyone who has recorded a
     * message 1 of a known peer can send it any number of times, and each time a record of about a kilobyte is stored. Each
     * manager counts the handshakes that it has begun; a handshake that another machine finishes counts until the lifetime of
     * handshakes is over, and its session is not deleted.
     *
     * @param handshakes 1 or more, 100,000 by default
     * @return the copy
     * @throws IllegalArgumentException if the number is less than 1
     */
    public StoreOptions withMaxBegunHandshakes(int handshakes) {
        if (handshakes < 1) {
            throw new IllegalArgumentException(handshakes + " begun handshakes; it must be 1 or more");
        }
        return with(copy -> copy.maxBegunHandshakes = handshakes);
    }

    /**
     * Returns a copy that relies for some time on a commit or a check of ownership that has succeeded, instead of asking the
     * store before each message that leaves with a reserved number. Within that time an owner that was overtaken can still
     * send. Its numbers are its own, so none is used twice; but two owners answer.
     *
     * @param time zero, the default, asks each time
     * @return the copy (PROTOCOL.md S-4)
     * @throws IllegalArgumentException if the time is negative
     */
    public StoreOptions withOwnershipReliedOnFor(Duration time) {
        if (time.isNegative()) {
            throw new IllegalArgumentException("ownership relied on for " + time + "; it must be zero or more");
        }
        return with(copy -> copy.ownershipCheck = time);
    }

    /**
     * Returns a copy with a counter outside the store that notices a store that was put back.
     *
     * @param other the counter
     * @return the copy (PROTOCOL.md S-5)
     */
    public StoreOptions withRollbackGuard(RollbackGuard other) {
        return with(copy -> copy.guard = other);
    }

    /**
     * Returns a copy that tells a listener what happens.
     *
     * @param other the listener
     * @return the copy
     */
    public StoreOptions withListener(StoreListener other) {
        return with(copy -> copy.listener = other);
    }

    /**
     * Returns a copy with another clock, by which records expire.
     *
     * @param other the clock
     * @return the copy
     */
    public StoreOptions withClock(Clock other) {
        return with(copy -> copy.clock = other);
    }

    /** Returns when a session expires that is used now. */
    Instant expiry() {
        long step = Math.max(1, lifetime.toMillis() / EXPIRY_STEPS);
        long exact = clock.instant().plus(lifetime).toEpochMilli();
        return Instant.ofEpochMilli(Math.multiplyExact(-Math.floorDiv(-exact, step), step));
    }

    @Override
    public String toString() {
        return (reservedNumbers == 0 ? "default number of" : reservedNumbers) + " reserved numbers, " + commitBatch
                + " sessions in one commit, sessions expire after " + lifetime + " without use and handshakes after "
                + handshakeLifetime;
    }

    private StoreOptions with(Consumer<StoreOptions> change) {
        StoreOptions copy = new StoreOptions(this);
        change.accept(copy);
        return copy;
    }

    private static int require(int number, String of) {
        if (number < 1 || number > 65_536) {
            throw new IllegalArgumentException(number + " " + of + "; it must be 1 to 65536");
        }
        return number;
    }

    private static Duration require(Duration time) {
        if (time.isZero() || time.isNegative()) {
            throw new IllegalArgumentException("a lifetime of " + time + "; it must be more than zero");
        }
        return time;
    }
}

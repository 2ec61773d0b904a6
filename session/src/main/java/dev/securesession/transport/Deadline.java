package dev.securesession.transport;

import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;

/** The moment at which waiting ends, or never. Immutable. */
final class Deadline {
    /** A longer duration in nanoseconds does not fit into a long. */
    private static final Duration MAX_DURATION = Duration.ofDays(36_500);

    static final Deadline NEVER = new Deadline(Duration.ZERO);

    private final Duration limit;
    private final long end;

    private Deadline(Duration limit) {
        this.limit = limit;
        this.end = System.nanoTime() + nanos(limit);
    }

    /** Returns the deadline after this duration from now; zero means never. */
    static Deadline after(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("a timeout of " + timeout + "; it must be 0 (none) or more");
        }
        return timeout.isZero() ? NEVER : new Deadline(timeout);
    }

    /** Returns a duration in nanoseconds, at most the longest that a deadline can have. */
    static long nanos(Duration duration) {
        return (duration.compareTo(MAX_DURATION) < 0 ? duration : MAX_DURATION).toNanos();
    }

    boolean isLimited() {
        return !limit.isZero();
    }

    /** Returns the value of {@link System#nanoTime} at the deadline; meaningless if it is never. */
    long end() {
        return end;
    }

    /** Returns the earlier of two deadlines. */
    Deadline earliest(Deadline other) {
        if (!isLimited()) {
            return other;
        }
        return !other.isLimited() || end - other.end <= 0 ? this : other;
    }

    /** Returns the nanoseconds that are left, more than 0; 0 if there is no limit. */
    long leftNanos(String awaited) throws SocketTimeoutException {
        if (!isLimited()) {
            return 0;
        }
        long left = end - System.nanoTime();
        if (left <= 0) {
            throw exceeded(awaited);
        }
        return left;
    }

    /** Returns what is left, zero if there is no limit. */
    Duration left(String awaited) throws SocketTimeoutException {
        return Duration.ofNanos(leftNanos(awaited));
    }

    SocketTimeoutException exceeded(String awaited) {
        return new SocketTimeoutException("timed out after " + text(limit) + " waiting for " + awaited);
    }

    /** Acquires a lock before the deadline. */
    void lock(Lock lock, String awaited) throws SocketTimeoutException, InterruptedException {
        if (!isLimited()) {
            lock.lockInterruptibly();
        } else if (!lock.tryLock() && !lock.tryLock(leftNanos(awaited), TimeUnit.NANOSECONDS)) {
            throw exceeded(awaited);
        }
    }

    /** Waits on a condition until it is signalled, at most until the deadline; may wake up without reason. */
    @SuppressWarnings("WaitNotInLoop") // The loop is the caller's.
    void await(Condition condition, String awaited) throws SocketTimeoutException, InterruptedException {
        if (!isLimited()) {
            condition.await();
        } else if (condition.awaitNanos(leftNanos(awaited)) <= 0) {
            throw exceeded(awaited);
        }
    }

    static String text(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}

package dev.securesession.transport;

import java.net.SocketTimeoutException;
import java.time.Duration;

/** How much is left of a time that began when this was made. */
final class TimeLeft {
    /** Nanoseconds of more than that do not fit into a long. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private final boolean limited;
    private final long end;

    private TimeLeft(Duration timeout) {
        Duration bounded = timeout.compareTo(LONGEST) < 0 ? timeout : LONGEST;
        limited = !timeout.isZero();
        end = System.nanoTime() + bounded.toNanos();
    }

    /** Starts the time; zero is without limit. */
    static TimeLeft of(Duration timeout) {
        return new TimeLeft(timeout);
    }

    /** Returns what is left, zero where there is no limit. */
    Duration orThrow() throws SocketTimeoutException {
        if (!limited) {
            return Duration.ZERO;
        }
        long left = end - System.nanoTime();
        if (left <= 0) {
            throw new SocketTimeoutException("the time for a message is over");
        }
        return Duration.ofNanos(left);
    }
}

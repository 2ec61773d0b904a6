package dev.securesession.cli.bench;

import java.util.concurrent.atomic.AtomicBoolean;
import org.HdrHistogram.Histogram;

/** What one thread of a measurement has done before its end; used by the thread alone, save for its beginning and end. */
final class Tally {
    private final long deadline;
    private final AtomicBoolean stopped;
    private final Histogram nanos = new Histogram(DIGITS);
    private long operations;
    private long bytes;

    /**
     * @param deadline the end of the measurement, by {@link System#nanoTime}
     * @param stopped ends it sooner
     */
    Tally(long deadline, AtomicBoolean stopped) {
        this.deadline = deadline;
        this.stopped = stopped;
    }

    boolean goesOn() {
        return !stopped.get() && System.nanoTime() - deadline < 0;
    }

    /** Counts one operation, unless it was complete too late. */
    void add(long duration, long moved) {
        if (goesOn()) {
            nanos.recordValue(duration);
            operations++;
            bytes += moved;
        }
    }

    long operations() {
        return operations;
    }

    long bytes() {
        return bytes;
    }

    Histogram nanos() {
        return nanos;
    }

    private static final int DIGITS = 3;
}

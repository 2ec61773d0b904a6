package dev.securesession.internal.base;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * Decides which of many events get a line in a log: the first 5 of each 10 seconds. The others are counted, and the next line can
 * tell how many they were. Safe for use by several threads.
 */
public final class LogLimit {
    private final LongSupplier nanoTime;
    private long periodBegin;
    private int lines;
    private long skipped;

    /**
     * Makes a limit for one kind of event.
     *
     * @param nanoTime a clock as {@link System#nanoTime}
     */
    public LogLimit(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.periodBegin = nanoTime.getAsLong();
    }

    /** Notes an event; returns how many events had no line since the last one, or empty if this one gets no line either. */
    public synchronized OptionalLong next() {
        long now = nanoTime.getAsLong();
        if (now - periodBegin >= PERIOD_NANOS) {
            periodBegin = now;
            lines = 0;
        }
        if (lines == MAX_LINES) {
            skipped++;
            return OptionalLong.empty();
        }
        lines++;
        long before = skipped;
        skipped = 0;
        return OptionalLong.of(before);
    }

    static final int MAX_LINES = 5;
    static final long PERIOD_NANOS = Duration.ofSeconds(10).toNanos();
}

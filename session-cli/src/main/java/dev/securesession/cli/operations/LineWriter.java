package dev.securesession.cli.operations;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Writes lines in their order on a thread of its own, so that a reader that has stopped makes no other thread wait.
 *
 * <p>Up to {@value #MAX_WAITING} lines wait. Those beyond it are dropped until all that wait are written, and one line says how
 * many. Safe for use by several threads.
 */
final class LineWriter {
    private final PrintWriter out;
    private final LongFunction<String> lineOfDropped;
    private final Queue<String> waiting = new ArrayDeque<>();
    private @Nullable Thread thread;
    private long dropped;
    private boolean writing;
    private boolean closed;

    /**
     * @param lineOfDropped makes the line that says how many were dropped; acquires no lock
     */
    LineWriter(PrintWriter out, LongFunction<String> lineOfDropped) {
        this.out = out;
        this.lineOfDropped = lineOfDropped;
    }

    /** Takes a line, or drops and counts it; never waits for the reader. Does nothing after {@link #close}. */
    synchronized void add(String line) {
        if (closed) {
            return;
        }
        // After one that was dropped all are, or the line that says so would stand in the wrong place.
        if (dropped > 0 || waiting.size() >= MAX_WAITING) {
            dropped++;
            return;
        }
        waiting.add(line);
        if (thread == null) {
            Thread started = new Thread(this::writeAll, "log");
            started.setDaemon(true);
            started.start();
            thread = started;
        }
        notifyAll();
    }

    private void writeAll() {
        try {
            for (String line = next(); line != null; line = next()) {
                out.println(line);
                out.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns the next line, and waits for it; null at the end. */
    private synchronized @Nullable String next() throws InterruptedException {
        writing = false;
        notifyAll();
        while (waiting.isEmpty() && dropped == 0 && !closed) {
            wait();
        }
        String line = waiting.poll();
        if (line == null && dropped > 0) {
            line = lineOfDropped.apply(dropped);
            dropped = 0;
        }
        writing = line != null;
        return line;
    }

    /** Waits until everything is written; returns false if it is not after this time. */
    synchronized boolean awaitWritten(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (writing || !waiting.isEmpty() || dropped > 0) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    /** Takes no more lines, and waits as long as this until those that it has taken are written. */
    void close(Duration patience) {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            awaitWritten(patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What a few seconds of events or the end of all connections bring: some megabytes. */
    static final int MAX_WAITING = 10_000;
}

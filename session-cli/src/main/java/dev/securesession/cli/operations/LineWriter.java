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
 * many; so is a line that cannot be written because memory is short. Safe for use by several threads.
 */
final class LineWriter {
    private final PrintWriter out;
    private final LongFunction<String> lineOfDropped;
    private final Queue<String> waiting = new ArrayDeque<>();
    private @Nullable Thread thread;
    private long dropped;
    /** How many lines the line stands for that is being written; 0 if there is none. */
    private long writing;

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
            while (writeNext()) {
                // The next one.
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Writes a line, or drops and counts one that cannot be written; returns false at the end. */
    private boolean writeNext() throws InterruptedException {
        try {
            String line = next();
            if (line == null) {
                return false;
            }
            out.println(line);
            out.flush();
        } catch (RuntimeException | Error e) {
            // Of a full heap most likely, which is not full for ever.
            synchronized (this) {
                dropped += writing;
                writing = 0;
            }
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
        return true;
    }

    /** Returns the next line, and waits for it; null at the end. */
    private synchronized @Nullable String next() throws InterruptedException {
        writing = 0;
        notifyAll();
        while (waiting.isEmpty() && dropped == 0 && !closed) {
            wait();
        }
        String line = waiting.poll();
        if (line != null) {
            writing = 1;
        } else if (dropped > 0) {
            line = lineOfDropped.apply(dropped);
            writing = dropped;
            dropped = 0;
        }
        return line;
    }

    /** Waits until everything is written; returns false if it is not after this time. */
    synchronized boolean awaitWritten(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (writing > 0 || !waiting.isEmpty() || dropped > 0) {
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

    private static final int PAUSE_MILLIS = 100;
}

package dev.securesession.http;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Interrupts the I/O of one request on the thread that has made the deadline, at a limit or when the request has to make room: the
 * channel on which the thread is blocked closes then, and the operation fails.
 */
final class IoDeadline {
    private final Thread thread = Thread.currentThread();
    private final ScheduledExecutorService timer;

    // Guarded by this object.
    private int operations;
    private boolean running;
    private boolean interrupted;
    private boolean displaced;

    IoDeadline(ScheduledExecutorService timer) {
        this.timer = timer;
    }

    /** Runs an operation on this thread within a limit; several run one after the other. */
    <T> T within(Duration limit, Operation<T> operation) throws IOException {
        int number = begin();
        ScheduledFuture<?> task = null;
        try {
            task = timer.schedule(() -> expire(number), limit.toNanos(), TimeUnit.NANOSECONDS);
            return operation.run();
        } finally {
            if (task != null) {
                task.cancel(false);
            }
            end();
        }
    }

    /** Interrupts the current operation, and lets no further one begin. Called by any thread. */
    synchronized void displace() {
        displaced = true;
        if (running) {
            interrupted = true;
            thread.interrupt();
        }
    }

    private synchronized void expire(int number) {
        if (running && number == operations) {
            interrupted = true;
            thread.interrupt();
        }
    }

    private synchronized int begin() throws InterruptedIOException {
        if (displaced) {
            throw new InterruptedIOException("the request has made room for others");
        }
        running = true;
        return ++operations;
    }

    private synchronized void end() {
        running = false;
        if (interrupted) {
            // The interrupt was ours; it must not reach what the thread does next.
            interrupted = false;
            Thread.interrupted();
        }
    }

    /** What may block on a channel. */
    interface Operation<T> {
        T run() throws IOException;
    }
}

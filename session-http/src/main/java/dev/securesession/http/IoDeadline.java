package dev.securesession.http;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Interrupts a thread whose I/O exceeds a limit: the channel on which the thread is blocked closes then, and its operation
 * fails.
 */
final class IoDeadline {
    private final Thread thread = Thread.currentThread();

    // Guarded by this object.
    private boolean over;
    private boolean interrupted;

    /** Runs an operation on this thread, which has made the deadline, within a limit. Called once. */
    <T> T within(Duration limit, ScheduledExecutorService timer, Operation<T> operation) throws IOException {
        ScheduledFuture<?> task = timer.schedule(this::interrupt, limit.toNanos(), TimeUnit.NANOSECONDS);
        try {
            return operation.run();
        } finally {
            task.cancel(false);
            end();
        }
    }

    /** Interrupts the operation before its limit, or does nothing once it is over. Called by any thread. */
    synchronized void interrupt() {
        if (!over) {
            interrupted = true;
            thread.interrupt();
        }
    }

    private synchronized void end() {
        over = true;
        if (interrupted) {
            // The interrupt was ours; it must not reach what the thread does next.
            Thread.interrupted();
        }
    }

    /** What may block on a channel. */
    interface Operation<T> {
        T run() throws IOException;
    }
}

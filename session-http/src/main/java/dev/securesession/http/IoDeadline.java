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

    private IoDeadline() {}

    /** Runs an operation on this thread within a limit. */
    static <T> T within(Duration limit, ScheduledExecutorService timer, Operation<T> operation) throws IOException {
        IoDeadline deadline = new IoDeadline();
        ScheduledFuture<?> task = timer.schedule(deadline::interrupt, limit.toNanos(), TimeUnit.NANOSECONDS);
        try {
            return operation.run();
        } finally {
            task.cancel(false);
            deadline.end();
        }
    }

    private synchronized void interrupt() {
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

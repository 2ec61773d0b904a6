package dev.securesession.transport;

import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends keep-alives for a stream that has sent nothing for some time. All streams share the one timer thread, which never sends:
 * a peer that does not read must not hold up the timers of others (PROTOCOL.md ST-7).
 */
final class KeepAlive {
    private static final ExecutorService SENDERS = BackgroundThreads.threadPerTask("keep-alive");

    private final long intervalNanos;
    private final Sender sender;
    private volatile long lastSent = System.nanoTime();
    private volatile boolean stopped;
    private volatile @Nullable Future<?> timer;

    /** Starts the timer. */
    KeepAlive(long intervalNanos, Sender sender) {
        this.intervalNanos = intervalNanos;
        this.sender = sender;
        schedule(intervalNanos);
    }

    /** Notes that a message was sent. */
    void sent() {
        lastSent = System.nanoTime();
    }

    /** Stops sending, and cancels the timer, which keeps the stream reachable. May be called twice. */
    void stop() {
        stopped = true;
        cancel();
    }

    private void schedule(long delayNanos) {
        timer = BackgroundThreads.TIMERS.schedule(this::check, delayNanos, TimeUnit.NANOSECONDS);
        // Either the stopping thread sees this timer and cancels it, or this thread sees that the other has stopped.
        if (stopped) {
            cancel();
        }
    }

    private void cancel() {
        Future<?> pending = timer;
        if (pending != null) {
            pending.cancel(false);
        }
    }

    private void check() {
        if (stopped) {
            return;
        }
        long left = lastSent + intervalNanos - System.nanoTime();
        if (left > 0) {
            schedule(left);
            return;
        }
        try {
            SENDERS.execute(this::send);
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            // The system grants no thread now; it may later.
            schedule(intervalNanos);
        }
    }

    private void send() {
        try {
            if (stopped || !sender.send()) {
                stop();
                return;
            }
        } catch (IOException | RuntimeException e) {
            // The stream has failed; the next call of its user reports that.
            stop();
            return;
        }
        schedule(intervalNanos);
    }

    /** Sends a keep-alive. */
    interface Sender {
        /** Sends unless another thread is sending; returns false if none can ever be sent again. */
        boolean send() throws IOException;
    }
}

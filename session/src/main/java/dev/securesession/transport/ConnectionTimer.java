package dev.securesession.transport;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Closes the transport of a connection when a send exceeds its deadline or nothing was exchanged for the idle timeout.
 *
 * <p>A message schedules a timer only if no timer is running that fires early enough. That is rare, so that most messages
 * cost a few volatile accesses.
 */
final class ConnectionTimer {
    private static final long NONE = Long.MIN_VALUE;

    private final Transport transport;
    private final long idleNanos;
    private final AtomicLong due = new AtomicLong(NONE);
    private volatile long sendEnd = NONE;
    private volatile long lastActivity = System.nanoTime();
    private volatile Cause cause = Cause.NONE;
    private volatile boolean stopped;
    private volatile @Nullable Future<?> timer;

    ConnectionTimer(Transport transport, Duration idleTimeout) {
        this.transport = transport;
        this.idleNanos = idleTimeout.toNanos();
        if (idleNanos > 0) {
            schedule(idleNanos);
        }
    }

    void beginSend(Deadline deadline) {
        if (deadline.isLimited()) {
            sendEnd = deadline.end();
            schedule(deadline.end() - System.nanoTime());
        }
    }

    void endSend() {
        sendEnd = NONE;
        active();
    }

    /** Notes that something was sent or received. */
    void active() {
        if (idleNanos > 0) {
            lastActivity = System.nanoTime();
        }
    }

    /** Returns why the timer has closed the transport. */
    Cause cause() {
        return cause;
    }

    /** Stops watching; no timer keeps the transport reachable any longer. */
    void stop() {
        stopped = true;
        Future<?> pending = timer;
        if (pending != null) {
            pending.cancel(false);
        }
    }

    private void schedule(long delayNanos) {
        long end = System.nanoTime() + delayNanos;
        for (long current = due.get(); current == NONE || end - current < 0; current = due.get()) {
            if (due.compareAndSet(current, end)) {
                Future<?> later = timer;
                timer = BackgroundThreads.TIMERS.schedule(
                        () -> check(end), Math.max(0, delayNanos), TimeUnit.NANOSECONDS);
                if (later != null) {
                    later.cancel(false);
                }
                return;
            }
        }
    }

    private void check(long scheduledEnd) {
        // A timer that was replaced ends here and schedules none, or timers would multiply.
        if (!due.compareAndSet(scheduledEnd, NONE) || stopped) {
            return;
        }
        long now = System.nanoTime();
        long next = Long.MAX_VALUE;
        long end = sendEnd;
        if (end != NONE) {
            if (end - now <= 0) {
                expire(Cause.SEND);
                return;
            }
            next = end - now;
        }
        if (idleNanos > 0) {
            long left = lastActivity + idleNanos - now;
            if (left <= 0) {
                expire(Cause.IDLE);
                return;
            }
            next = Math.min(next, left);
        }
        if (next != Long.MAX_VALUE) {
            schedule(next);
        }
    }

    private void expire(Cause why) {
        cause = why;
        stopped = true;
        Watchdog.closeInBackground(transport);
    }

    /** Why a transport was closed. */
    enum Cause {
        NONE,
        SEND,
        IDLE
    }
}

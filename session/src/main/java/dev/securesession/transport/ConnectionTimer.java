package dev.securesession.transport;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes the transport of a connection when a send exceeds its deadline or nothing was exchanged for the idle timeout.
 *
 * <p>A message schedules a timer only if no timer is running that fires early enough. That is rare, so that most messages
 * cost a few volatile accesses and no lock.
 */
final class ConnectionTimer {
    private static final long NONE = Long.MIN_VALUE;

    private final Transport transport;
    private final Scheduler scheduler;
    private final long idleNanos;
    private volatile long sendEnd = NONE;
    private volatile long lastActivity = System.nanoTime();
    private volatile Cause cause = Cause.NONE;
    private volatile boolean stopped;
    /** When the timer fires; changes with it, under the lock. */
    private volatile long due = NONE;

    private @Nullable Future<?> timer;

    ConnectionTimer(Transport transport, Duration idleTimeout) {
        this(
                transport,
                idleTimeout,
                (task, delayNanos) -> BackgroundThreads.TIMERS.schedule(task, delayNanos, TimeUnit.NANOSECONDS));
    }

    ConnectionTimer(Transport transport, Duration idleTimeout, Scheduler scheduler) {
        this.transport = transport;
        this.scheduler = scheduler;
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
    synchronized void stop() {
        stopped = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void schedule(long delayNanos) {
        long end = System.nanoTime() + delayNanos;
        if (!firesBy(end)) {
            replace(end, delayNanos);
        }
    }

    private boolean firesBy(long end) {
        long current = due;
        return current != NONE && end - current >= 0;
    }

    /** The timer and when it fires change together, or one thread could cancel the timer that another has scheduled. */
    private synchronized void replace(long end, long delayNanos) {
        if (stopped || firesBy(end)) {
            return;
        }
        Future<?> later = timer;
        timer = scheduler.schedule(() -> check(end), Math.max(0, delayNanos));
        due = end;
        if (later != null) {
            later.cancel(false);
        }
    }

    /** Returns whether the timer that fires is the current one; one that was replaced schedules none. */
    private synchronized boolean fires(long scheduledEnd) {
        if (due != scheduledEnd || stopped) {
            return false;
        }
        due = NONE;
        return true;
    }

    private void check(long scheduledEnd) {
        if (!fires(scheduledEnd)) {
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

    /** Runs tasks later, each once. */
    interface Scheduler {
        /** Schedules a task; calls none of its own. */
        Future<?> schedule(Runnable task, long delayNanos);
    }

    /** Why a transport was closed. */
    enum Cause {
        NONE,
        SEND,
        IDLE
    }
}

package dev.securesession.transport;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Limits the time of a handshake whatever it waits for: what is not over in time loses its transport (PROTOCOL.md H-7).
 * A transport that keeps to its timeouts ends by itself; this is for sending to a peer that does not read, and for streams
 * that cannot limit their waiting.
 */
final class Deadline {
    private final Transport transport;
    private final Duration limit;
    private final long end;
    private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
    private final Future<?> alarm;

    /** Starts the time. */
    Deadline(Transport transport, Duration limit) {
        this.transport = transport;
        this.limit = limit;
        this.end = System.nanoTime() + limit.toNanos();
        this.alarm = ALARMS.schedule(this::expire, limit.toNanos() + GRACE_NANOS, TimeUnit.NANOSECONDS);
    }

    /** Returns what is left of the time, more than nothing. */
    Duration left() throws SocketTimeoutException {
        long left = end - System.nanoTime();
        if (left <= 0) {
            throw exceeded();
        }
        return Duration.ofNanos(left);
    }

    /** Stops the time; tells whether that was in time, and the transport is still there. */
    boolean stop() {
        alarm.cancel(false);
        return state.compareAndSet(State.RUNNING, State.STOPPED) || state.get() == State.STOPPED;
    }

    SocketTimeoutException exceeded() {
        return new SocketTimeoutException("the handshake took longer than " + limit);
    }

    private void expire() {
        if (!state.compareAndSet(State.RUNNING, State.EXPIRED)) {
            return;
        }
        // On a thread of its own: closing is up to the transport, and others have deadlines too.
        Thread closing = new Thread(this::closeTransport, "secure-session-timeout");
        closing.setDaemon(true);
        closing.start();
    }

    private void closeTransport() {
        try {
            transport.close();
        } catch (IOException e) {
            // It is of no use any more, closed or not.
        }
    }

    private enum State {
        RUNNING,
        STOPPED,
        EXPIRED
    }

    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final ScheduledThreadPoolExecutor ALARMS = alarms();

    /** One thread for all handshakes, which ends when there are none. */
    private static ScheduledThreadPoolExecutor alarms() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "secure-session-deadlines");
            thread.setDaemon(true);
            return thread;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setKeepAliveTime(1, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }
}

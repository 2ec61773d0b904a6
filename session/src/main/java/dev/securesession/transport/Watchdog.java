package dev.securesession.transport;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * Closes a resource at a deadline unless it is stopped before: for what cannot be waited for with a timeout, such as
 * sending to a peer that does not read.
 */
final class Watchdog {
    private final Closeable resource;
    private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
    private final Future<?> timer;

    /** Starts to watch. */
    Watchdog(Closeable resource, Deadline deadline) {
        this.resource = resource;
        long delay = deadline.end() - System.nanoTime() + GRACE_NANOS;
        this.timer = BackgroundThreads.TIMERS.schedule(this::expire, Math.max(0, delay), TimeUnit.NANOSECONDS);
    }

    /** Stops watching and tells whether the resource was left open. May be called twice. */
    boolean stop() {
        timer.cancel(false);
        return state.compareAndSet(State.RUNNING, State.STOPPED) || state.get() == State.STOPPED;
    }

    private void expire() {
        if (state.compareAndSet(State.RUNNING, State.EXPIRED)) {
            closeInBackground(resource);
        }
    }

    /** Closes a resource on a thread of its own: closing may block, and the caller must not wait. */
    static void closeInBackground(Closeable resource) {
        closeOn(task -> BackgroundThreads.start("closer", task), resource);
    }

    static void closeOn(Consumer<Runnable> threads, Closeable resource) {
        try {
            threads.accept(() -> closeQuietly(resource));
        } catch (OutOfMemoryError e) {
            // The system grants no more threads: a caller that waits is better than a resource that stays open.
            closeQuietly(resource);
        }
    }

    private static void closeQuietly(Closeable resource) {
        try {
            resource.close();
        } catch (IOException e) {
            // The resource is abandoned, closed or not.
        }
    }

    private enum State {
        RUNNING,
        STOPPED,
        EXPIRED
    }

    /** A transport that keeps to its timeouts ends by itself, with a better message. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
}

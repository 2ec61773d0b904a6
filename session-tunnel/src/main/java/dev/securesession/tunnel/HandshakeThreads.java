package dev.securesession.tunnel;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Runs the steps of handshakes: at once on the event loop that has the message, for up to half of its time, and beyond that on
 * threads of its own. So a few handshakes cost no change of threads, and many of them do not hold up the bytes of established
 * connections.
 */
final class HandshakeThreads implements Executor {
    /** An event loop spends up to this time of each window on handshakes; a step that takes longer uses up later windows. */
    static final long SHARE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final int IDLE_SECONDS = 30;

    private final LongSupplier nanoTime;
    private final ThreadPoolExecutor threads;
    private final FastThreadLocal<Budget> budgets;

    /**
     * @param loops the event loops that have the messages
     * @param maxQueued how many steps wait for a thread; what does not fit is refused
     * @param nanoTime the clock
     */
    HandshakeThreads(EventLoopGroup loops, int maxQueued, LongSupplier nanoTime) {
        int processors = Runtime.getRuntime().availableProcessors();
        this.nanoTime = nanoTime;
        this.threads = new ThreadPoolExecutor(
                processors,
                processors,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(maxQueued),
                new DefaultThreadFactory("tunnel-handshake", true));
        threads.allowCoreThreadTimeOut(true);
        this.budgets = new FastThreadLocal<>() {
            @Override
            protected Budget initialValue() {
                return new Budget(isOneOf(loops));
            }
        };
    }

    /** Runs a step, before this returns or later; throws {@code RejectedExecutionException} if too many steps wait. */
    @Override
    public void execute(Runnable step) {
        Budget budget = budgets.get();
        long begin = nanoTime.getAsLong();
        if (!budget.admits(begin)) {
            threads.execute(step);
            return;
        }
        try {
            step.run();
        } finally {
            budget.spentNanos += nanoTime.getAsLong() - begin;
        }
    }

    void shutdownNow() {
        threads.shutdownNow();
    }

    private static boolean isOneOf(EventLoopGroup loops) {
        for (EventExecutor loop : loops) {
            if (loop.inEventLoop()) {
                return true;
            }
        }
        return false;
    }

    /** What one thread has spent on handshakes, less the shares of the windows that are over. */
    private static final class Budget {
        private final boolean ofEventLoop;
        private long windowNanos = Long.MIN_VALUE;
        private long spentNanos;

        Budget(boolean ofEventLoop) {
            this.ofEventLoop = ofEventLoop;
        }

        boolean admits(long now) {
            if (!ofEventLoop) {
                return false;
            }
            if (windowNanos == Long.MIN_VALUE) {
                windowNanos = now;
            }
            long over = (now - windowNanos) / WINDOW_NANOS;
            windowNanos += over * WINDOW_NANOS;
            spentNanos = Math.max(0, spentNanos - over * SHARE_NANOS);
            return spentNanos < SHARE_NANOS;
        }
    }
}

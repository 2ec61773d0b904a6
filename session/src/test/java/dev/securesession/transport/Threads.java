package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs what waits, each task on a thread of its own, and sees to it that no thread is left at the end. */
final class Threads implements AutoCloseable {
    /** Generous: only what hangs takes so long. */
    static final long PATIENCE_SECONDS = 30;

    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "test-of-transport");
        thread.setDaemon(true);
        threads.add(thread);
        return thread;
    });

    <T> Future<T> run(Callable<T> task) {
        return executor.submit(task);
    }

    Executor executor() {
        return executor;
    }

    Set<Thread> threads() {
        return threads;
    }

    /** Waits for what a task returns, or throws what it throws. */
    static <T> T await(Future<T> task) throws Exception {
        try {
            return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception failure) {
                throw failure;
            }
            throw e;
        } catch (TimeoutException e) {
            throw new AssertionError("a task hangs", e);
        }
    }

    /** Waits for a task to fail. */
    static Throwable awaitFailure(Future<?> task) throws Exception {
        try {
            Object result = task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            throw new AssertionError("no failure, but " + result);
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (TimeoutException e) {
            throw new AssertionError("a task hangs", e);
        }
    }

    @Override
    public void close() {
        executor.shutdown();
        boolean ended = false;
        try {
            ended = executor.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        assertThat(ended).as("all threads have ended").isTrue();
    }
}

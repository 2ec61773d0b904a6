package dev.securesession.cli.bench;

import dev.securesession.SecureSessionException;
import dev.securesession.cli.command.Failure;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.HdrHistogram.Histogram;

/** The result of one phase: how much was done in how much time, and how long the operations took. */
final class Measurement {
    private final double seconds;
    private final long operations;
    private final long bytes;
    private final Histogram nanos;

    private Measurement(double seconds, List<Tally> tallies) {
        this.seconds = seconds;
        this.operations = tallies.stream().mapToLong(Tally::operations).sum();
        this.bytes = tallies.stream().mapToLong(Tally::bytes).sum();
        this.nanos = new Histogram(tallies.get(0).nanos());
        tallies.forEach(tally -> nanos.add(tally.nanos()));
    }

    /** Runs a phase on so many threads; the first failure of one of them ends it. */
    static Measurement of(Phase phase, Subject subject, int threads, int size, Duration duration)
            throws IOException, SecureSessionException, Failure, InterruptedException {
        AtomicBoolean stopped = new AtomicBoolean();
        long deadline = System.nanoTime() + duration.toNanos();
        List<Tally> tallies = new ArrayList<>();
        List<Future<?>> running = new ArrayList<>();
        ExecutorService executor = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "bench");
            thread.setDaemon(true);
            return thread;
        });
        try {
            for (int i = 0; i < threads; i++) {
                Tally tally = new Tally(deadline, stopped);
                tallies.add(tally);
                running.add(executor.submit(() -> {
                    try {
                        phase.work(subject, size, tally);
                    } catch (Exception e) {
                        stopped.set(true);
                        throw e;
                    }
                    return null;
                }));
            }
            for (Future<?> thread : running) {
                await(thread, phase);
            }
        } finally {
            stopped.set(true);
            executor.shutdownNow();
        }
        Measurement result = new Measurement(duration.toNanos() / 1e9, tallies);
        if (result.operations == 0) {
            throw new Failure("nothing was complete within " + duration.toMillis() + " ms (" + phase.label()
                    + "); give it more time with --seconds");
        }
        return result;
    }

    private static void await(Future<?> thread, Phase phase)
            throws IOException, SecureSessionException, Failure, InterruptedException {
        try {
            thread.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException io) {
                throw new IOException(phase.label() + ": " + io.getMessage(), io);
            }
            if (cause instanceof SecureSessionException refusal) {
                throw refusal;
            }
            if (cause instanceof Failure failure) {
                throw failure;
            }
            throw new AssertionError(phase.label(), cause);
        }
    }

    double operationsPerSecond() {
        return operations / seconds;
    }

    double bytesPerSecond() {
        return bytes / seconds;
    }

    Histogram nanos() {
        return nanos;
    }
}

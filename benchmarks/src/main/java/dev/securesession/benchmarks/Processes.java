package dev.securesession.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Processes that are ended together, child processes included: when this object is closed, when the JVM exits, or after
 * {@link #MAX_MINUTES} minutes.
 */
final class Processes implements Closeable {
    private static final int MAX_MINUTES = 5;
    private static final int SECONDS_TO_END = 5;

    private final List<Process> started = new CopyOnWriteArrayList<>();

    private Processes() {}

    static Processes none() {
        Processes processes = new Processes();
        Runtime.getRuntime().addShutdownHook(new Thread(processes::end));
        CompletableFuture.delayedExecutor(MAX_MINUTES, TimeUnit.MINUTES).execute(processes::end);
        return processes;
    }

    /** Starts a process whose error output is that of this process. */
    Process start(List<String> command) throws IOException {
        return start(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT));
    }

    /** Starts a process as it was prepared. */
    Process start(ProcessBuilder prepared) throws IOException {
        Process process = prepared.start();
        started.add(process);
        return process;
    }

    /** Returns the CPU time of the live processes. */
    Duration cpuTime() {
        return alive().map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ZERO, Duration::plus);
    }

    /** Returns the memory of the live processes in bytes, shared pages divided among those who share them (Linux). */
    long memory() throws IOException {
        long kibibytes = 0;
        for (ProcessHandle process : alive().toList()) {
            Path file = Path.of("/proc/" + process.pid() + "/smaps_rollup");
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith("Pss:")) {
                    kibibytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
        }
        return kibibytes * 1024;
    }

    /** Ends all processes and waits for their exit. */
    @Override
    public void close() throws IOException {
        end();
        try {
            for (Process process : started) {
                if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while processes end", e);
        }
    }

    private void end() {
        alive().toList().forEach(ProcessHandle::destroy);
    }

    private Stream<ProcessHandle> alive() {
        return started.stream()
                .map(Process::toHandle)
                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                .filter(ProcessHandle::isAlive);
    }
}

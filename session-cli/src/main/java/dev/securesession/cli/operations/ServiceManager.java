package dev.securesession.cli.operations;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Tells systemd when the service is ready, reloads and stops, by the program {@code systemd-notify}: the JDK has no datagram
 * sockets of the Unix domain. Does nothing where no service manager waits. A failure is logged, and never ends the service.
 */
public final class ServiceManager {
    private final boolean waits;
    private final String program;
    private final EventLog log;

    /**
     * @param environment of the process; {@code NOTIFY_SOCKET} says that a service manager waits
     */
    public ServiceManager(Map<String, String> environment, EventLog log) {
        this(environment, "systemd-notify", log);
    }

    ServiceManager(Map<String, String> environment, String program, EventLog log) {
        this.program = program;
        this.waits = !environment.getOrDefault("NOTIFY_SOCKET", "").isEmpty();
        this.log = log;
    }

    public void ready(String status) {
        send("READY=1", "STATUS=" + EventLog.visible(status));
    }

    /** Is followed by {@link #ready}, whether the reload succeeds or not. */
    public void reloading() {
        // The clock of System.nanoTime on Linux is the one that systemd compares with.
        send("RELOADING=1", "MONOTONIC_USEC=" + System.nanoTime() / 1000);
    }

    public void stopping() {
        send("STOPPING=1");
    }

    private void send(String... assignments) {
        if (!waits) {
            return;
        }
        List<String> command = new ArrayList<>(
                List.of(program, "--pid=" + ProcessHandle.current().pid()));
        command.addAll(List.of(assignments));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                failed(assignments[0], "it did not end within " + TIMEOUT_SECONDS + " s");
            } else if (process.exitValue() != 0) {
                failed(assignments[0], "it ended with status " + process.exitValue());
            }
        } catch (IOException e) {
            failed(assignments[0], String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void failed(String assignment, String why) {
        log.warn("notify-failed", "systemd-notify could not send " + assignment + ": " + why);
    }

    private static final int TIMEOUT_SECONDS = 5;
}

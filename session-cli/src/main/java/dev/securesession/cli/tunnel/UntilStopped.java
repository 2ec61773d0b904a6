package dev.securesession.cli.tunnel;

import dev.securesession.cli.command.Terminal;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/** Waits until the process is asked to stop, by SIGTERM or Ctrl-C; drains the tunnel then, and ends with status 0. */
final class UntilStopped {
    private UntilStopped() {}

    /** Does not return normally unless the thread is interrupted. */
    static void await(Terminal terminal, IntSupplier open, Duration drain, Consumer<Duration> close)
            throws InterruptedException {
        Thread hook = new Thread(
                () -> {
                    int left = open.getAsInt();
                    if (left > 0) {
                        terminal.err()
                                .println("stopping; waiting up to " + drain.toSeconds() + " s for " + left
                                        + (left == 1 ? " connection" : " connections"));
                        terminal.err().flush();
                    }
                    close.accept(drain);
                    // Stopping a service is no failure; without this the status would be that of the signal.
                    Runtime.getRuntime().halt(0);
                },
                "drain");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            new CountDownLatch(1).await();
        } finally {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }
}

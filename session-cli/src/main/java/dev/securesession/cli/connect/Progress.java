package dev.securesession.cli.connect;

import dev.securesession.cli.command.Amount;
import dev.securesession.cli.command.Terminal;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** Shows the number of bytes on standard error: continuously on a terminal, otherwise once at the end. */
final class Progress implements AutoCloseable {
    private final Terminal terminal;
    private final boolean quiet;
    private final long start = System.nanoTime();
    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final CountDownLatch over = new CountDownLatch(1);

    private Progress(Terminal terminal, boolean quiet) {
        this.terminal = terminal;
        this.quiet = quiet;
    }

    static Progress start(Terminal terminal, boolean quiet) {
        Progress progress = new Progress(terminal, quiet);
        if (terminal.isInteractive() && !quiet) {
            Thread thread = new Thread(progress::show, "progress");
            thread.setDaemon(true);
            thread.start();
        }
        return progress;
    }

    void sent(int bytes) {
        sent.add(bytes);
    }

    void received(int bytes) {
        received.add(bytes);
    }

    @Override
    public void close() {
        over.countDown();
        if (!quiet) {
            terminal.err().println(terminal.isInteractive() ? String.format("\r%-60s", line()) : line());
            terminal.err().flush();
        }
    }

    private void show() {
        try {
            while (!over.await(PERIOD_MILLIS, TimeUnit.MILLISECONDS)) {
                PrintWriter err = terminal.err();
                err.print(String.format("\r%-60s", line()));
                err.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String line() {
        double seconds = (System.nanoTime() - start) / 1e9;
        long out = sent.sum();
        long in = received.sum();
        return String.format(
                Locale.ROOT,
                "sent %s, received %s in %.1f s, %s/s",
                Amount.of((double) out),
                Amount.of((double) in),
                seconds,
                Amount.of((out + in) / Math.max(seconds, 1e-3)));
    }

    private static final long PERIOD_MILLIS = 250;
}

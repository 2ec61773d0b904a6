package dev.securesession.cli.net;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Terminal;
import dev.securesession.tunnel.TunnelAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Warns of refused connections: of the first few at once, then with one line each 10 seconds at most, which says how many
 * more there were. A flood of refusals must not flood the log. Safe for use by several threads.
 */
public final class Refusals implements AutoCloseable {
    private final Terminal terminal;
    private final LongSupplier nanoTime;
    private long printed;
    private long suppressed;
    private long lastNanos;
    private String lastRefusal = "";

    public Refusals(Terminal terminal, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.nanoTime = nanoTime;
    }

    public synchronized void refused(SocketAddress address, Exception cause) {
        lastRefusal = TunnelAddress.describe(address) + ": " + Errors.sentence(cause);
        long now = nanoTime.getAsLong();
        if (printed < MAX_SINGLE) {
            terminal.warn("refused " + lastRefusal);
            printed++;
            lastNanos = now;
            return;
        }
        suppressed++;
        if (now - lastNanos >= PERIOD.toNanos()) {
            summarize();
            lastNanos = now;
        }
    }

    /** Warns of the refusals that no line has mentioned yet. */
    @Override
    public synchronized void close() {
        if (suppressed > 0) {
            summarize();
        }
    }

    private void summarize() {
        terminal.warn("refused " + suppressed + " more connections, the last one " + lastRefusal);
        suppressed = 0;
    }

    static final int MAX_SINGLE = 5;
    static final Duration PERIOD = Duration.ofSeconds(10);
}

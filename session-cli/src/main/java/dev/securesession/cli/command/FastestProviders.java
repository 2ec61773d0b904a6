package dev.securesession.cli.command;

import dev.securesession.CryptoProviders;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The fastest providers for a command that does nothing before it has them. They take about a third of the time until a tunnel
 * listens: they load on a thread of their own, while the command reads its options and keys.
 */
public final class FastestProviders {
    private static final FutureTask<CryptoProviders> LOADING = new FutureTask<>(CryptoProviders::fastest);

    private FastestProviders() {}

    /** Begins to load them. */
    public static void load() {
        Thread thread = new Thread(LOADING, "providers");
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns the providers, the same ones each time; loads them if that has not begun, or waits. */
    public static CryptoProviders get() throws InterruptedException {
        LOADING.run();
        try {
            return LOADING.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("no cryptographic providers", e.getCause());
        }
    }
}

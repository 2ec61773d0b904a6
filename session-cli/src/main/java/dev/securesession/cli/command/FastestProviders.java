package dev.securesession.cli.command;

import dev.securesession.CryptoProviders;
import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import java.io.File;
import java.security.ProviderException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * The fastest providers for commands. Those that do nothing before they have them load them on a thread of its own, while the
 * command reads its options and keys.
 */
public final class FastestProviders {
    private static final FutureTask<CryptoProviders> LOADING =
            new FutureTask<>(() -> choose(System.getProperty("java.class.path", "")));

    private FastestProviders() {}

    /** Begins to load them. */
    public static void load() {
        Thread thread = new Thread(FastestProviders::loadNow, "providers");
        thread.setDaemon(true);
        thread.start();
    }

    private static void loadNow() {
        try {
            // The first key pair takes tens of milliseconds, for tables of the curves. The first handshake needs them
            // too.
            IdentityKeyPair.generate(Curve.P256, get()).privateKey().destroy();
        } catch (IllegalStateException | ProviderException e) {
            // The command fails in the same way, and says why.
        }
    }

    /** Returns the providers, the same ones each time; loads them if that has not begun, or waits. */
    public static CryptoProviders get() {
        LOADING.run();
        try {
            return LOADING.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("no cryptographic providers", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while cryptographic providers were loaded", e);
        }
    }

    /**
     * Chooses among the providers on a class path. If nothing but the jar of the command is there, no native provider is, and
     * the choice is BouncyCastle.
     */
    static CryptoProviders choose(String classPath) {
        if (classPath.contains(File.pathSeparator)) {
            return CryptoProviders.fastest();
        }
        try {
            return CryptoProviders.platform().withEc(new BouncyCastleCurves());
        } catch (IllegalArgumentException | SecurityException e) {
            // Somebody has removed BouncyCastle, or this JDK takes the operation from signed jars only.
            return CryptoProviders.fastest();
        }
    }
}

package dev.securesession;

import java.security.Provider;
import org.jspecify.annotations.Nullable;

/**
 * Loads providers that are faster than those of the platform, by name: the library must not depend on any of them.
 *
 * <p>Their order follows the measurements in docs/performance.md.
 */
final class FasterProviders {
    private FasterProviders() {}

    static CryptoProviders choose(CryptoProviders platform) {
        CryptoProviders corretto =
                tryWith(platform, "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider");
        if (corretto != null) {
            // For short messages the JDK is as fast; for long ones the native code is faster on older JDKs.
            Provider provider = corretto.ec();
            CryptoProviders both = attempt(() -> corretto.withAead(provider));
            return both == null ? corretto : both;
        }
        CryptoProviders conscrypt = tryWith(platform, "org.conscrypt.OpenSSLProvider");
        if (conscrypt != null) {
            return conscrypt;
        }
        CryptoProviders bouncyCastle = tryWith(platform, "org.bouncycastle.jce.provider.BouncyCastleProvider");
        return bouncyCastle == null ? platform : bouncyCastle;
    }

    private static @Nullable CryptoProviders tryWith(CryptoProviders platform, String className) {
        return attempt(() -> platform.withEc(Class.forName(className)
                .asSubclass(Provider.class)
                .getDeclaredConstructor()
                .newInstance()));
    }

    /** Returns null for a provider that fails to load or lacks an algorithm. */
    private static @Nullable CryptoProviders attempt(Attempt attempt) {
        try {
            return attempt.make();
        } catch (ReflectiveOperationException | LinkageError | IllegalArgumentException e) {
            return null;
        }
    }

    /** Makes a selection of providers that may fail. */
    private interface Attempt {
        CryptoProviders make() throws ReflectiveOperationException;
    }
}

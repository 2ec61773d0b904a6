package dev.securesession;

import java.security.Provider;
import org.jspecify.annotations.Nullable;

/**
 * Knows providers that are faster than the platform's, by name: the library must not depend on any of them.
 *
 * <p>docs/performance.md has the figures that the order rests on.
 */
final class FasterProviders {
    private FasterProviders() {}

    static CryptoProviders choose(CryptoProviders platform) {
        CryptoProviders corretto =
                tryWith(platform, "com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider");
        if (corretto != null) {
            // On short messages the JDK is as fast; on long ones the native code is, on older JDKs.
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

    /** What cannot be loaded, cannot be made or lacks what it should have is not there, as far as we are concerned. */
    private static @Nullable CryptoProviders attempt(Attempt attempt) {
        try {
            return attempt.make();
        } catch (ReflectiveOperationException | LinkageError | IllegalArgumentException e) {
            return null;
        }
    }

    /** Makes a choice that may not be possible. */
    private interface Attempt {
        CryptoProviders make() throws ReflectiveOperationException;
    }
}

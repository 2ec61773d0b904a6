package dev.securesession;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import java.security.Provider;
import java.security.Security;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.conscrypt.Conscrypt;

/** The providers that the tests of secrets watch, each for all operations. */
enum Backend {
    JDK {
        @Override
        Provider watched(WatchedProvider.Watcher watcher) {
            return WatchedProvider.of(
                    Security.getProvider("SunEC"),
                    Security.getProvider("SunJCE"),
                    Security.getProvider("SunJCE"),
                    watcher);
        }
    },
    BOUNCY_CASTLE {
        @Override
        Provider watched(WatchedProvider.Watcher watcher) {
            return all(new BouncyCastleProvider(), watcher);
        }
    },
    CONSCRYPT {
        @Override
        Provider watched(WatchedProvider.Watcher watcher) {
            return all(Conscrypt.newProvider(), watcher);
        }
    },
    CORRETTO {
        @Override
        Provider watched(WatchedProvider.Watcher watcher) {
            AmazonCorrettoCryptoProvider.INSTANCE.assertHealthy();
            return all(AmazonCorrettoCryptoProvider.INSTANCE, watcher);
        }
    };

    abstract Provider watched(WatchedProvider.Watcher watcher);

    /** Tells whether the private keys of this provider are objects of the Java heap; the others keep them in native memory. */
    boolean keepsPrivateKeysInTheHeap() {
        return this == JDK || this == BOUNCY_CASTLE;
    }

    CryptoProviders watchedBy(WatchedProvider.Watcher watcher) {
        try {
            Provider provider = watched(watcher);
            return CryptoProviders.platform()
                    .withEc(provider)
                    .withAead(provider)
                    .withMac(provider);
        } catch (LinkageError | RuntimeException e) {
            boolean supported = System.getProperty("os.name").equals("Linux")
                    && System.getProperty("os.arch").equals("amd64");
            if (!supported) {
                System.out.println("Backend: " + this + " skipped, no native library loads here: " + e);
                assumeTrue(false, "no native library for this platform: " + e);
            }
            throw e;
        }
    }

    private static Provider all(Provider provider, WatchedProvider.Watcher watcher) {
        return WatchedProvider.of(provider, provider, provider, watcher);
    }
}

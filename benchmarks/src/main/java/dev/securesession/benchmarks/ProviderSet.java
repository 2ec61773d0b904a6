package dev.securesession.benchmarks;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import dev.securesession.CryptoProviders;
import java.security.Provider;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.conscrypt.Conscrypt;

/** The cryptographic providers to compare. */
public enum ProviderSet {
    JDK("JDK") {
        @Override
        CryptoProviders providers() {
            return CryptoProviders.platform();
        }
    },
    /** For elliptic curves only: its AES-GCM is slower than the JDK's. */
    BOUNCY_CASTLE("BouncyCastle for EC") {
        @Override
        CryptoProviders providers() {
            return CryptoProviders.platform().withEc(new BouncyCastleProvider());
        }
    },
    CORRETTO("ACCP") {
        @Override
        CryptoProviders providers() {
            return allOf(AmazonCorrettoCryptoProvider.INSTANCE);
        }
    },
    CONSCRYPT("Conscrypt") {
        @Override
        CryptoProviders providers() {
            return allOf(Conscrypt.newProvider());
        }
    };

    private final String label;

    ProviderSet(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /** Returns the providers; fails if a native provider does not run on this machine. */
    abstract CryptoProviders providers();

    private static CryptoProviders allOf(Provider provider) {
        return CryptoProviders.platform().withEc(provider).withAead(provider).withMac(provider);
    }
}

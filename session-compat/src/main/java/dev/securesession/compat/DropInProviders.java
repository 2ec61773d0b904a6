package dev.securesession.compat;

import dev.securesession.CryptoProviders;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the cryptographic providers of the drop-in: the fastest on the class path, unless the program names others.
 *
 * <p>The choice is made once, when the first session, message or elliptic-curve key pair needs it, and encryption is then
 * warmed up in the background. The system property {@value #PROPERTY} has these values:
 *
 * <ul>
 *   <li>{@code fastest}, or not set: as {@link CryptoProviders#fastest()}
 *   <li>{@code platform}: the providers that the platform prefers, as {@link CryptoProviders#platform()}
 *   <li>the name of an installed provider, for example {@code SunEC}: that one for elliptic curves
 * </ul>
 *
 * <p>Safe for use by several threads.
 */
public final class DropInProviders {
    /** The system property that names the providers. */
    public static final String PROPERTY = "dev.securesession.compat.provider";

    private static @Nullable CryptoProviders current;

    private DropInProviders() {}

    /**
     * Returns the providers of new sessions and messages, and chooses them if that has not happened.
     *
     * @return the providers; {@code toString} names them
     * @throws IllegalStateException if the system property names no installed provider, or one without elliptic curves:
     *     correct the property
     */
    public static synchronized CryptoProviders current() {
        CryptoProviders chosen = current;
        if (chosen == null) {
            chosen = named(System.getProperty(PROPERTY, "fastest"));
            chosen.warmUpInBackground();
            current = chosen;
        }
        return chosen;
    }

    /**
     * Names the providers, whatever the system property says. Sessions that exist keep theirs.
     *
     * @param crypto the providers of new sessions and messages
     */
    public static synchronized void use(CryptoProviders crypto) {
        crypto.warmUpInBackground();
        current = crypto;
    }

    static CryptoProviders named(String name) {
        if (name.equals("fastest")) {
            return CryptoProviders.fastest();
        }
        if (name.equals("platform")) {
            return CryptoProviders.platform();
        }
        Provider provider = Security.getProvider(name);
        if (provider == null) {
            throw new IllegalStateException(
                    PROPERTY + "=" + name + " names no installed provider; use fastest, platform" + " or one of "
                            + Arrays.toString(Security.getProviders()));
        }
        try {
            return CryptoProviders.platform().withEc(provider);
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    PROPERTY + "=" + name + " names a provider without elliptic curves; use another", e);
        }
    }
}

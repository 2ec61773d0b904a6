package dev.securesession.internal.crypto;

import java.security.GeneralSecurityException;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.ProviderException;

/** Checks what a JCA provider offers and returns, and makes the exceptions for what it does not. */
final class Providers {
    private Providers() {}

    /** Refuses a provider that lacks an algorithm. */
    static void require(Provider provider, String type, String algorithm, Lookup lookup) {
        try {
            lookup.run();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException(
                    "provider " + provider.getName() + " has no " + type + " " + algorithm, e);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "provider " + provider.getName() + " cannot make " + type + " " + algorithm, e);
        }
    }

    static void requireLength(Provider provider, String what, int length, int expected) {
        if (length != expected) {
            throw new ProviderException("provider " + provider.getName() + " made a " + what + " of " + length
                    + " bytes; it must be " + expected);
        }
    }

    static ProviderException failed(Provider provider, String action, GeneralSecurityException cause) {
        return new ProviderException("provider " + provider.getName() + " could not " + action, cause);
    }

    /** Asks a provider for an algorithm. */
    interface Lookup {
        Object run() throws GeneralSecurityException;
    }
}

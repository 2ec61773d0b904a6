package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.Provider;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.Mac;

/** The providers that the platform prefers, for tests of the wrappers. */
public final class Suites {
    public static final Provider EC = ec();
    public static final Provider AEAD = aead();
    public static final Provider MAC = mac();
    public static final CryptoSuite PLATFORM = new CryptoSuite(EC, AEAD, MAC, new SecureRandom());

    private Suites() {}

    /** Returns what providers call a curve. */
    public static String nameOf(Curve curve) {
        return EcDomain.of(curve).jcaName();
    }

    private static Provider ec() {
        try {
            return KeyPairGenerator.getInstance("EC").getProvider();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static Provider aead() {
        try {
            return Cipher.getInstance("AES/GCM/NoPadding").getProvider();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static Provider mac() {
        try {
            return Mac.getInstance("HmacSHA256").getProvider();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}

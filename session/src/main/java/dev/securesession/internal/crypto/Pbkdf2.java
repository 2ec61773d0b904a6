package dev.securesession.internal.crypto;

import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.ShortBufferException;

/**
 * PBKDF2 on HMAC-SHA-256 (RFC 8018) for one block of output.
 *
 * <p>JCA accepts passphrases as text only. Here they are bytes and need not be valid UTF-8, so this class computes PBKDF2
 * from JCA's HMAC.
 */
public final class Pbkdf2 {
    private static final byte[] FIRST_BLOCK = {0, 0, 0, 1};

    private Pbkdf2() {}

    /** Derives 32 bytes. */
    public static Secret derive(HmacSha256 hmacSha256, Secret passphrase, byte[] salt, int iterations) {
        Mac hmac = hmacSha256.start(passphrase);
        hmac.update(salt);
        hmac.update(FIRST_BLOCK);
        byte[] round = hmac.doFinal();
        byte[] derived = round.clone();
        for (int i = 1; i < iterations; i++) {
            hmac.update(round);
            finish(hmac, round);
            for (int j = 0; j < derived.length; j++) {
                derived[j] ^= round[j];
            }
        }
        Arrays.fill(round, (byte) 0);
        return Secret.owning(derived);
    }

    private static void finish(Mac hmac, byte[] target) {
        try {
            hmac.doFinal(target, 0);
        } catch (ShortBufferException e) {
            throw new AssertionError("a MAC longer than its own length", e);
        }
    }
}

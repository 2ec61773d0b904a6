package dev.securesession.internal.crypto;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The key derivation of the Themis family on HMAC-SHA-256 (PROTOCOL.md, section 4). */
public final class SoterKdf {
    private static final byte[] COUNTER = {0, 0, 0, 1};
    private static final byte[] END_OF_LABEL = {0};
    private static final int IMPLICIT_KEY_LENGTH = 32;

    private final CryptoSuite crypto;

    public SoterKdf(CryptoSuite crypto) {
        this.crypto = crypto;
    }

    /** Derives up to 32 bytes from a key. */
    public byte[] derive(Secret key, String label, int length, byte[]... contexts) {
        byte[][] parts = new byte[3 + contexts.length][];
        parts[0] = COUNTER;
        parts[1] = label.getBytes(StandardCharsets.US_ASCII);
        parts[2] = END_OF_LABEL;
        System.arraycopy(contexts, 0, parts, 3, contexts.length);
        byte[] code = crypto.hmac(key, parts);
        byte[] derived = Arrays.copyOf(code, length);
        Arrays.fill(code, (byte) 0);
        return derived;
    }

    /** Derives up to 32 bytes where there is no key: label and contexts, cut to 32 bytes each, are XORed into one. */
    public byte[] deriveWithoutKey(String label, int length, byte[]... contexts) {
        byte[] implicitKey = new byte[IMPLICIT_KEY_LENGTH];
        xorInto(implicitKey, label.getBytes(StandardCharsets.US_ASCII));
        for (byte[] context : contexts) {
            xorInto(implicitKey, context);
        }
        return derive(Secret.owning(implicitKey), label, length, contexts);
    }

    private static void xorInto(byte[] target, byte[] source) {
        for (int i = 0; i < Math.min(target.length, source.length); i++) {
            target[i] ^= source[i];
        }
    }
}

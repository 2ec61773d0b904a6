package dev.securesession.internal.crypto;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The key derivation of the Themis family on HMAC-SHA-256 (PROTOCOL.md, section 4). */
public final class SoterKdf {
    private static final byte[] COUNTER = {0, 0, 0, 1};
    private static final byte[] END_OF_LABEL = {0};

    /** Length of the keys that are derived for other derivations. */
    public static final int KEY_LENGTH = HmacSha256.LENGTH;

    private final HmacSha256 hmac;

    public SoterKdf(HmacSha256 hmac) {
        this.hmac = hmac;
    }

    /** Derives up to 32 bytes from a key. */
    public byte[] derive(Secret key, String label, int length, byte[]... contexts) {
        byte[][] parts = new byte[3 + contexts.length][];
        parts[0] = COUNTER;
        parts[1] = label.getBytes(StandardCharsets.US_ASCII);
        parts[2] = END_OF_LABEL;
        System.arraycopy(contexts, 0, parts, 3, contexts.length);
        byte[] code = hmac.of(key, parts);
        byte[] derived = Arrays.copyOf(code, length);
        Arrays.fill(code, (byte) 0);
        return derived;
    }

    /** Derives up to 32 bytes without a key: the XOR of label and contexts, each cut to 32 bytes, takes its place. */
    public byte[] deriveWithoutKey(String label, int length, byte[]... contexts) {
        byte[] implicitKey = new byte[KEY_LENGTH];
        xorInto(implicitKey, label.getBytes(StandardCharsets.US_ASCII));
        for (byte[] context : contexts) {
            xorInto(implicitKey, context);
        }
        Secret key = Secret.owning(implicitKey);
        try {
            return derive(key, label, length, contexts);
        } finally {
            key.wipe();
        }
    }

    private static void xorInto(byte[] target, byte[] source) {
        for (int i = 0; i < Math.min(target.length, source.length); i++) {
            target[i] ^= source[i];
        }
    }
}

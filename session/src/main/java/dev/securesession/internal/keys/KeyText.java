package dev.securesession.internal.keys;

import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Keys as text in hexadecimal or base64. Works on bytes, since a {@code String} with a private key cannot be wiped. */
public final class KeyText {
    private KeyText() {}

    /**
     * Returns the bytes that a text stands for, spaces and line breaks ignored, or a copy of bytes that are no such text;
     * the caller's to wipe.
     */
    public static byte[] decode(byte[] text) {
        byte[] packed = withoutBlanks(text);
        byte @Nullable [] decoded = packed.length == 0 ? null : hexadecimal(packed);
        if (decoded == null && packed.length > 0) {
            decoded = base64(packed);
        }
        Arrays.fill(packed, (byte) 0);
        return decoded == null ? text.clone() : decoded;
    }

    /** Returns the bytes, the caller's to wipe, or null if this is no base64. */
    static byte @Nullable [] base64(byte[] text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Returns a copy without spaces, tabs and line breaks, the caller's to wipe. */
    static byte[] withoutBlanks(byte[] text) {
        byte[] packed = new byte[text.length];
        int length = 0;
        for (byte b : text) {
            if (b != ' ' && b != '\t' && b != '\r' && b != '\n') {
                packed[length++] = b;
            }
        }
        byte[] exact = Arrays.copyOf(packed, length);
        Arrays.fill(packed, (byte) 0);
        return exact;
    }

    private static byte @Nullable [] hexadecimal(byte[] text) {
        if (text.length % 2 != 0) {
            return null;
        }
        byte[] bytes = new byte[text.length / 2];
        for (int i = 0; i < text.length; i++) {
            int digit = Character.digit(text[i], 16);
            if (digit < 0) {
                Arrays.fill(bytes, (byte) 0);
                return null;
            }
            bytes[i / 2] = (byte) (bytes[i / 2] << 4 | digit);
        }
        return bytes;
    }
}

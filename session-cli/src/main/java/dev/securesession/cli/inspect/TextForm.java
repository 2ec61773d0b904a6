package dev.securesession.cli.inspect;

import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Decodes messages and states given as hexadecimal or base64. Makes no {@code String}, since the text may be a secret. */
final class TextForm {
    private TextForm() {}

    /** Returns the bytes, the caller's to wipe, or null if the text is neither. Blanks and line breaks do not count. */
    static byte @Nullable [] decode(byte[] text) {
        byte[] packed = withoutBlanks(text);
        try {
            byte[] bytes = hex(packed);
            return bytes != null ? bytes : base64(packed);
        } finally {
            Arrays.fill(packed, (byte) 0);
        }
    }

    /** Returns which of the two {@link #decode} takes a text for that it can decode. */
    static String name(byte[] text) {
        byte[] packed = withoutBlanks(text);
        byte[] bytes = hex(packed);
        Arrays.fill(packed, (byte) 0);
        if (bytes == null) {
            return "base64";
        }
        Arrays.fill(bytes, (byte) 0);
        return "hexadecimal";
    }

    private static byte @Nullable [] hex(byte[] text) {
        if (text.length == 0 || text.length % 2 != 0) {
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

    private static byte @Nullable [] base64(byte[] text) {
        if (text.length == 0) {
            return null;
        }
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static byte[] withoutBlanks(byte[] text) {
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
}

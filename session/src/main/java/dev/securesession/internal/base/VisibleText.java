package dev.securesession.internal.base;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Text of others that goes to logs and terminals: it must not break lines, hide, change its direction, or be obeyed. */
public final class VisibleText {
    private VisibleText() {}

    /** Returns a text with a question mark for each character that is not visible. */
    public static String of(String text) {
        return of(text, Integer.MAX_VALUE);
    }

    /** Returns the first characters of a text, at most as many as given, with a question mark for those not visible. */
    public static String of(String text, int maxCharacters) {
        StringBuilder visible = new StringBuilder(Math.min(text.length(), maxCharacters));
        text.codePoints()
                .limit(maxCharacters)
                .map(character -> isVisible(character) ? character : '?')
                .forEach(visible::appendCodePoint);
        return visible.toString();
    }

    /** Tells whether a character is a visible one or a space. */
    public static boolean isVisible(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    /** Returns a text in UTF-8; one that is too long is cut between two characters. */
    public static byte[] utf8(String text, int maxBytes) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= maxBytes ? bytes : Arrays.copyOf(bytes, boundary(bytes, maxBytes));
    }

    /** Returns a position in UTF-8, or that of the character that it is in the middle of. */
    public static int boundary(byte[] bytes, int position) {
        int boundary = position;
        while (boundary > 0 && boundary < bytes.length && (bytes[boundary] & 0xC0) == 0x80) {
            boundary--;
        }
        return boundary;
    }
}

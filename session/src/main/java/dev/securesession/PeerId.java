package dev.securesession;

import dev.securesession.internal.base.VisibleText;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The public name of a peer: one byte or more, any bytes, compared exactly.
 *
 * <p>An id is sent in the clear and names the identity key that its owner must prove to hold. It is not a secret, and by
 * itself it proves nothing. Instances are immutable and safe for use by several threads.
 *
 * <p>PROTOCOL.md P-4, P-5.
 */
public final class PeerId {
    private final byte[] bytes;

    private PeerId(byte[] bytes) {
        if (bytes.length == 0) {
            throw new IllegalArgumentException("a peer id of 0 bytes; it needs at least 1");
        }
        this.bytes = bytes;
    }

    /**
     * Returns the id with these bytes.
     *
     * @param bytes one byte or more; copied
     * @return the id
     * @throws IllegalArgumentException if there are no bytes: give the peer a name
     */
    public static PeerId of(byte[] bytes) {
        return new PeerId(bytes.clone());
    }

    /**
     * Returns the id with the bytes of a text in UTF-8, which peers in most languages use.
     *
     * @param text one character or more
     * @return the id
     * @throws IllegalArgumentException if the text is empty or holds an unpaired surrogate: choose another name
     */
    public static PeerId ofUtf8(String text) {
        return new PeerId(encode(text, StandardCharsets.UTF_8.newEncoder()));
    }

    /**
     * Returns the id with the bytes of a text in big-endian UTF-16 after a byte order mark, which the Java and Android
     * library over JNI uses for a peer that is named by a {@code String}.
     *
     * @param text one character or more
     * @return the id
     * @throws IllegalArgumentException if the text is empty or holds an unpaired surrogate: choose another name
     */
    public static PeerId ofUtf16WithMark(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("a peer id of 0 characters; it needs at least 1");
        }
        return new PeerId(encode("\uFEFF" + text, StandardCharsets.UTF_16BE.newEncoder()));
    }

    /**
     * Returns the id as bytes.
     *
     * @return a new array, the caller's to keep
     */
    public byte[] toBytes() {
        return bytes.clone();
    }

    /**
     * Returns the length of the id.
     *
     * @return bytes, at least 1
     */
    public int length() {
        return bytes.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PeerId that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /**
     * Returns the id for people to read: text in quotes if the id is UTF-8 and all its characters are visible ones or
     * spaces, otherwise hexadecimal. Characters that are invisible or change the direction of text could make one id look
     * like another. Long ids are cut.
     *
     * @return a short description; not a form to parse or to compare
     */
    @Override
    public String toString() {
        int shown = Math.min(bytes.length, MAX_SHOWN);
        String text = visibleText(VisibleText.boundary(bytes, shown));
        return (text == null ? hex(shown) : '"' + text + '"')
                + (shown < bytes.length ? "... (" + bytes.length + " bytes)" : "");
    }

    /** Returns the first bytes as text, or null if they are no UTF-8 or not fit to be shown. */
    private @Nullable String visibleText(int length) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
        return !text.isEmpty() && text.codePoints().allMatch(PeerId::isVisible) ? text : null;
    }

    private static boolean isVisible(int character) {
        if (Character.getType(character) == Character.SPACE_SEPARATOR) {
            return character == ' ';
        }
        return VisibleText.isVisible(character) && character != '"' && !isBlank(character);
    }

    /** Tells whether a letter, mark or symbol shows nothing: fillers, and selectors of variants. */
    private static boolean isBlank(int character) {
        return BLANK.indexOf(character) >= 0
                || (character >= 0xFE00 && character <= 0xFE0F)
                || (character >= 0xE0100 && character <= 0xE01EF);
    }

    private String hex(int count) {
        StringBuilder text = new StringBuilder("0x");
        for (int i = 0; i < count; i++) {
            text.append(Character.forDigit(bytes[i] >> 4 & 0xF, 16)).append(Character.forDigit(bytes[i] & 0xF, 16));
        }
        return text.toString();
    }

    private static byte[] encode(String text, CharsetEncoder encoder) {
        try {
            ByteBuffer encoded = encoder.onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("a peer id with an unpaired surrogate; it must be well-formed text", e);
        }
    }

    private static final int MAX_SHOWN = 64;
    private static final String BLANK = "\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0";
}

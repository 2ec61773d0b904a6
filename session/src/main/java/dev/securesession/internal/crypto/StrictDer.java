package dev.securesession.internal.crypto;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * The one encoding of an ECDSA signature that we accept or send (PROTOCOL.md P-6).
 *
 * <pre>{@code
 * 30 length  02 length r  02 length s      lengths in one byte below 128, else 81 and one byte
 * }</pre>
 *
 * <p>r and s have minimal encodings and are at least 1 and less than the order; there are no trailing bytes. Providers differ
 * in what else they accept, so this is checked before any of them sees a signature.
 */
final class StrictDer {
    private static final int SEQUENCE = 0x30;
    private static final int INTEGER = 0x02;
    private static final int LONG_FORM_OF_ONE = 0x81;

    private final byte[] encoded;
    private int position;

    private StrictDer(byte[] encoded) {
        this.encoded = encoded;
    }

    static boolean isSignature(byte[] encoded, BigInteger order) {
        StrictDer reader = new StrictDer(encoded);
        return reader.enter(SEQUENCE) == encoded.length - reader.position
                && reader.nextNumberIsBelow(order)
                && reader.nextNumberIsBelow(order)
                && reader.position == encoded.length;
    }

    private boolean nextNumberIsBelow(BigInteger order) {
        int length = enter(INTEGER);
        if (length <= 0 || length > encoded.length - position) {
            return false;
        }
        byte[] number = Arrays.copyOfRange(encoded, position, position + length);
        position += length;
        boolean padded = length > 1 && number[0] == 0 && number[1] >= 0;
        BigInteger value = new BigInteger(number);
        return !padded && value.signum() > 0 && value.compareTo(order) < 0;
    }

    /** Reads a tag and a length; returns the length, or -1 if the tag differs or the length is not minimal. */
    private int enter(int tag) {
        if (next() != tag) {
            return -1;
        }
        int length = next();
        if (length < 0x80) {
            return length;
        }
        int longLength = length == LONG_FORM_OF_ONE ? next() : -1;
        return longLength >= 0x80 ? longLength : -1;
    }

    private int next() {
        return position < encoded.length ? encoded[position++] & 0xFF : -1;
    }
}

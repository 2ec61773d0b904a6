package dev.securesession.compat.comparator;

import java.math.BigInteger;
import java.security.SecureRandom;

/** Numbers modulo the order of the group, 32 bytes little-endian on the wire. */
final class Scalar {
    /** The order of the prime-order subgroup of edwards25519: 2^252 + 27742317777372353535851937790883648493. */
    static final BigInteger ORDER =
            BigInteger.ONE.shiftLeft(252).add(new BigInteger("27742317777372353535851937790883648493"));

    private static final int LENGTH = 32;

    private Scalar() {}

    /** Returns a random number from 1 to the order less 1. */
    static BigInteger random(SecureRandom random) {
        BigInteger number;
        do {
            number = new BigInteger(ORDER.bitLength(), random);
        } while (number.signum() == 0 || number.compareTo(ORDER) >= 0);
        return number;
    }

    /** Decodes a number that came from the peer, which must be reduced. */
    static BigInteger decode(byte[] message, int offset) throws ComparisonFailedException {
        byte[] encoded = new byte[LENGTH];
        System.arraycopy(message, offset, encoded, 0, LENGTH);
        BigInteger number = number(encoded);
        if (number.compareTo(ORDER) >= 0) {
            throw new ComparisonFailedException();
        }
        return number;
    }

    /** Reads a number of any length. */
    static BigInteger number(byte[] littleEndian) {
        return new BigInteger(1, reversed(littleEndian, littleEndian.length));
    }

    /** Encodes a number below 2^256 as 32 bytes. */
    static byte[] encoded(BigInteger number) {
        byte[] bigEndian = number.toByteArray();
        byte[] encoded = new byte[LENGTH];
        for (int i = 0; i < Math.min(bigEndian.length, LENGTH); i++) {
            encoded[i] = bigEndian[bigEndian.length - 1 - i];
        }
        return encoded;
    }

    private static byte[] reversed(byte[] bytes, int length) {
        byte[] reversed = new byte[length];
        for (int i = 0; i < length; i++) {
            reversed[i] = bytes[length - 1 - i];
        }
        return reversed;
    }
}

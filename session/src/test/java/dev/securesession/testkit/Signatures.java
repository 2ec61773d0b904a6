package dev.securesession.testkit;

import java.math.BigInteger;
import java.util.Arrays;

/** ECDSA signatures taken apart and put together again, well or badly. */
final class Signatures {
    private Signatures() {}

    /** Returns r and s of a signature in strict DER. */
    static BigInteger[] numbers(byte[] signature) {
        int at = signature[1] < 0 ? 3 : 2;
        int rLength = signature[at + 1];
        int sAt = at + 2 + rLength;
        return new BigInteger[] {
            new BigInteger(Arrays.copyOfRange(signature, at + 2, sAt)),
            new BigInteger(Arrays.copyOfRange(signature, sAt + 2, signature.length))
        };
    }

    static byte[] sequence(BigInteger r, BigInteger s) {
        return wrapped(Mutations.joined(integer(r), integer(s)));
    }

    /** Puts the right header of a sequence in front, whatever is in it. */
    static byte[] wrapped(byte[] content) {
        return tagged(0x30, content);
    }

    static byte[] integer(BigInteger number) {
        return tagged(0x02, number.toByteArray());
    }

    /** An integer with a zero byte too many. */
    static byte[] padded(BigInteger number) {
        return tagged(0x02, Mutations.joined(new byte[1], number.toByteArray()));
    }

    /** A number as it would stand in a raw signature. */
    static byte[] fixed(BigInteger number, BigInteger order) {
        int length = (order.bitLength() + 7) / 8;
        byte[] bytes = number.toByteArray();
        byte[] fixed = new byte[length];
        int used = Math.min(length, bytes.length);
        System.arraycopy(bytes, bytes.length - used, fixed, length - used, used);
        return fixed;
    }

    private static byte[] tagged(int tag, byte[] content) {
        byte[] header = content.length < 0x80
                ? new byte[] {(byte) tag, (byte) content.length}
                : content.length < 0x100
                        ? new byte[] {(byte) tag, (byte) 0x81, (byte) content.length}
                        : new byte[] {(byte) tag, (byte) 0x82, (byte) (content.length >> 8), (byte) content.length};
        return Mutations.joined(header, content);
    }
}

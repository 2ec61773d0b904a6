package dev.securesession.internal.keys;

import dev.securesession.Curve;
import dev.securesession.KeyRejectedException;
import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.InvalidPointException;
import java.util.Arrays;

/**
 * Public keys as X.509 has them (RFC 5480).
 *
 * <pre>{@code
 * SEQUENCE {
 *   SEQUENCE { OID ecPublicKey, OID of the named curve }
 *   BIT STRING { no unused bits, point }
 * }
 * }</pre>
 *
 * <p>The bytes before the point are constant for a curve and a form of point, so they are written and compared as a
 * whole. This class exists because JDKs do not read compressed points in this format.
 */
public final class SubjectPublicKeyInfo {
    private static final int SEQUENCE = 0x30;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int BIT_STRING = 0x03;

    private static final byte[] EC_PUBLIC_KEY = {0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x02, 0x01};
    private static final byte[] RSA_ENCRYPTION = {
        0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 0x0D, 0x01, 0x01, 0x01
    };
    private static final byte[] PRIME256V1 = {0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x03, 0x01, 0x07};
    private static final byte[] SECP384R1 = {0x2B, (byte) 0x81, 0x04, 0x00, 0x22};
    private static final byte[] SECP521R1 = {0x2B, (byte) 0x81, 0x04, 0x00, 0x23};

    private SubjectPublicKeyInfo() {}

    public static EcPublicKey read(byte[] encoded) throws KeyRejectedException {
        for (Curve curve : Curve.values()) {
            int fieldLength = EcDomain.of(curve).fieldLength();
            for (int pointLength : new int[] {1 + 2 * fieldLength, 1 + fieldLength}) {
                int prefixLength = encoded.length - pointLength;
                if (prefixLength > 0 && Arrays.equals(encoded, wrap(curve, tail(encoded, prefixLength)))) {
                    return decode(curve, tail(encoded, prefixLength));
                }
            }
        }
        if (mentionsRsa(encoded)) {
            throw new KeyRejectedException(Reason.RSA, "an RSA key; sessions take elliptic-curve keys only");
        }
        throw KeyFormat.refusal(
                encoded,
                KeyFormat.X509,
                encoded.length + " bytes that are no X.509 public key on the named curve P-256, P-384 or P-521");
    }

    public static byte[] write(EcPublicKey key) {
        return wrap(key.curve(), key.uncompressed());
    }

    /** Tells whether the algorithm of a key structure is RSA, for a better error message. */
    public static boolean mentionsRsa(byte[] encoded) {
        for (int at = 0; at + RSA_ENCRYPTION.length <= Math.min(encoded.length, ALGORITHM_IS_WITHIN); at++) {
            if (Arrays.equals(RSA_ENCRYPTION, Arrays.copyOfRange(encoded, at, at + RSA_ENCRYPTION.length))) {
                return true;
            }
        }
        return false;
    }

    private static EcPublicKey decode(Curve curve, byte[] point) throws KeyRejectedException {
        try {
            return EcPublicKey.decode(curve, point);
        } catch (InvalidPointException e) {
            throw new KeyRejectedException(Reason.INVALID, "a public key with " + e.getMessage(), e);
        }
    }

    private static byte[] wrap(Curve curve, byte[] point) {
        byte[] algorithm =
                element(SEQUENCE, element(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), element(OBJECT_IDENTIFIER, name(curve)));
        return element(SEQUENCE, algorithm, element(BIT_STRING, new byte[1], point));
    }

    private static byte[] element(int tag, byte[]... parts) {
        byte[] content = Bytes.concat(parts);
        byte[] header = content.length < 0x80
                ? new byte[] {(byte) tag, (byte) content.length}
                : new byte[] {(byte) tag, (byte) 0x81, (byte) content.length};
        return Bytes.concat(header, content);
    }

    private static byte[] name(Curve curve) {
        return switch (curve) {
            case P256 -> PRIME256V1;
            case P384 -> SECP384R1;
            case P521 -> SECP521R1;
        };
    }

    private static byte[] tail(byte[] encoded, int from) {
        return Arrays.copyOfRange(encoded, from, encoded.length);
    }

    private static final int ALGORITHM_IS_WITHIN = 40;
}

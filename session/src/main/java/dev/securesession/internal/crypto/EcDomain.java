package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.math.BigInteger;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.EllipticCurve;
import java.util.Arrays;

/**
 * The domain parameters of a curve (FIPS 186-4, D.1.2), and points on it as bytes (X9.62).
 *
 * <p>Points are public; nothing here touches a secret.
 */
public final class EcDomain {
    private static final byte COMPRESSED_EVEN = 2;
    private static final byte COMPRESSED_ODD = 3;
    private static final byte UNCOMPRESSED = 4;

    private final String jcaName;
    private final int fieldLength;
    private final BigInteger prime;
    private final ECParameterSpec parameters;

    private EcDomain(String jcaName, String p, String b, String gx, String gy, String order) {
        this.jcaName = jcaName;
        this.prime = hex(p);
        this.fieldLength = (prime.bitLength() + 7) / 8;
        BigInteger a = prime.subtract(THREE);
        EllipticCurve curve = new EllipticCurve(new ECFieldFp(prime), a, hex(b));
        this.parameters = new ECParameterSpec(curve, new ECPoint(hex(gx), hex(gy)), hex(order), 1);
    }

    public static EcDomain of(Curve curve) {
        return switch (curve) {
            case P256 -> P256;
            case P384 -> P384;
            case P521 -> P521;
        };
    }

    /** Returns the name of the curve in JCA. */
    String jcaName() {
        return jcaName;
    }

    /** Length of a coordinate, and of a scalar without its leading zero, in bytes. */
    public int fieldLength() {
        return fieldLength;
    }

    public ECParameterSpec parameters() {
        return parameters;
    }

    public BigInteger order() {
        return parameters.getOrder();
    }

    /** Tells whether a scalar can be a private key: it is at least 1 and less than the order. */
    public boolean isScalar(BigInteger scalar) {
        return scalar.signum() > 0 && scalar.compareTo(order()) < 0;
    }

    /** Encodes a scalar in exactly {@link #fieldLength()} bytes, the caller's to wipe. */
    byte[] encodeScalar(BigInteger scalar) {
        byte[] bytes = new byte[fieldLength];
        writeUnsigned(scalar, bytes, 0, fieldLength);
        return bytes;
    }

    /**
     * Decodes a point, compressed or not, and checks that it is on the curve (PROTOCOL.md C-1). Cofactors are 1, so a
     * point on the curve is in the right group; infinity has no encoding here.
     */
    public ECPoint decode(byte[] encoded) throws InvalidPointException {
        if (encoded.length == 1 + fieldLength && (encoded[0] == COMPRESSED_EVEN || encoded[0] == COMPRESSED_ODD)) {
            BigInteger x = coordinate(encoded, 1);
            return new ECPoint(x, recoverY(x, encoded[0] == COMPRESSED_ODD));
        }
        if (encoded.length == 1 + 2 * fieldLength && encoded[0] == UNCOMPRESSED) {
            ECPoint point = new ECPoint(coordinate(encoded, 1), coordinate(encoded, 1 + fieldLength));
            requireOnCurve(point);
            return point;
        }
        throw new InvalidPointException("a point of " + encoded.length + " bytes"
                + (encoded.length == 0 ? "" : String.format(" in form %02x", encoded[0]))
                + "; on " + jcaName + " it is " + (1 + fieldLength) + " bytes in form 02 or 03, or "
                + (1 + 2 * fieldLength) + " in form 04");
    }

    /** Refuses a point that is not on the curve, even if a provider has decoded it. */
    public void requireOnCurve(ECPoint point) throws InvalidPointException {
        if (point.equals(ECPoint.POINT_INFINITY)) {
            throw new InvalidPointException("the point at infinity is no key");
        }
        BigInteger x = point.getAffineX();
        BigInteger y = point.getAffineY();
        if (!inField(x) || !inField(y) || !y.multiply(y).mod(prime).equals(rightHandSide(x))) {
            throw new InvalidPointException("a point that is not on " + jcaName);
        }
    }

    public byte[] compress(ECPoint point) {
        byte[] encoded = new byte[1 + fieldLength];
        encoded[0] = point.getAffineY().testBit(0) ? COMPRESSED_ODD : COMPRESSED_EVEN;
        writeUnsigned(point.getAffineX(), encoded, 1, fieldLength);
        return encoded;
    }

    public byte[] uncompressed(ECPoint point) {
        byte[] encoded = new byte[1 + 2 * fieldLength];
        encoded[0] = UNCOMPRESSED;
        writeUnsigned(point.getAffineX(), encoded, 1, fieldLength);
        writeUnsigned(point.getAffineY(), encoded, 1 + fieldLength, fieldLength);
        return encoded;
    }

    /** Returns the two points with a given x: first the one with an even y. */
    ECPoint[] pointsAt(BigInteger x) throws InvalidPointException {
        return new ECPoint[] {new ECPoint(x, recoverY(x, false)), new ECPoint(x, recoverY(x, true))};
    }

    /** Writes a number big-endian in exactly {@code length} bytes; it must fit. */
    public static void writeUnsigned(BigInteger number, byte[] target, int offset, int length) {
        byte[] signed = number.toByteArray();
        int count = Math.min(signed.length, length);
        Arrays.fill(target, offset, offset + length - count, (byte) 0);
        System.arraycopy(signed, signed.length - count, target, offset + length - count, count);
        Arrays.fill(signed, (byte) 0);
    }

    private BigInteger coordinate(byte[] encoded, int offset) {
        return new BigInteger(1, Arrays.copyOfRange(encoded, offset, offset + fieldLength));
    }

    private BigInteger recoverY(BigInteger x, boolean odd) throws InvalidPointException {
        if (!inField(x)) {
            throw new InvalidPointException("a point whose x is not below the prime of " + jcaName);
        }
        BigInteger square = rightHandSide(x);
        // Every prime here is 3 mod 4, so this power is a root whenever there is one.
        BigInteger root = square.modPow(prime.add(BigInteger.ONE).shiftRight(2), prime);
        if (!root.multiply(root).mod(prime).equals(square)) {
            throw new InvalidPointException("a point whose x is on no point of " + jcaName);
        }
        // No point has y = 0: the order of the group is an odd prime.
        return root.testBit(0) == odd ? root : prime.subtract(root);
    }

    private BigInteger rightHandSide(BigInteger x) {
        EllipticCurve curve = parameters.getCurve();
        return x.multiply(x).add(curve.getA()).multiply(x).add(curve.getB()).mod(prime);
    }

    private boolean inField(BigInteger number) {
        return number.signum() >= 0 && number.compareTo(prime) < 0;
    }

    private static BigInteger hex(String digits) {
        return new BigInteger(digits.replace(" ", ""), 16);
    }

    private static final BigInteger THREE = BigInteger.valueOf(3);

    private static final EcDomain P256 = new EcDomain(
            "secp256r1",
            "ffffffff 00000001 00000000 00000000 00000000 ffffffff ffffffff ffffffff",
            "5ac635d8 aa3a93e7 b3ebbd55 769886bc 651d06b0 cc53b0f6 3bce3c3e 27d2604b",
            "6b17d1f2 e12c4247 f8bce6e5 63a440f2 77037d81 2deb33a0 f4a13945 d898c296",
            "4fe342e2 fe1a7f9b 8ee7eb4a 7c0f9e16 2bce3357 6b315ece cbb64068 37bf51f5",
            "ffffffff 00000000 ffffffff ffffffff bce6faad a7179e84 f3b9cac2 fc632551");

    private static final EcDomain P384 = new EcDomain(
            "secp384r1",
            "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffffe"
                    + "ffffffff 00000000 00000000 ffffffff",
            "b3312fa7 e23ee7e4 988e056b e3f82d19 181d9c6e fe814112 0314088f 5013875a"
                    + "c656398d 8a2ed19d 2a85c8ed d3ec2aef",
            "aa87ca22 be8b0537 8eb1c71e f320ad74 6e1d3b62 8ba79b98 59f741e0 82542a38"
                    + "5502f25d bf55296c 3a545e38 72760ab7",
            "3617de4a 96262c6f 5d9e98bf 9292dc29 f8f41dbd 289a147c e9da3113 b5f0b8c0"
                    + "0a60b1ce 1d7e819d 7a431d7c 90ea0e5f",
            "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff c7634d81 f4372ddf"
                    + "581a0db2 48b0a77a ecec196a ccc52973");

    private static final EcDomain P521 = new EcDomain(
            "secp521r1",
            "01ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff"
                    + "ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff",
            "0051 953eb961 8e1c9a1f 929a21a0 b68540ee a2da725b 99b315f3 b8b48991 8ef109e1"
                    + "56193951 ec7e937b 1652c0bd 3bb1bf07 3573df88 3d2c34f1 ef451fd4 6b503f00",
            "00c6 858e06b7 0404e9cd 9e3ecb66 2395b442 9c648139 053fb521 f828af60 6b4d3dba"
                    + "a14b5e77 efe75928 fe1dc127 a2ffa8de 3348b3c1 856a429b f97e7e31 c2e5bd66",
            "0118 39296a78 9a3bc004 5c8a5fb4 2c7d1bd9 98f54449 579b4468 17afbd17 273e662c"
                    + "97ee7299 5ef42640 c550b901 3fad0761 353c7086 a272c240 88be9476 9fd16650",
            "01ff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff fffffffa"
                    + "51868783 bf2f966b 7fcc0148 f709a5d0 3bb5c9b8 899c47ae bb6fb71e 91386409");
}

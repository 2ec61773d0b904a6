package dev.securesession.compat.comparator;

import java.math.BigInteger;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Objects;
import org.bouncycastle.math.ec.ECAlgorithms;
import org.bouncycastle.math.ec.ECCurve;
import org.bouncycastle.math.ec.ECFieldElement;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.custom.djb.Curve25519;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * An element of the prime-order subgroup of edwards25519.
 *
 * <p>BouncyCastle has the group operations for Curve25519 in Weierstrass form. The two curves have the same group; this class
 * converts between the encoding of RFC 8032 on the wire and the coordinates of that form, with the map of RFC 7748, section
 * 4.1. All field and group operations are BouncyCastle's.
 */
final class GroupElement {
    static final int LENGTH = 32;

    private final ECPoint point;

    /** Fails with a {@code NoClassDefFoundError} without BouncyCastle, as every use of this class does. */
    static void requireLibrary() {
        Objects.requireNonNull(ONE);
    }

    private GroupElement(ECPoint point) {
        this.point = point;
    }

    /**
     * Decodes an element that came from the peer.
     *
     * @throws ComparisonFailedException if the bytes are no point, or the point is the neutral one or outside of the
     *     prime-order subgroup
     */
    static GroupElement decode(byte[] message, int offset) throws ComparisonFailedException {
        if (!Ed25519.validatePublicKeyFull(message, offset)) {
            throw new ComparisonFailedException();
        }
        byte[] encoded = Arrays.copyOfRange(message, offset, offset + LENGTH);
        boolean xIsOdd = (encoded[LENGTH - 1] & SIGN_BIT) != 0;
        encoded[LENGTH - 1] &= ~SIGN_BIT;
        ECFieldElement y = field(Scalar.number(encoded));

        ECFieldElement ySquared = y.square();
        ECFieldElement x =
                ySquared.subtract(ONE).divide(D.multiply(ySquared).add(ONE)).sqrt();
        if (x == null) {
            throw new ComparisonFailedException();
        }
        if (x.testBitZero() != xIsOdd) {
            x = x.negate();
        }
        ECFieldElement u = ONE.add(y).divide(ONE.subtract(y));
        ECFieldElement v = SCALE.multiply(u).divide(x);
        return new GroupElement(CURVE.createPoint(u.add(SHIFT).toBigInteger(), v.toBigInteger()));
    }

    /** Writes the element in the encoding of RFC 8032, section 5.1.2. */
    void encode(byte[] message, int offset) {
        System.arraycopy(encoded(), 0, message, offset, LENGTH);
    }

    byte[] encoded() {
        if (point.isInfinity()) {
            return Scalar.encoded(BigInteger.ONE);
        }
        ECPoint normalized = point.normalize();
        ECFieldElement u = normalized.getAffineXCoord().subtract(SHIFT);
        ECFieldElement x = SCALE.multiply(u).divide(normalized.getAffineYCoord());
        ECFieldElement y = u.subtract(ONE).divide(u.add(ONE));
        byte[] encoded = Scalar.encoded(y.toBigInteger());
        if (x.testBitZero()) {
            encoded[LENGTH - 1] |= SIGN_BIT;
        }
        return encoded;
    }

    /**
     * Multiplies by a secret. The secret is split into two shares, each of them uniformly random by itself, because the
     * time that a multiplication takes depends on its scalar.
     */
    GroupElement timesSecret(BigInteger secret, SecureRandom random) {
        BigInteger share = Scalar.random(random);
        BigInteger other = secret.subtract(share).mod(Scalar.ORDER);
        return new GroupElement(point.multiply(share).add(point.multiply(other)));
    }

    /** Multiplies by a number that the peer knows as well. */
    GroupElement timesPublic(BigInteger factor) {
        return new GroupElement(point.multiply(factor));
    }

    /** Multiplies by a number that the peer knows as well, and adds another such product. */
    GroupElement timesPublic(BigInteger factor, GroupElement other, BigInteger otherFactor) {
        return new GroupElement(ECAlgorithms.sumOfTwoMultiplies(point, factor, other.point, otherFactor));
    }

    GroupElement plus(GroupElement other) {
        return new GroupElement(point.add(other.point));
    }

    GroupElement minus(GroupElement other) {
        return new GroupElement(point.subtract(other.point));
    }

    boolean isNeutral() {
        return point.isInfinity();
    }

    boolean isSameAs(GroupElement other) {
        return point.equals(other.point);
    }

    private static ECFieldElement field(BigInteger value) {
        return CURVE.fromBigInteger(value);
    }

    private static final byte SIGN_BIT = (byte) 0x80;

    private static final ECCurve CURVE = new Curve25519();
    private static final ECFieldElement ONE = field(BigInteger.ONE);

    // Curve25519 is v^2 = u^3 + 486662 u^2 + u; its Weierstrass form has u + 486662/3 in place of u.
    private static final ECFieldElement SHIFT =
            field(BigInteger.valueOf(486_662)).divide(field(BigInteger.valueOf(3)));

    // edwards25519 is -x^2 + y^2 = 1 + d x^2 y^2, with d = -121665/121666.
    private static final ECFieldElement D = field(BigInteger.valueOf(121_665))
            .divide(field(BigInteger.valueOf(121_666)))
            .negate();

    // The base points of RFC 7748: u = 9 and v there, x here.
    private static final ECFieldElement BASE_U = field(BigInteger.valueOf(9));
    private static final ECFieldElement BASE_V =
            field(new BigInteger("20ae19a1b8a086b4e01edd2c7748d14c923d4d7e6d7c61b229e9c5a27eced3d9", 16));
    private static final ECFieldElement BASE_X =
            field(new BigInteger("216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a", 16));

    // The map is x = SCALE u / v, where SCALE is that square root of -486664 which maps the base points to each other.
    private static final ECFieldElement SCALE = BASE_X.multiply(BASE_V).divide(BASE_U);

    static final GroupElement BASE =
            new GroupElement(CURVE.createPoint(BASE_U.add(SHIFT).toBigInteger(), BASE_V.toBigInteger()));
}

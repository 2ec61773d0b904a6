package dev.securesession.internal.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.Curve;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EcDomainTest {
    @ParameterizedTest
    @EnumSource
    void hasTheParametersThatThePlatformHas(Curve curve) throws Exception {
        EcDomain domain = EcDomain.of(curve);
        AlgorithmParameters platform = AlgorithmParameters.getInstance("EC");
        platform.init(new ECGenParameterSpec(domain.jcaName()));
        ECParameterSpec expected = platform.getParameterSpec(ECParameterSpec.class);

        ECParameterSpec actual = domain.parameters();
        assertThat(actual.getCurve().getField()).isEqualTo(expected.getCurve().getField());
        assertThat(actual.getCurve().getA()).isEqualTo(expected.getCurve().getA());
        assertThat(actual.getCurve().getB()).isEqualTo(expected.getCurve().getB());
        assertThat(actual.getGenerator()).isEqualTo(expected.getGenerator());
        assertThat(actual.getOrder()).isEqualTo(expected.getOrder());
        assertThat(actual.getCofactor()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void decodesEitherFormOfEitherSign(Curve curve) throws Exception {
        EcDomain domain = EcDomain.of(curve);
        ECPoint generator = domain.parameters().getGenerator();
        ECPoint negated = new ECPoint(generator.getAffineX(), prime(curve).subtract(generator.getAffineY()));

        for (ECPoint point : new ECPoint[] {generator, negated}) {
            assertThat(domain.decode(domain.compress(point))).isEqualTo(point);
            assertThat(domain.decode(domain.uncompressed(point))).isEqualTo(point);
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsLeadingZerosOfCoordinates(Curve curve) throws Exception {
        EcDomain domain = EcDomain.of(curve);
        BigInteger smallX = smallestX(curve, true);

        byte[] encoded = domain.compress(domain.pointsAt(smallX)[1]);

        assertThat(encoded).hasSize(1 + domain.fieldLength());
        assertThat(encoded[0]).isEqualTo((byte) 3);
        assertThat(encoded[encoded.length - 1]).isEqualTo(smallX.byteValue());
        assertThat(domain.decode(encoded).getAffineX()).isEqualTo(smallX);
    }

    @ParameterizedTest
    @EnumSource
    void refusesCompressedXThatIsNotBelowThePrime(Curve curve) throws Exception {
        for (BigInteger x : new BigInteger[] {prime(curve), prime(curve).add(smallestX(curve, true))}) {
            assertRefused(curve, encode(curve, 2, x), "not below the prime");
            assertRefused(curve, encode(curve, 3, x), "not below the prime");
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesUncompressedCoordinatesThatAreNotBelowThePrime(Curve curve) throws Exception {
        BigInteger x = smallestX(curve, true);
        ECPoint point = EcDomain.of(curve).pointsAt(x)[0];

        assertRefused(curve, encode(curve, 4, x.add(prime(curve)), point.getAffineY()), "not on");
        assertRefused(curve, encode(curve, 4, x, prime(curve)), "not on");
        assertThat(EcDomain.of(curve).decode(encode(curve, 4, x, point.getAffineY())))
                .isEqualTo(point);
    }

    @ParameterizedTest
    @EnumSource
    void refusesXThatNoPointHas(Curve curve) {
        assertRefused(curve, encode(curve, 2, smallestX(curve, false)), "on no point");
    }

    @ParameterizedTest
    @EnumSource
    void refusesPointsOffTheCurve(Curve curve) {
        ECPoint generator = EcDomain.of(curve).parameters().getGenerator();
        BigInteger x = generator.getAffineX();
        BigInteger y = generator.getAffineY();

        assertRefused(curve, encode(curve, 4, x, y.flipBit(0)), "not on");
        assertRefused(curve, encode(curve, 4, x.flipBit(7), y), "not on");
        assertRefused(curve, encode(curve, 4, BigInteger.ZERO, BigInteger.ZERO), "not on");
        assertRefused(curve, encode(curve, 4, y, x), "not on");
    }

    @ParameterizedTest
    @EnumSource
    void refusesInfinityInWhateverForm(Curve curve) {
        EcDomain domain = EcDomain.of(curve);
        assertRefused(curve, new byte[1], "a point of 1 bytes");
        assertRefused(curve, new byte[1 + domain.fieldLength()], "in form 00");
        assertRefused(curve, new byte[1 + 2 * domain.fieldLength()], "in form 00");
        assertThatExceptionOfType(InvalidPointException.class)
                .isThrownBy(() -> EcPublicKey.of(curve, ECPoint.POINT_INFINITY))
                .withMessageContaining("infinity");
    }

    @ParameterizedTest
    @EnumSource
    void refusesPointsThatAProviderGotWrong(Curve curve) {
        ECPoint generator = EcDomain.of(curve).parameters().getGenerator();
        BigInteger x = generator.getAffineX();
        BigInteger y = generator.getAffineY();
        for (ECPoint wrong : new ECPoint[] {
            new ECPoint(x.negate(), y),
            new ECPoint(x, y.negate()),
            new ECPoint(x.add(prime(curve)), y),
            new ECPoint(x, y.add(prime(curve))),
            new ECPoint(x, y.add(BigInteger.ONE))
        }) {
            assertThatExceptionOfType(InvalidPointException.class).isThrownBy(() -> EcPublicKey.of(curve, wrong));
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesEveryOtherFormAndLength(Curve curve) {
        EcDomain domain = EcDomain.of(curve);
        byte[] compressed = domain.compress(domain.parameters().getGenerator());
        byte[] uncompressed = domain.uncompressed(domain.parameters().getGenerator());
        for (int form = 0; form < 256; form++) {
            if (form != 2 && form != 3) {
                assertRefused(curve, withForm(compressed, form), "in form");
            }
            if (form != 4) {
                assertRefused(curve, withForm(uncompressed, form), "in form");
            }
        }
        for (int length = 0; length <= uncompressed.length + 1; length++) {
            if (length != compressed.length) {
                assertRefused(curve, withForm(Arrays.copyOf(compressed, length), 2), "a point of " + length);
            }
            if (length != uncompressed.length) {
                assertRefused(curve, withForm(Arrays.copyOf(uncompressed, length), 4), "a point of " + length);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void knowsWhichScalarsArePrivateKeys(Curve curve) {
        EcDomain domain = EcDomain.of(curve);
        assertThat(domain.isScalar(BigInteger.ONE)).isTrue();
        assertThat(domain.isScalar(domain.order().subtract(BigInteger.ONE))).isTrue();
        assertThat(domain.isScalar(BigInteger.ZERO)).isFalse();
        assertThat(domain.isScalar(BigInteger.ONE.negate())).isFalse();
        assertThat(domain.isScalar(domain.order())).isFalse();
        assertThat(domain.isScalar(domain.order().add(BigInteger.ONE))).isFalse();
    }

    @Test
    void seesThatNegatedPointsShareTheirX() throws Exception {
        ECPoint[] points = EcDomain.of(Curve.P256).pointsAt(smallestX(Curve.P256, true));
        EcPublicKey even = EcPublicKey.of(Curve.P256, points[0]);
        EcPublicKey odd = EcPublicKey.of(Curve.P256, points[1]);
        EcPublicKey other =
                EcPublicKey.of(Curve.P256, EcDomain.of(Curve.P256).parameters().getGenerator());
        EcPublicKey larger =
                EcPublicKey.of(Curve.P384, EcDomain.of(Curve.P384).parameters().getGenerator());

        assertThat(even.hasSameX(odd)).isTrue();
        assertThat(even).isNotEqualTo(odd);
        assertThat(even.hasSameX(other)).isFalse();
        assertThat(other.hasSameX(larger)).isFalse();
        assertThat(even).isEqualTo(EcPublicKey.decode(Curve.P256, even.uncompressed()));
        assertThat(even).hasSameHashCodeAs(EcPublicKey.decode(Curve.P256, even.compressed()));
        assertThat(even).isNotEqualTo("a point");
        assertThat(other).isNotEqualTo(larger);
    }

    @Test
    void writesNumbersInExactlyTheLengthAsked() {
        byte[] target = {9, 9, 9, 9, 9};
        EcDomain.writeUnsigned(BigInteger.valueOf(0x80FF), target, 1, 3);
        assertThat(target).containsExactly(9, 0, 0x80, 0xFF, 9);
    }

    private static void assertRefused(Curve curve, byte[] encoded, String message) {
        assertThatExceptionOfType(InvalidPointException.class)
                .isThrownBy(() -> EcPublicKey.decode(curve, encoded))
                .withMessageContaining(message);
    }

    private static byte[] withForm(byte[] encoded, int form) {
        byte[] changed = encoded.clone();
        if (changed.length > 0) {
            changed[0] = (byte) form;
        }
        return changed;
    }

    private static byte[] encode(Curve curve, int form, BigInteger... coordinates) {
        int length = EcDomain.of(curve).fieldLength();
        byte[] encoded = new byte[1 + coordinates.length * length];
        encoded[0] = (byte) form;
        for (int i = 0; i < coordinates.length; i++) {
            EcDomain.writeUnsigned(coordinates[i], encoded, 1 + i * length, length);
        }
        return encoded;
    }

    private static BigInteger prime(Curve curve) {
        return ((ECFieldFp) EcDomain.of(curve).parameters().getCurve().getField()).getP();
    }

    /** The smallest positive x that a point has, or that none has. */
    private static BigInteger smallestX(Curve curve, boolean onCurve) {
        for (BigInteger x = BigInteger.ONE; ; x = x.add(BigInteger.ONE)) {
            boolean found;
            try {
                EcDomain.of(curve).pointsAt(x);
                found = true;
            } catch (InvalidPointException e) {
                found = false;
            }
            if (found == onCurve) {
                return x;
            }
        }
    }
}

package dev.securesession.compat.comparator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.bouncycastle.math.ec.rfc8032.Ed25519;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GroupElementTest {
    /** y = 4/5, and an even x: RFC 8032, section 5.1. */
    private static final String BASE = "58" + "66".repeat(31);

    private final SecureRandom random = new SecureRandom();

    @Test
    void basePointHasTheEncodingOfTheStandard() throws Exception {
        byte[] encoded = HexFormat.of().parseHex(BASE);

        assertThat(GroupElement.BASE.encoded()).isEqualTo(encoded);
        assertThat(GroupElement.decode(encoded, 0).isSameAs(GroupElement.BASE)).isTrue();
    }

    /** Public keys of Ed25519 are multiples of the base point by the clamped hash of the private key. */
    @Test
    void multiplesOfTheBasePointAreThePublicKeysOfEd25519() throws Exception {
        long seed = Long.getLong("securesession.seed", System.nanoTime());
        System.out.println("GroupElementTest: -Dsecuresession.seed=" + seed);
        Random keys = new Random(seed);
        for (int i = 0; i < 100; i++) {
            byte[] privateKey = new byte[32];
            keys.nextBytes(privateKey);
            byte[] publicKey = new byte[32];
            Ed25519.generatePublicKey(privateKey, 0, publicKey, 0);

            byte[] scalar = Arrays.copyOf(MessageDigest.getInstance("SHA-512").digest(privateKey), 32);
            scalar[0] &= (byte) 0xF8;
            scalar[31] &= 0x7F;
            scalar[31] |= 0x40;
            BigInteger number = Scalar.number(scalar).mod(Scalar.ORDER);

            assertThat(GroupElement.BASE.timesSecret(number, random).encoded()).isEqualTo(publicKey);
            assertThat(GroupElement.BASE.timesPublic(number).encoded()).isEqualTo(publicKey);
            assertThat(GroupElement.decode(publicKey, 0).encoded()).isEqualTo(publicKey);
        }
    }

    @Test
    void specificationHasTheSecretAndItsMultipleOfTheBasePoint() throws Exception {
        byte[] scalar = MessageDigest.getInstance("SHA-256").digest("secret".getBytes(StandardCharsets.US_ASCII));
        scalar[0] &= (byte) 0xF8;
        scalar[31] &= 0x7F;
        scalar[31] |= 0x40;
        GroupElement multiple =
                GroupElement.BASE.timesPublic(Scalar.number(scalar).mod(Scalar.ORDER));

        assertThat(Files.readString(
                        Path.of(System.getProperty("project.basedir"), "..", "docs", "comparing-secrets.md")))
                .contains("`" + HexFormat.of().formatHex(scalar) + "`")
                .contains("`" + HexFormat.of().formatHex(multiple.encoded()) + "`");
    }

    @Test
    void sumsAndDifferencesFollowTheNumbers() {
        BigInteger a = Scalar.random(random);
        BigInteger b = Scalar.random(random);
        GroupElement ofA = GroupElement.BASE.timesPublic(a);
        GroupElement ofB = GroupElement.BASE.timesPublic(b);

        assertThat(ofA.plus(ofB).isSameAs(GroupElement.BASE.timesPublic(a.add(b))))
                .isTrue();
        assertThat(ofA.minus(ofB)
                        .isSameAs(GroupElement.BASE.timesPublic(a.subtract(b).mod(Scalar.ORDER))))
                .isTrue();
        assertThat(ofA.timesPublic(b, ofB, a)
                        .isSameAs(ofA.timesPublic(b.shiftLeft(1).mod(Scalar.ORDER))))
                .isTrue();
        assertThat(ofA.minus(ofA).isNeutral()).isTrue();
        assertThat(ofA.minus(ofA).encoded()).isEqualTo(Scalar.encoded(BigInteger.ONE));
        assertThat(ofA.isSameAs(ofB)).isFalse();
    }

    /** In this order: neutral; orders 2, 4 and 8; y not below p; y of no point; the base point plus the one of order 2. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0100000000000000000000000000000000000000000000000000000000000000",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0000000000000000000000000000000000000000000000000000000000000080",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "0200000000000000000000000000000000000000000000000000000000000000",
                "95999999999999999999999999999999999999999999999999999999999999" + "99",
            })
    void refusesWhatIsNotInThePrimeOrderSubgroup(String encoded) {
        assertThatExceptionOfType(ComparisonFailedException.class)
                .isThrownBy(() -> GroupElement.decode(HexFormat.of().parseHex(encoded), 0));
    }

    @Test
    void refusesNumbersThatAreNotReduced() throws Exception {
        assertThat(Scalar.decode(Scalar.encoded(Scalar.ORDER.subtract(BigInteger.ONE)), 0))
                .isEqualTo(Scalar.ORDER.subtract(BigInteger.ONE));
        assertThatExceptionOfType(ComparisonFailedException.class)
                .isThrownBy(() -> Scalar.decode(Scalar.encoded(Scalar.ORDER), 0));
    }
}

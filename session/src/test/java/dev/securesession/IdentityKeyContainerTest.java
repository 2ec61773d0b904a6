package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.TestKeys;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Identity keys in the containers of PROTOCOL.md, section 3. */
class IdentityKeyContainerTest {
    @ParameterizedTest
    @EnumSource
    void readsWhatItWrites(Curve curve) throws Exception {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);

        IdentityPrivateKey privateKey =
                IdentityPrivateKey.decode(pair.privateKey().encodeSecret());
        assertThat(privateKey.publicKey()).isEqualTo(pair.publicKey());
        assertThat(privateKey.curve()).isEqualTo(curve);
        assertThat(privateKey.encodeSecret()).isEqualTo(pair.privateKey().encodeSecret());

        IdentityPublicKey publicKey = IdentityPublicKey.decode(pair.publicKey().encode());
        assertThat(publicKey).isEqualTo(pair.publicKey()).hasSameHashCodeAs(pair.publicKey());
        assertThat(publicKey.curve()).isEqualTo(curve);
        assertThat(publicKey.encode()).isEqualTo(pair.publicKey().encode());
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "C-1", kind = ACCEPTS)
    void readsEitherFormOfPoint(Curve curve) throws Exception {
        IdentityPublicKey key = TestKeys.pair(curve, 1).publicKey();

        IdentityPublicKey uncompressed = IdentityPublicKey.decode(key.encodeUncompressed());

        assertThat(uncompressed).isEqualTo(key);
        assertThat(uncompressed.fingerprint()).isEqualTo(key.fingerprint());
        assertThat(uncompressed.encode()).isEqualTo(key.encode());
        assertThat(uncompressed.encodeUncompressed()).isEqualTo(key.encodeUncompressed());
    }

    @Test
    void writesTheSizesOfTheSpecification() {
        assertSizes(Curve.P256, 45, 77, "2");
        assertSizes(Curve.P384, 61, 109, "3");
        assertSizes(Curve.P521, 79, 145, "5");
    }

    @Test
    void readsThePairOfTheSpecification() throws Exception {
        byte[] publicKey =
                hex("554543320000002d6cd56ef803a4b1f72843ca0361e1811bd0b4a12d9ac4813a2c605db24551b8a471a869ae8d");
        byte[] privateKey =
                hex("524543320000002d57d9cdac00d280f9a3cec1712af953d048aa63d3b2d93bbc201429a6544a844ffcba68abc9");

        IdentityPrivateKey key = IdentityPrivateKey.decode(privateKey);

        assertThat(key.publicKey().encode()).isEqualTo(publicKey);
        assertThat(key.encodeSecret()).isEqualTo(privateKey);
    }

    @Test
    void hasTheFingerprintsOfTheSpecification() throws Exception {
        byte[] client =
                hex("554543320000002dd22deb6602d00602d6f825ed8e6c7abdcdc7cb9ba5d038a07eabfa879cf65503d38aeccb29");
        IdentityPublicKey key = IdentityPublicKey.decode(client);

        assertThat(key.fingerprintBytes())
                .isEqualTo(hex("452f72967ec3ec860626dfd2ee8b7c36b862c5f98bd3ffc64e9d57f096fdcbae"));
        assertThat(key.fingerprint())
                .startsWith("SHA256:RS9yln7D7IYGJt/S7ot8Nr")
                .hasSize(50);
        assertThat(key).hasToString("P256 " + key.fingerprint());
    }

    @ParameterizedTest
    @EnumSource
    void readsScalarsWithoutTheLeadingZero(Curve curve) throws Exception {
        IdentityPrivateKey key = TestKeys.pair(curve, 1).privateKey();
        byte[] secret = key.encodeSecret();
        byte[] unpadded = container(tag(secret), Arrays.copyOfRange(secret, 13, secret.length));

        assertThat(IdentityPrivateKey.decode(unpadded).publicKey()).isEqualTo(key.publicKey());
        assertThat(IdentityPrivateKey.decode(unpadded).encodeSecret()).isEqualTo(secret);
    }

    @ParameterizedTest
    @EnumSource
    void readsTheFirstAndTheLastScalar(Curve curve) throws Exception {
        EcDomain domain = EcDomain.of(curve);
        IdentityPrivateKey first = IdentityPrivateKey.decode(privateContainer(curve, BigInteger.ONE));
        IdentityPrivateKey last =
                IdentityPrivateKey.decode(privateContainer(curve, domain.order().subtract(BigInteger.ONE)));

        EcPublicKey generator = EcPublicKey.of(curve, domain.parameters().getGenerator());
        assertThat(first.publicKey()).isEqualTo(new IdentityPublicKey(generator));
        assertThat(last.publicKey()).isNotEqualTo(first.publicKey());
        assertThat(last.publicKey().key().hasSameX(generator)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void refusesScalarsOutsideTheirRange(Curve curve) {
        BigInteger order = EcDomain.of(curve).order();
        for (BigInteger scalar : new BigInteger[] {
            BigInteger.ZERO,
            order,
            order.add(BigInteger.ONE),
            BigInteger.ONE.shiftLeft(8 * EcDomain.of(curve).fieldLength()).subtract(BigInteger.ONE)
        }) {
            assertPrivateRefused(privateContainer(curve, scalar), Reason.INVALID, "zero or not below the order");
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesScalarsOfOtherLengths(Curve curve) throws Exception {
        byte[] secret = TestKeys.pair(curve, 1).privateKey().encodeSecret();
        byte[] scalar = Arrays.copyOfRange(secret, 13, secret.length);
        for (int length = 0; length < scalar.length + 4; length++) {
            byte[] payload = new byte[length];
            System.arraycopy(
                    scalar,
                    Math.max(0, scalar.length - length),
                    payload,
                    Math.max(0, length - scalar.length),
                    Math.min(scalar.length, length));
            if (length != scalar.length && length != scalar.length + 1) {
                assertPrivateRefused(container(tag(secret), payload), Reason.MALFORMED, length + " bytes");
            }
        }
        byte[] notZero = Arrays.copyOfRange(secret, 12, secret.length);
        notZero[0] = 1;
        assertPrivateRefused(container(tag(secret), notZero), Reason.MALFORMED, "with a zero in front");
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "C-1", kind = REFUSES)
    void refusesPointsThatAreNone(Curve curve) throws Exception {
        IdentityPublicKey key = TestKeys.pair(curve, 1).publicKey();
        byte[] compressed = key.key().compressed();
        byte[] uncompressed = key.key().uncompressed();
        String tag = tag(key.encode());
        for (int hybrid = 6; hybrid <= 7; hybrid++) {
            uncompressed[0] = (byte) hybrid;
            assertPublicRefused(container(tag, uncompressed), Reason.INVALID, "in form 0" + hybrid);
        }
        uncompressed[0] = 4;
        uncompressed[uncompressed.length - 1] ^= 1;
        assertPublicRefused(container(tag, uncompressed), Reason.INVALID, "not on");
        assertPublicRefused(container(tag), Reason.INVALID, "a point of 0 bytes");
        assertPublicRefused(container(tag, new byte[1]), Reason.INVALID, "a point of 1 bytes");
        byte[] tooLarge = compressed.clone();
        Arrays.fill(tooLarge, 1, tooLarge.length, (byte) 0xFF);
        assertPublicRefused(container(tag, tooLarge), Reason.INVALID, "not below the prime");
        assertPublicRefused(
                container(tag, Arrays.copyOf(compressed, compressed.length + 1)), Reason.INVALID, "a point of");
    }

    @Test
    void refusesAPointOfAnotherCurveThanTheTagSays() {
        for (Curve curve : Curve.values()) {
            for (Curve other : Curve.values()) {
                if (curve != other) {
                    byte[] point = TestKeys.pair(curve, 1).publicKey().key().compressed();
                    String tag = tag(TestKeys.pair(other, 1).publicKey().encode());
                    assertPublicRefused(container(tag, point), Reason.INVALID, "a point of " + point.length);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"URA1", "URA2", "URA4", "URA8", "RRA1", "RRA2", "RRA4", "RRA8"})
    @Rule(value = "C-6", kind = REFUSES)
    void saysThatItTakesNoRsaKeys(String tag) {
        byte[] key = container(tag, new byte[100]);
        assertPublicRefused(key, Reason.RSA, "RSA");
        assertPrivateRefused(key, Reason.RSA, "RSA");
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "C-6", kind = ACCEPTS)
    void takesEllipticCurveKeysInEveryCurve(Curve curve) throws Exception {
        byte[] key = TestKeys.pair(curve, 1).publicKey().encode();
        assertThat(IdentityPublicKey.decode(key).encode()).isEqualTo(key);
    }

    @Test
    void saysWhenItGetsTheOtherHalf() {
        IdentityKeyPair pair = TestKeys.pair(1);
        assertPublicRefused(
                pair.privateKey().encodeSecret(), Reason.WRONG_KIND, "a private key where a public one belongs");
        assertPrivateRefused(pair.publicKey().encode(), Reason.WRONG_KIND, "a public key where a private one belongs");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"UEC1", "UEC4", "UEC6", "uec2", "REC4", "XEC2", "TSPM", "TSID", "TSSC", "\0\u0001\u0002\u0003"})
    void refusesEveryOtherTag(String tag) {
        byte[] payload = TestKeys.pair(1).publicKey().key().compressed();
        boolean isPrivate = tag.startsWith("REC");
        if (!isPrivate) {
            assertPublicRefused(container(tag, payload), Reason.UNSUPPORTED, "UEC2");
        }
        if (!tag.startsWith("UEC")) {
            assertPrivateRefused(container(tag, payload), Reason.UNSUPPORTED, "REC2");
        }
    }

    @Test
    void showsNoUnprintableTag() {
        assertPublicRefused(container("\u0000\u001b[2"), Reason.UNSUPPORTED, "of unprintable bytes");
    }

    @Test
    @Rule(value = "P-1", kind = REFUSES)
    void refusesSizesThatDoNotFit() {
        byte[] key = TestKeys.pair(1).publicKey().encode();
        for (int size : new int[] {0, 11, 44, 46, 77, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF}) {
            byte[] changed = key.clone();
            ByteBuffer.wrap(changed).putInt(4, size);
            byte[] repaired = size == 44 ? Mutations.repaired(changed) : changed;
            assertThatExceptionOfType(KeyRejectedException.class)
                    .as("size %d", size)
                    .isThrownBy(() -> IdentityPublicKey.decode(repaired))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED));
        }
        for (int length = 0; length < key.length; length++) {
            assertPublicRefused(Arrays.copyOf(key, length), Reason.MALFORMED, "a key");
        }
    }

    @Test
    void refusesBytesBehindTheKey() {
        IdentityKeyPair pair = TestKeys.pair(1);
        byte[] publicKey = pair.publicKey().encode();
        byte[] privateKey = pair.privateKey().encodeSecret();
        for (int more = 1; more <= 3; more++) {
            assertPublicRefused(
                    Arrays.copyOf(publicKey, publicKey.length + more), Reason.MALFORMED, more + " bytes after the end");
            assertPrivateRefused(
                    Arrays.copyOf(privateKey, privateKey.length + more),
                    Reason.MALFORMED,
                    more + " bytes after the end");
        }
    }

    @Test
    void refusesAWrongChecksum() {
        byte[] key = TestKeys.pair(1).publicKey().encode();
        for (int bit = 0; bit < 32; bit++) {
            byte[] damaged = key.clone();
            damaged[8 + bit / 8] ^= (byte) (1 << bit % 8);
            assertPublicRefused(damaged, Reason.MALFORMED, "checksum");
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesEveryDamage(Curve curve) {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);
        for (Mutations.Mutation mutation : Mutations.of(pair.publicKey().encode())) {
            assertThatExceptionOfType(KeyRejectedException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> IdentityPublicKey.decode(mutation.bytes()));
        }
        for (Mutations.Mutation mutation : Mutations.of(pair.privateKey().encodeSecret())) {
            assertThatExceptionOfType(KeyRejectedException.class)
                    .as(mutation.name())
                    .isThrownBy(() -> IdentityPrivateKey.decode(mutation.bytes()));
        }
    }

    @Test
    void yieldsAnotherValidKeyOrNoneWhenTheChecksumIsMadeToFit() {
        IdentityPublicKey original = TestKeys.pair(1).publicKey();
        int others = 0;
        for (byte[] encoded : new byte[][] {original.encode(), original.encodeUncompressed()}) {
            for (Mutations.Mutation mutation : Mutations.of(encoded)) {
                byte[] fitted = Mutations.refitted(mutation.bytes());
                if (Arrays.equals(fitted, encoded)) {
                    continue;
                }
                try {
                    IdentityPublicKey other = IdentityPublicKey.decode(fitted);
                    assertThat(other).as(mutation.name()).isNotEqualTo(original);
                    assertThat(IdentityPublicKey.decode(other.encodeUncompressed()))
                            .isEqualTo(other);
                    others++;
                } catch (KeyRejectedException e) {
                    assertThat(e.getMessage()).as(mutation.name()).isNotBlank();
                }
            }
        }
        // About half of all x coordinates are on the curve.
        assertThat(others).isPositive();
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void showsNothingOfAPrivateKey() throws Exception {
        IdentityPrivateKey key = TestKeys.pair(1).privateKey();
        byte[] secret = key.encodeSecret();
        String digits = HexFormat.of().formatHex(secret, 13, secret.length);

        assertThat(key.toString()).isEqualTo("private key of " + key.publicKey());
        for (Mutations.Mutation mutation : Mutations.of(secret)) {
            try {
                IdentityPrivateKey.decode(Mutations.refitted(mutation.bytes()));
            } catch (KeyRejectedException e) {
                for (Throwable t = e; t != null; t = t.getCause()) {
                    assertShowsNoPart(digits, String.valueOf(t.getMessage()));
                }
            }
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void destroysThePrivateKeyAndNotWhatWasMadeOfIt() throws Exception {
        IdentityPrivateKey key =
                IdentityPrivateKey.decode(TestKeys.pair(1).privateKey().encodeSecret());
        assertThat(key.isDestroyed()).isFalse();
        LocalIdentity identity = LocalIdentity.of(PeerId.ofUtf8("a"), key);

        key.destroy();
        key.destroy();

        assertThat(key.isDestroyed()).isTrue();
        assertThatIllegalStateException().isThrownBy(key::encodeSecret).withMessageContaining("destroyed");
        assertThatIllegalStateException().isThrownBy(key::encodeSecretPkcs8);
        assertThatIllegalStateException().isThrownBy(key::encodeSecretPem);
        assertThatIllegalStateException().isThrownBy(() -> SessionConfig.askingForKeys(identity));
        assertThat(key.publicKey()).isEqualTo(TestKeys.pair(1).publicKey());
        assertThat(key.curve()).isEqualTo(Curve.P256);
    }

    private static void assertSizes(Curve curve, int length, int uncompressedLength, String digit) {
        IdentityKeyPair pair = TestKeys.pair(curve, 1);
        assertThat(pair.publicKey().encode()).hasSize(length).startsWith(ascii("UEC" + digit));
        assertThat(pair.publicKey().encodeUncompressed())
                .hasSize(uncompressedLength)
                .startsWith(ascii("UEC" + digit));
        byte[] secret = pair.privateKey().encodeSecret();
        assertThat(secret).hasSize(length).startsWith(ascii("REC" + digit));
        assertThat(secret[12]).isZero();
    }

    static void assertShowsNoPart(String secretDigits, String message) {
        String lower = message.toLowerCase(java.util.Locale.ROOT);
        for (int at = 0; at + 12 <= secretDigits.length(); at++) {
            assertThat(lower).doesNotContain(secretDigits.substring(at, at + 12));
        }
    }

    private static void assertPublicRefused(byte[] encoded, Reason reason, String message) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPublicKey.decode(encoded))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static void assertPrivateRefused(byte[] encoded, Reason reason, String message) {
        assertThatExceptionOfType(KeyRejectedException.class)
                .isThrownBy(() -> IdentityPrivateKey.decode(encoded))
                .withMessageContaining(message)
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static byte[] privateContainer(Curve curve, BigInteger scalar) {
        byte[] payload = new byte[1 + EcDomain.of(curve).fieldLength()];
        EcDomain.writeUnsigned(scalar, payload, 1, payload.length - 1);
        return container(tag(TestKeys.pair(curve, 1).privateKey().encodeSecret()), payload);
    }

    /** Writes a container by the letter of PROTOCOL.md, section 2. */
    private static byte[] container(String tag, byte... payload) {
        byte[] whole = ByteBuffer.allocate(12 + payload.length)
                .put(ascii(tag))
                .putInt(12 + payload.length)
                .putInt(0)
                .put(payload)
                .array();
        CRC32C crc = new CRC32C();
        crc.update(whole);
        ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).putInt(8, (int) crc.getValue());
        return whole;
    }

    private static String tag(byte[] container) {
        return new String(container, 0, 4, US_ASCII);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(US_ASCII);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}

package dev.securesession.internal.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Curve;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERSequence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The encodings of PROTOCOL.md P-6. */
class StrictDerTest {
    private static final BigInteger ONE = BigInteger.ONE;

    @ParameterizedTest
    @EnumSource
    void acceptsTheWholeRange(Curve curve) throws Exception {
        BigInteger order = EcDomain.of(curve).order();
        BigInteger last = order.subtract(ONE);
        BigInteger highBit = ONE.shiftLeft(8 * EcDomain.of(curve).fieldLength() - 9);
        for (BigInteger r : new BigInteger[] {ONE, BigInteger.valueOf(0x80), highBit, last}) {
            for (BigInteger s : new BigInteger[] {
                ONE, order.shiftRight(1), order.shiftRight(1).add(ONE), last
            }) {
                assertThat(StrictDer.isSignature(der(r, s), order))
                        .as("%x, %x", r, s)
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"P256, 72", "P384, 104", "P521, 139"})
    void acceptsTheLongestSignature(Curve curve, int length) throws Exception {
        BigInteger last = EcDomain.of(curve).order().subtract(ONE);
        byte[] longest = der(last, last);
        assertThat(longest).hasSize(length);
        assertThat(StrictDer.isSignature(longest, EcDomain.of(curve).order())).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void refusesNumbersOutsideTheRange(Curve curve) throws Exception {
        BigInteger order = EcDomain.of(curve).order();
        for (BigInteger wrong : new BigInteger[] {
            BigInteger.ZERO, ONE.negate(), order, order.add(ONE), order.negate(), ONE.shiftLeft(800)
        }) {
            assertThat(StrictDer.isSignature(der(wrong, ONE), order))
                    .as("r = %x", wrong)
                    .isFalse();
            assertThat(StrictDer.isSignature(der(ONE, wrong), order))
                    .as("s = %x", wrong)
                    .isFalse();
        }
    }

    /** Each row is near the signature 3006 020101 020102. */
    @ParameterizedTest
    @CsvSource({
        "accepted, 3006 020101 020102",
        "accepted, 3007 02020080 020102",
        "empty, ''",
        "only a tag, 30",
        "no content, 3000",
        "set instead of sequence, 3106 020101 020102",
        "primitive sequence, 1006 020101 020102",
        "octets instead of r, 3006 040101 020102",
        "octets instead of s, 3006 020101 040102",
        "long form of a short length, 308106 020101 020102",
        "longer form of a short length, 30820006 020101 020102",
        "indefinite length, 3080 020101 020102 0000",
        "reserved length, 30ff 020101 020102",
        "long form of the length of r, 3007 02810101 020102",
        "long form of the length of s, 3007 020101 02810102",
        "padded r, 3007 02020001 020102",
        "padded s, 3007 020101 02020002",
        "padded negative r, 3007 0202ff80 020102",
        "negative r, 3006 020180 020102",
        "negative s, 3006 020101 0201ff",
        "zero r, 3006 020100 020102",
        "zero s, 3006 020101 020100",
        "r of no bytes, 3005 0200 020102",
        "s of no bytes, 3005 020101 0200",
        "sequence too long, 3007 020101 020102",
        "sequence too short, 3005 020101 020102",
        "bytes behind, 3006 020101 020102 00",
        "a third number, 3009 020101 020102 020103",
        "null within, 3008 020101 020102 0500",
        "one number, 3003 020101",
        "r longer than all, 3006 027f01 020102",
        "s longer than all, 3006 020101 020202",
        "r swallows s, 3006 020401020102",
    })
    void decidesByTheLetter(String what, String hex) {
        byte[] encoded = HexFormat.of().parseHex(hex.replace(" ", ""));
        for (Curve curve : Curve.values()) {
            assertThat(StrictDer.isSignature(encoded, EcDomain.of(curve).order()))
                    .as("%s on %s", what, curve)
                    .isEqualTo(what.equals("accepted"));
        }
    }

    @Test
    void refusesLongFormsThatDoNotSuitTheirLength() throws Exception {
        BigInteger order = EcDomain.of(Curve.P521).order();
        byte[] signature = der(order.subtract(ONE), order.subtract(ONE));
        assertThat(signature[1]).isEqualTo((byte) 0x81);

        byte[] twoBytes = HexFormat.of()
                .parseHex("308200" + HexFormat.of().formatHex(signature).substring(4));
        byte[] shortForm = signature.clone();
        shortForm[1] = signature[2];

        assertThat(StrictDer.isSignature(twoBytes, order)).isFalse();
        assertThat(StrictDer.isSignature(shortForm, order)).isFalse();
        assertThat(StrictDer.isSignature(Arrays.copyOf(signature, 2), order)).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void refusesRawNumbersAndEveryTruncation(Curve curve) throws Exception {
        EcDomain domain = EcDomain.of(curve);
        byte[] signature = der(domain.order().subtract(ONE), domain.order().shiftRight(1));
        for (int length = 0; length < signature.length; length++) {
            assertThat(StrictDer.isSignature(Arrays.copyOf(signature, length), domain.order()))
                    .isFalse();
        }
        byte[] raw = new byte[2 * domain.fieldLength()];
        Arrays.fill(raw, (byte) 1);
        assertThat(StrictDer.isSignature(raw, domain.order())).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void agreesWithAnotherParserAboutRandomDamage(Curve curve) throws Exception {
        long seed = new Random().nextLong();
        System.out.println("StrictDerTest on " + curve + ": seed " + seed);
        Random random = new Random(seed);
        BigInteger order = EcDomain.of(curve).order();
        int accepted = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] encoded = der(below(order, random), below(order, random));
            int changes = random.nextInt(3);
            for (int change = 0; change < changes; change++) {
                // The first bytes hold the structure; the rest are just numbers.
                int at = random.nextInt(random.nextBoolean() ? Math.min(6, encoded.length) : encoded.length);
                encoded[at] = (byte) random.nextInt(256);
            }
            if (random.nextInt(10) == 0) {
                encoded = Arrays.copyOf(encoded, encoded.length + random.nextInt(3) - 1);
            }
            boolean expected = isCanonical(encoded, order);
            assertThat(StrictDer.isSignature(encoded, order))
                    .as("seed %d: %s", seed, HexFormat.of().formatHex(encoded))
                    .isEqualTo(expected);
            accepted += expected ? 1 : 0;
        }
        assertThat(accepted).isBetween(1_000, 19_000);
    }

    private static BigInteger below(BigInteger order, Random random) {
        BigInteger number = new BigInteger(order.bitLength() - 1, random).shiftRight(8 * random.nextInt(3));
        return number.signum() == 0 ? ONE : number;
    }

    /** Whether it is a sequence of two numbers in range and encodes to the same bytes again. */
    private static boolean isCanonical(byte[] encoded, BigInteger order) {
        try {
            if (!(ASN1Primitive.fromByteArray(encoded) instanceof ASN1Sequence sequence)
                    || sequence.size() != 2
                    || !(sequence.getObjectAt(0) instanceof ASN1Integer r)
                    || !(sequence.getObjectAt(1) instanceof ASN1Integer s)) {
                return false;
            }
            return inRange(r.getValue(), order)
                    && inRange(s.getValue(), order)
                    && Arrays.equals(encoded, der(r.getValue(), s.getValue()));
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            return false;
        }
    }

    private static boolean inRange(BigInteger number, BigInteger order) {
        return number.signum() > 0 && number.compareTo(order) < 0;
    }

    static byte[] der(BigInteger r, BigInteger s) throws IOException {
        return new DERSequence(new ASN1Integer[] {new ASN1Integer(r), new ASN1Integer(s)}).getEncoded(ASN1Encoding.DER);
    }
}

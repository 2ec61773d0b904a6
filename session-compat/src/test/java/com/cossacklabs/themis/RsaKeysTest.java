package com.cossacklabs.themis;

import static com.cossacklabs.themis.Peers.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.InvalidKeyException;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateCrtKey;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RSA keys in containers: docs/signed-and-sealed-messages.md. */
class RsaKeysTest {
    private static final Keypair PAIR = KeypairGenerator.generateKeypair(AsymmetricKey.KEYTYPE_RSA);

    @Test
    void generatedPairsBelongTogether() throws Exception {
        byte[] secret = PAIR.getPrivateKey().toByteArray();
        byte[] open = PAIR.getPublicKey().toByteArray();

        assertThat(secret).hasSize(1168).startsWith(bytes("RRA2"));
        assertThat(open).hasSize(272).startsWith(bytes("URA2"));
        RSAPrivateCrtKey key = RsaKeys.readPrivate(secret);
        assertThat(key.getModulus().bitLength()).isEqualTo(2048);
        assertThat(key.getPublicExponent()).isEqualTo(65_537);
        assertThat(RsaKeys.readPublic(open).getModulus()).isEqualTo(key.getModulus());
        assertThat(KeypairGenerator.generateKeypair(AsymmetricKey.KEYTYPE_RSA)
                        .getPublicKey()
                        .toByteArray())
                .isNotEqualTo(open);
    }

    /** Lengths that are not generated, but that others have. */
    @ParameterizedTest
    @CsvSource({"1, 1024", "4, 4096"})
    void readsOtherLengths(int digit, int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        RSAPrivateCrtKey key = (RSAPrivateCrtKey) generator.generateKeyPair().getPrivate();
        PrivateKey privateKey = new PrivateKey(container("RRA" + digit, bits / 8, fields(key)));
        PublicKey publicKey = new PublicKey(
                container("URA" + digit, bits / 8, new BigInteger[] {key.getModulus(), key.getPublicExponent()}));
        byte[] message = bytes("hello");

        assertThat(new SecureMessage(publicKey).verify(new SecureMessage(privateKey).sign(message)))
                .isEqualTo(message);
        SecureMessage both = new SecureMessage(privateKey, publicKey);
        assertThat(both.unwrap(both.wrap(message))).isEqualTo(message);
    }

    @Test
    void refusesPartsThatDoNotFitTogether() throws Exception {
        RSAPrivateCrtKey key = RsaKeys.readPrivate(PAIR.getPrivateKey().toByteArray());
        for (int part = 0; part < 8; part++) {
            for (BigInteger wrong : new BigInteger[] {
                BigInteger.ZERO, BigInteger.ONE, fields(key)[part].add(BigInteger.TWO), fields(key)[part].flipBit(5)
            }) {
                BigInteger[] fields = fields(key);
                fields[part] = wrong;
                assertThatExceptionOfType(InvalidKeyException.class)
                        .as("part %d", part)
                        .isThrownBy(() -> RsaKeys.readPrivate(container("RRA2", 256, fields)));
            }
        }
        BigInteger[] swapped = fields(key);
        swapped[1] = key.getModulus().shiftRight(1024);
        assertThatExceptionOfType(InvalidKeyException.class)
                .isThrownBy(() -> RsaKeys.readPrivate(container("RRA2", 256, swapped)));
    }

    /** The private exponent is right for one prime and wrong for the other. */
    @Test
    void refusesAnExponentThatFitsOnePrimeOnly() throws Exception {
        RSAPrivateCrtKey key = RsaKeys.readPrivate(PAIR.getPrivateKey().toByteArray());
        for (int prime : new int[] {1, 2}) {
            BigInteger[] fields = fields(key);
            fields[0] = fields[0].add(fields[3 - prime].subtract(BigInteger.ONE));
            fields[2 + prime] = fields[0].mod(fields[prime].subtract(BigInteger.ONE));
            assertThatExceptionOfType(InvalidKeyException.class)
                    .as("prime %d", prime)
                    .isThrownBy(() -> RsaKeys.readPrivate(container("RRA2", 256, fields)));
        }
    }

    @ParameterizedTest
    @CsvSource({"2047, 65537", "2048, 1", "2048, 65536", "2048, 0"})
    void refusesPublicKeysOfAnotherSizeOrEven(int bits, long exponent) {
        BigInteger n = BigInteger.ONE.shiftLeft(bits - 1).add(BigInteger.ONE);
        assertThatExceptionOfType(InvalidKeyException.class)
                .isThrownBy(() ->
                        RsaKeys.readPublic(container("URA2", 256, new BigInteger[] {n, BigInteger.valueOf(exponent)})))
                .withMessageContaining("modulus of 2048 bits");
    }

    @Test
    void refusesAnEvenModulus() {
        BigInteger n = BigInteger.ONE.shiftLeft(2047);
        assertThatExceptionOfType(InvalidKeyException.class)
                .isThrownBy(() ->
                        RsaKeys.readPublic(container("URA2", 256, new BigInteger[] {n, BigInteger.valueOf(3)})));
    }

    @Test
    void refusesOtherTags() throws Exception {
        byte[] open = PAIR.getPublicKey().toByteArray();
        for (char digit : new char[] {'0', '1', '3', '4', '8', '9', 'A', 0}) {
            byte[] changed = open.clone();
            changed[3] = (byte) digit;
            assertThatExceptionOfType(InvalidKeyException.class).isThrownBy(() -> RsaKeys.readPublic(changed));
        }
        assertThatExceptionOfType(InvalidKeyException.class).isThrownBy(() -> RsaKeys.readPublic(bytes("URA")));
    }

    @Test
    void sessionsRefuseThemByName() {
        assertThatExceptionOfType(RuntimeException.class)
                .isThrownBy(() -> new SecureSession("me", PAIR.getPrivateKey(), null))
                .withStackTraceContaining("an RSA key");
    }

    private static BigInteger[] fields(RSAPrivateCrtKey key) {
        return new BigInteger[] {
            key.getPrivateExponent(),
            key.getPrimeP(),
            key.getPrimeQ(),
            key.getPrimeExponentP(),
            key.getPrimeExponentQ(),
            key.getCrtCoefficient(),
            key.getModulus(),
            key.getPublicExponent()
        };
    }

    /** Writes parts at the lengths that they have in keys. */
    private static byte[] container(String tag, int modulusLength, BigInteger[] fields) {
        int half = modulusLength / 2;
        int[] lengths = fields.length == 2
                ? new int[] {modulusLength, 4}
                : new int[] {modulusLength, half, half, half, half, half, modulusLength, 4};
        return container(tag, fields, lengths);
    }

    private static byte[] container(String tag, BigInteger[] fields, int[] lengths) {
        int length = 12;
        for (int part : lengths) {
            length += part;
        }
        ByteBuffer container =
                ByteBuffer.allocate(length).put(bytes(tag)).putInt(length).putInt(0);
        for (int i = 0; i < fields.length; i++) {
            byte[] number = fields[i].toByteArray();
            byte[] padded = new byte[lengths[i]];
            int count = Math.min(number.length, padded.length);
            System.arraycopy(number, number.length - count, padded, padded.length - count, count);
            container.put(padded);
        }
        CRC32C crc = new CRC32C();
        crc.update(container.array());
        return container.putInt(8, Integer.reverseBytes((int) crc.getValue())).array();
    }
}

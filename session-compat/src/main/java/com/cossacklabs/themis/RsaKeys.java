package com.cossacklabs.themis;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.RSAKeyGenParameterSpec;
import java.security.spec.RSAPrivateCrtKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import org.jspecify.annotations.NullMarked;

/**
 * RSA keys in containers. Every integer is big-endian, padded with zeros in front.
 *
 * <pre>{@code
 * offset 0   tag 4 (URAx, RRAx) | size 4 | crc 4, LITTLE-endian: CRC-32C with this field zero
 * offset 12  public:  n (m) | e (4)                         m is the length of the modulus: 128 bytes times x
 *            private: d (m) | p | q | d mod (p - 1) | d mod (q - 1) | 1/q mod p (each m/2) | n (m) | e (4)
 * }</pre>
 */
@NullMarked
final class RsaKeys {
    private static final String PUBLIC = "URA";
    private static final String PRIVATE = "RRA";
    private static final int HEADER_LENGTH = 12;
    private static final int SIZE_OFFSET = 4;
    private static final int CRC_OFFSET = 8;
    private static final int EXPONENT_LENGTH = 4;
    private static final int GENERATED_BITS = 2048;
    private static final int BYTES_PER_DIGIT = 128;

    private RsaKeys() {}

    static boolean isPublic(byte[] encoded) {
        return startsWith(encoded, PUBLIC);
    }

    static boolean isPrivate(byte[] encoded) {
        return startsWith(encoded, PRIVATE);
    }

    static RSAPublicKey readPublic(byte[] encoded) throws GeneralSecurityException {
        int modulusLength = modulusLength(encoded);
        ByteBuffer fields = payload(encoded, modulusLength + EXPONENT_LENGTH);
        BigInteger n = next(fields, modulusLength);
        BigInteger e = next(fields, EXPONENT_LENGTH);
        requirePublic(n, e, modulusLength);
        return (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(n, e));
    }

    /** All parts must fit together: a wrong one could reveal the key by what is signed with it. */
    static RSAPrivateCrtKey readPrivate(byte[] encoded) throws GeneralSecurityException {
        int modulusLength = modulusLength(encoded);
        int half = modulusLength / 2;
        ByteBuffer fields = payload(encoded, 2 * modulusLength + 5 * half + EXPONENT_LENGTH);
        BigInteger d = next(fields, modulusLength);
        BigInteger p = next(fields, half);
        BigInteger q = next(fields, half);
        BigInteger dp = next(fields, half);
        BigInteger dq = next(fields, half);
        BigInteger qInverse = next(fields, half);
        BigInteger n = next(fields, modulusLength);
        BigInteger e = next(fields, EXPONENT_LENGTH);
        requirePublic(n, e, modulusLength);
        BigInteger pLessOne = p.subtract(BigInteger.ONE);
        BigInteger qLessOne = q.subtract(BigInteger.ONE);
        // n is longer than either of them, so a right product means that both are greater than 1.
        if (!p.multiply(q).equals(n)
                || !d.mod(pLessOne).equals(dp)
                || !d.mod(qLessOne).equals(dq)
                || !isInverse(e, dp, pLessOne)
                || !isInverse(e, dq, qLessOne)
                || !isInverse(q, qInverse, p)) {
            throw new InvalidKeyException("an RSA private key whose parts do not fit together");
        }
        return (RSAPrivateCrtKey) KeyFactory.getInstance("RSA")
                .generatePrivate(new RSAPrivateCrtKeySpec(n, e, d, p, q, dp, dq, qInverse));
    }

    static Keypair generate() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(new RSAKeyGenParameterSpec(GENERATED_BITS, RSAKeyGenParameterSpec.F4));
        KeyPair pair = generator.generateKeyPair();
        byte[] secret = write((RSAPrivateCrtKey) pair.getPrivate());
        try {
            return new Keypair(new PrivateKey(secret), new PublicKey(write((RSAPublicKey) pair.getPublic())));
        } finally {
            Arrays.fill(secret, (byte) 0);
        }
    }

    static int modulusLength(BigInteger modulus) {
        return (modulus.bitLength() + Byte.SIZE - 1) / Byte.SIZE;
    }

    private static byte[] write(RSAPublicKey key) {
        int modulusLength = modulusLength(key.getModulus());
        ByteBuffer container = container(PUBLIC, modulusLength, modulusLength + EXPONENT_LENGTH);
        put(container, key.getModulus(), modulusLength);
        put(container, key.getPublicExponent(), EXPONENT_LENGTH);
        return finished(container);
    }

    private static byte[] write(RSAPrivateCrtKey key) {
        int modulusLength = modulusLength(key.getModulus());
        int half = modulusLength / 2;
        ByteBuffer container = container(PRIVATE, modulusLength, 2 * modulusLength + 5 * half + EXPONENT_LENGTH);
        put(container, key.getPrivateExponent(), modulusLength);
        put(container, key.getPrimeP(), half);
        put(container, key.getPrimeQ(), half);
        put(container, key.getPrimeExponentP(), half);
        put(container, key.getPrimeExponentQ(), half);
        put(container, key.getCrtCoefficient(), half);
        put(container, key.getModulus(), modulusLength);
        put(container, key.getPublicExponent(), EXPONENT_LENGTH);
        return finished(container);
    }

    private static ByteBuffer container(String family, int modulusLength, int payloadLength) {
        ByteBuffer container = ByteBuffer.allocate(HEADER_LENGTH + payloadLength);
        container.put((family + modulusLength / BYTES_PER_DIGIT).getBytes(StandardCharsets.US_ASCII));
        container.putInt(container.capacity());
        container.putInt(0);
        return container;
    }

    @SuppressWarnings("ByteBufferBackingArray") // Allocated above; a copy would be one more secret to wipe.
    private static byte[] finished(ByteBuffer container) {
        byte[] whole = container.array();
        container.putInt(CRC_OFFSET, Integer.reverseBytes(checksum(whole)));
        return whole;
    }

    private static int modulusLength(byte[] encoded) throws InvalidKeyException {
        int digit = encoded.length > 3 ? encoded[3] : 0;
        if (digit != '1' && digit != '2' && digit != '4' && digit != '8') {
            throw new InvalidKeyException("an RSA key whose tag does not end with 1, 2, 4 or 8");
        }
        return (digit - '0') * BYTES_PER_DIGIT;
    }

    /** Returns what follows the header, after length and checksum were found right. */
    private static ByteBuffer payload(byte[] encoded, int length) throws InvalidKeyException {
        ByteBuffer container = ByteBuffer.wrap(encoded);
        if (encoded.length != HEADER_LENGTH + length || container.getInt(SIZE_OFFSET) != encoded.length) {
            throw new InvalidKeyException("an RSA key of " + encoded.length + " bytes; its tag requires "
                    + (HEADER_LENGTH + length) + " bytes, also in the size field");
        }
        if (container.getInt(CRC_OFFSET) != Integer.reverseBytes(checksum(encoded))) {
            throw new InvalidKeyException("an RSA key with a wrong checksum: it was damaged");
        }
        return ByteBuffer.wrap(encoded, HEADER_LENGTH, length);
    }

    private static void requirePublic(BigInteger n, BigInteger e, int modulusLength) throws InvalidKeyException {
        if (n.bitLength() != modulusLength * Byte.SIZE || !n.testBit(0) || !e.testBit(0) || e.bitLength() < 2) {
            throw new InvalidKeyException("an RSA key that does not have a modulus of " + modulusLength * Byte.SIZE
                    + " bits and an exponent of 3 or more, both odd");
        }
    }

    private static boolean isInverse(BigInteger a, BigInteger b, BigInteger modulus) {
        return a.multiply(b).mod(modulus).equals(BigInteger.ONE);
    }

    private static BigInteger next(ByteBuffer fields, int length) {
        byte[] magnitude = new byte[length];
        fields.get(magnitude);
        BigInteger value = new BigInteger(1, magnitude);
        Arrays.fill(magnitude, (byte) 0);
        return value;
    }

    private static void put(ByteBuffer container, BigInteger value, int length) {
        byte[] signed = value.toByteArray();
        int sign = signed.length > length ? 1 : 0;
        int count = signed.length - sign;
        container.put(new byte[length - count]).put(signed, sign, count);
        Arrays.fill(signed, (byte) 0);
    }

    /** CRC-32C of the container with its own field zero, one bit after the other: keys are short. */
    private static int checksum(byte[] container) {
        int crc = -1;
        for (int i = 0; i < container.length; i++) {
            boolean isOwnField = i >= CRC_OFFSET && i < CRC_OFFSET + Integer.BYTES;
            crc ^= isOwnField ? 0 : container[i] & 0xFF;
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : CASTAGNOLI);
            }
        }
        return ~crc;
    }

    private static boolean startsWith(byte[] encoded, String family) {
        byte[] expected = family.getBytes(StandardCharsets.US_ASCII);
        return encoded.length >= expected.length && Arrays.equals(Arrays.copyOf(encoded, expected.length), expected);
    }

    private static final int CASTAGNOLI = 0x82F6_3B78;
}

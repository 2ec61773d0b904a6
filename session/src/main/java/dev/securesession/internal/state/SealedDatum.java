package dev.securesession.internal.state;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AesGcm;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Sealed data (PROTOCOL.md, section 11.1). Every integer is LITTLE-endian.
 *
 * <pre>{@code
 * algorithm 4 | nonce length 4 (12) | tag length 4 (16) | data length 4
 *   | with a passphrase only: kdf length 4 (22)
 *   | nonce 12 | tag 16
 *   | with a passphrase only: iterations 4, salt length 2 (16), salt 16
 *   | data
 * }</pre>
 */
public final class SealedDatum {
    public static final int SALT_LENGTH = 16;

    private static final long WITH_KEY = 0x4001_0100L;
    private static final long WITH_PASSPHRASE = 0x4101_0100L;
    private static final int KDF_LENGTH = 4 + 2 + SALT_LENGTH;

    private final byte[] nonce;
    private final byte[] tag;
    private final byte[] ciphertext;
    private final @Nullable Stretching stretching;

    /**
     * @param stretching how the passphrase becomes a key, or null where there is a key
     */
    public SealedDatum(byte[] nonce, byte[] tag, byte[] ciphertext, @Nullable Stretching stretching) {
        this.nonce = nonce;
        this.tag = tag;
        this.ciphertext = ciphertext;
        this.stretching = stretching;
    }

    public static SealedDatum parse(byte[] sealed) throws MalformedException {
        ByteReader reader = new ByteReader(sealed);
        long algorithm = reader.uint32LittleEndian("the algorithm of sealed data");
        if (algorithm != WITH_KEY && algorithm != WITH_PASSPHRASE) {
            throw new MalformedException(String.format(
                    "sealed data with algorithm %08x; it is %08x with a key, %08x with a passphrase",
                    algorithm, WITH_KEY, WITH_PASSPHRASE));
        }
        require(reader.uint32LittleEndian("the nonce length"), AesGcm.NONCE_LENGTH, "a nonce");
        require(reader.uint32LittleEndian("the tag length"), AesGcm.TAG_LENGTH, "a tag");
        long dataLength = reader.uint32LittleEndian("the data length");
        if (algorithm == WITH_PASSPHRASE) {
            require(reader.uint32LittleEndian("the length of the key derivation"), KDF_LENGTH, "a key derivation");
        }
        byte[] nonce = reader.take(AesGcm.NONCE_LENGTH, "the nonce of sealed data");
        byte[] tag = reader.take(AesGcm.TAG_LENGTH, "the tag of sealed data");
        Stretching stretching = algorithm == WITH_PASSPHRASE ? Stretching.read(reader) : null;
        if (dataLength < 1 || dataLength != reader.remaining()) {
            throw new MalformedException("sealed data that states " + dataLength + " bytes where " + reader.remaining()
                    + " follow; it must be 1 or more, and all of them");
        }
        return new SealedDatum(nonce, tag, reader.rest(), stretching);
    }

    public byte[] write() {
        int length = ciphertext.length;
        byte[] lengths = Bytes.concat(
                Bytes.int32LittleEndian((int) (stretching == null ? WITH_KEY : WITH_PASSPHRASE)),
                Bytes.int32LittleEndian(AesGcm.NONCE_LENGTH),
                Bytes.int32LittleEndian(AesGcm.TAG_LENGTH),
                Bytes.int32LittleEndian(length));
        if (stretching == null) {
            return Bytes.concat(lengths, nonce, tag, ciphertext);
        }
        byte[] kdfLength = Bytes.int32LittleEndian(KDF_LENGTH);
        return Bytes.concat(lengths, kdfLength, nonce, tag, stretching.write(), ciphertext);
    }

    public byte[] nonce() {
        return nonce;
    }

    public byte[] tag() {
        return tag;
    }

    public byte[] ciphertext() {
        return ciphertext;
    }

    public @Nullable Stretching stretching() {
        return stretching;
    }

    private static void require(long length, int expected, String what) throws MalformedException {
        if (length != expected) {
            throw new MalformedException("sealed data with " + what + " of " + length + " bytes; it is " + expected);
        }
    }

    /** How a passphrase becomes a key: PBKDF2 with this salt, this often. */
    public static final class Stretching {
        private final long iterations;
        private final byte[] salt;

        public Stretching(long iterations, byte[] salt) {
            this.iterations = iterations;
            this.salt = salt;
        }

        static Stretching read(ByteReader reader) throws MalformedException {
            long iterations = reader.uint32LittleEndian("the iterations of sealed data");
            byte[] saltLength = reader.take(2, "the salt length");
            require(((saltLength[1] & 0xFF) << 8) | (saltLength[0] & 0xFF), SALT_LENGTH, "a salt");
            if (iterations < 1) {
                throw new MalformedException("sealed data with 0 iterations; there must be 1 or more");
            }
            return new Stretching(iterations, reader.take(SALT_LENGTH, "the salt of sealed data"));
        }

        byte[] write() {
            byte[] saltLength = {SALT_LENGTH, 0};
            return Bytes.concat(Bytes.int32LittleEndian((int) iterations), saltLength, salt);
        }

        public long iterations() {
            return iterations;
        }

        public byte[] salt() {
            return Arrays.copyOf(salt, salt.length);
        }
    }
}

package dev.securesession.internal.state;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AesGcm;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A saved session or handshake, sealed (PROTOCOL.md S-1).
 *
 * <pre>{@code
 * offset 0   format       4 bytes of ASCII: "SSS" and the version, 1
 * offset 4   kind         1 byte: 'S' for a session, 'N' for a handshake
 * offset 5   salt         16 random bytes
 * offset 21  nonce        12 random bytes
 * offset 33  ciphertext of the state, and the tag of 16 bytes
 * }</pre>
 *
 * <p>AES-256-GCM under KDF(key, "Secure Session saved state", [salt], 32); associated data: everything up to the
 * ciphertext, the owner preceded by its 32-bit length, the generation as 8 bytes.
 */
public final class SealedState {
    public static final int SALT_LENGTH = 16;

    private static final String FORMAT = "SSS1";
    private static final int FORMAT_LENGTH = 4;

    private final char kind;
    private final byte[] salt;
    private final byte[] nonce;
    private final byte[] ciphertext;

    private SealedState(char kind, byte[] salt, byte[] nonce, byte[] ciphertext) {
        this.kind = kind;
        this.salt = salt;
        this.nonce = nonce;
        this.ciphertext = ciphertext;
    }

    public static SealedState parse(byte[] state) throws MalformedException {
        ByteReader reader = new ByteReader(state);
        byte[] format = reader.take(FORMAT_LENGTH, "the format of a saved state");
        if (!Arrays.equals(format, FORMAT.getBytes(StandardCharsets.US_ASCII))) {
            throw new MalformedException("a saved state that does not begin with " + FORMAT);
        }
        char kind = (char) reader.uint8("the kind of a saved state");
        byte[] salt = reader.take(SALT_LENGTH, "the salt of a saved state");
        byte[] nonce = reader.take(AesGcm.NONCE_LENGTH, "the nonce of a saved state");
        byte[] ciphertext = reader.rest();
        if (ciphertext.length < AesGcm.TAG_LENGTH) {
            throw new MalformedException("a saved state with " + ciphertext.length + " sealed bytes; the tag alone has "
                    + AesGcm.TAG_LENGTH);
        }
        return new SealedState(kind, salt, nonce, ciphertext);
    }

    public static byte[] write(char kind, byte[] salt, byte[] nonce, byte[] ciphertext) {
        return Bytes.concat(header(kind, salt, nonce), ciphertext);
    }

    public static byte[] associated(char kind, byte[] salt, byte[] nonce, byte[] owner, long generation) {
        return Bytes.concat(header(kind, salt, nonce), Bytes.lengthPrefixed(owner), Bytes.int64(generation));
    }

    private static byte[] header(char kind, byte[] salt, byte[] nonce) {
        return Bytes.concat(FORMAT.getBytes(StandardCharsets.US_ASCII), new byte[] {(byte) kind}, salt, nonce);
    }

    public char kind() {
        return kind;
    }

    public byte[] salt() {
        return salt;
    }

    public byte[] nonce() {
        return nonce;
    }

    public byte[] ciphertext() {
        return ciphertext;
    }
}

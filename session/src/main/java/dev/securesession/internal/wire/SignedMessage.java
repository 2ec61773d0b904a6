package dev.securesession.internal.wire;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A message with its signature, outside any session (docs/signed-and-sealed-messages.md). Every integer is LITTLE-endian.
 *
 * <pre>{@code
 * type 4 | message length 4 | signature length 4 | message | signature | trailing bytes, which are ignored
 * }</pre>
 */
public final class SignedMessage {
    public static final int HEADER_LENGTH = 12;

    private static final long ECDSA = 0x2604_2620L;
    private static final long RSA = 0x2604_2610L;
    private static final byte[] EPHEMERAL_KEY_TAG = "UEC2".getBytes(StandardCharsets.US_ASCII);
    private static final int SIZE_OFFSET = 4;
    private static final int CONTAINER_HEADER_LENGTH = 12;

    private final byte[] message;
    private final byte[] signature;

    public SignedMessage(byte[] message, byte[] signature) {
        this.message = message;
        this.signature = signature;
    }

    public static SignedMessage parse(byte[] signed) throws MalformedException {
        ByteReader reader = new ByteReader(signed);
        long type = reader.uint32LittleEndian("the type of a signed message");
        if (type != ECDSA) {
            throw new MalformedException(String.format("a signed message of type %08x; it is %08x", type, ECDSA));
        }
        long messageLength = reader.uint32LittleEndian("the message length");
        long signatureLength = reader.uint32LittleEndian("the signature length");
        if (messageLength < 1 || signatureLength < 1 || messageLength + signatureLength > reader.remaining()) {
            throw new MalformedException("a signed message that states a message of " + messageLength
                    + " bytes and a signature of " + signatureLength + " where " + reader.remaining()
                    + " bytes follow; each must be 1 or more, and both must fit");
        }
        byte[] message = reader.take((int) messageLength, "the message");
        return new SignedMessage(message, reader.take((int) signatureLength, "the signature"));
    }

    /** Tells whether bytes begin with the type of a message that is signed with RSA. */
    public static boolean isRsa(byte[] signed) {
        return signed.length >= Integer.BYTES && Bytes.uint32LittleEndian(signed, 0) == RSA;
    }

    /**
     * Tells whether a handshake could sign this: it signs ephemeral keys, so that every input begins with a container of
     * the tag {@code UEC2} (PROTOCOL.md, section 5 and C-7). What is inside the container does not matter, because peers
     * differ in when they look at it.
     */
    public static boolean couldBeHandshakeInput(byte[] message) {
        if (message.length < CONTAINER_HEADER_LENGTH
                || !Arrays.equals(Arrays.copyOf(message, EPHEMERAL_KEY_TAG.length), EPHEMERAL_KEY_TAG)) {
            return false;
        }
        long size = Bytes.uint32(message, SIZE_OFFSET);
        return size >= CONTAINER_HEADER_LENGTH && size <= message.length;
    }

    public byte[] write() {
        return Bytes.concat(
                Bytes.int32LittleEndian((int) ECDSA),
                Bytes.int32LittleEndian(message.length),
                Bytes.int32LittleEndian(signature.length),
                message,
                signature);
    }

    public byte[] message() {
        return message;
    }

    public byte[] signature() {
        return signature;
    }
}

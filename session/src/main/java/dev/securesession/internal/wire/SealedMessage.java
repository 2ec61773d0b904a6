package dev.securesession.internal.wire;

import dev.securesession.internal.codec.ByteReader;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;

/**
 * A message that was sealed for one peer, outside any session (docs/signed-and-sealed-messages.md). Every integer is
 * LITTLE-endian.
 *
 * <pre>{@code
 * type 4 | total length 4, header included | sealed data, as in section 11.1 with a key
 * }</pre>
 */
public final class SealedMessage {
    public static final int HEADER_LENGTH = 8;

    private static final long ECDH = 0x2604_2720L;
    private static final long RSA = 0x2604_2710L;

    private SealedMessage() {}

    /** Returns the sealed data in a message. */
    public static byte[] parse(byte[] message) throws MalformedException {
        ByteReader reader = new ByteReader(message);
        long type = reader.uint32LittleEndian("the type of a sealed message");
        if (type != ECDH) {
            throw new MalformedException(String.format("a sealed message of type %08x; it is %08x", type, ECDH));
        }
        long length = reader.uint32LittleEndian("the total length");
        if (length != message.length) {
            throw new MalformedException("a sealed message of " + message.length + " bytes that states " + length);
        }
        return reader.rest();
    }

    /** Tells whether bytes begin with the type of a message that is sealed with RSA. */
    public static boolean isRsa(byte[] message) {
        return message.length >= Integer.BYTES && Bytes.uint32LittleEndian(message, 0) == RSA;
    }

    public static byte[] write(byte[] sealedData) {
        return Bytes.concat(
                Bytes.int32LittleEndian((int) ECDH),
                Bytes.int32LittleEndian(HEADER_LENGTH + sealedData.length),
                sealedData);
    }
}

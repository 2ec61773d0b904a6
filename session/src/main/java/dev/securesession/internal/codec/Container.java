package dev.securesession.internal.codec;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The envelope of keys, ids, handshake messages and saved states (PROTOCOL.md, section 2).
 *
 * <pre>{@code
 * offset 0   tag      4 bytes of ASCII
 * offset 4   size     4 bytes, header included
 * offset 8   crc      4 bytes, LITTLE-endian: CRC-32C of the container with this field zero
 * offset 12  payload
 * }</pre>
 */
public final class Container {
    public static final int HEADER_LENGTH = 12;

    private static final int SIZE_OFFSET = 4;
    private static final int CRC_OFFSET = 8;

    private final String tag;
    private final byte[] whole;

    private Container(String tag, byte[] whole) {
        this.tag = tag;
        this.whole = whole;
    }

    /**
     * Reads one container, which must fit into the rest of the reader (PROTOCOL.md P-1). Checks the size before the
     * checksum.
     */
    public static Container read(ByteReader reader, String what) throws MalformedException {
        if (reader.remaining() < HEADER_LENGTH) {
            throw new MalformedException(
                    what + " of " + reader.remaining() + " bytes; the shortest container is " + HEADER_LENGTH);
        }
        long size = Bytes.uint32(reader.peek(HEADER_LENGTH, what), SIZE_OFFSET);
        if (size < HEADER_LENGTH || size > reader.remaining()) {
            throw new MalformedException(what + " states a size of " + size + " bytes where " + HEADER_LENGTH + " to "
                    + reader.remaining() + " are possible");
        }
        byte[] whole = reader.take((int) size, what);
        long stated = Bytes.uint32LittleEndian(whole, CRC_OFFSET);
        if (stated != Integer.toUnsignedLong(checksum(whole))) {
            throw new MalformedException(what + " has a wrong checksum: it was damaged, or is something else");
        }
        return new Container(new String(whole, 0, SIZE_OFFSET, StandardCharsets.ISO_8859_1), whole);
    }

    /** Reads one container that must have this tag. */
    public static Container read(ByteReader reader, String tag, String what) throws MalformedException {
        Container container = read(reader, what);
        if (!container.tag.equals(tag)) {
            throw new MalformedException(what + " has the tag " + container.describeTag() + " instead of " + tag);
        }
        return container;
    }

    public static byte[] write(String tag, byte[]... payload) {
        byte[][] parts = new byte[1 + payload.length][];
        parts[0] = new byte[HEADER_LENGTH];
        System.arraycopy(payload, 0, parts, 1, payload.length);
        byte[] whole = Bytes.concat(parts);
        byte[] tagBytes = tag.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(tagBytes, 0, whole, 0, SIZE_OFFSET);
        Bytes.putInt32(whole, SIZE_OFFSET, whole.length);
        Bytes.putInt32(whole, CRC_OFFSET, Integer.reverseBytes(checksum(whole)));
        return whole;
    }

    public String tag() {
        return tag;
    }

    /** Returns the tag for an error message, or a note that it is unprintable. */
    public String describeTag() {
        return tag.chars().allMatch(c -> c >= ' ' && c <= '~') ? tag : "of unprintable bytes";
    }

    /** Returns the container as it was read, header included. */
    public byte[] whole() {
        return whole.clone();
    }

    public byte[] payload() {
        return Arrays.copyOfRange(whole, HEADER_LENGTH, whole.length);
    }

    /** Wipes a container that held a secret. */
    public void wipe() {
        Arrays.fill(whole, (byte) 0);
    }

    public ByteReader payloadReader() {
        return new ByteReader(payload());
    }

    private static int checksum(byte[] whole) {
        return Crc32c.withZeroField(whole, CRC_OFFSET, 4);
    }
}

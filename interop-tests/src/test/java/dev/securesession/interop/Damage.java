package dev.securesession.interop;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;

/** Random bytes and changed copies of bytes. */
final class Damage {
    private static final int CRC_OFFSET = 8;

    private Damage() {}

    /** Returns a copy with the lowest bit of one byte changed. */
    static byte[] flipped(byte[] bytes, int index) {
        byte[] copy = bytes.clone();
        copy[index] ^= 1;
        return copy;
    }

    /** Returns a container with another 32-bit big-endian number at an offset and a correct checksum. */
    static byte[] withNumber(byte[] container, int offset, int number) {
        byte[] copy = container.clone();
        ByteBuffer.wrap(copy).putInt(offset, number);
        return withChecksum(copy, 0, copy.length);
    }

    static int number(byte[] bytes, int offset) {
        return ByteBuffer.wrap(bytes).getInt(offset);
    }

    /** Returns a copy in which the container at an offset has a correct checksum (PROTOCOL.md, section 2). */
    static byte[] withChecksum(byte[] bytes, int offset, int length) {
        byte[] copy = bytes.clone();
        Arrays.fill(copy, offset + CRC_OFFSET, offset + CRC_OFFSET + 4, (byte) 0);
        CRC32C crc = new CRC32C();
        crc.update(copy, offset, length);
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putInt(offset + CRC_OFFSET, (int) crc.getValue());
        return copy;
    }

    static byte[] withChecksum(byte[] container) {
        return withChecksum(container, 0, container.length);
    }

    static byte[] withZeros(byte[] bytes, int count) {
        return Arrays.copyOf(bytes, bytes.length + count);
    }

    static byte[] random(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}

package dev.securesession.internal.codec;

import java.util.ArrayList;
import java.util.List;

/** Integers in arrays, and arrays in sequence. */
public final class Bytes {
    private Bytes() {}

    public static long uint32(byte[] source, int at) {
        return ((source[at] & 0xFFL) << 24)
                | ((source[at + 1] & 0xFF) << 16)
                | ((source[at + 2] & 0xFF) << 8)
                | (source[at + 3] & 0xFF);
    }

    public static long int64(byte[] source, int at) {
        return uint32(source, at) << 32 | uint32(source, at + 4);
    }

    public static long uint32LittleEndian(byte[] source, int at) {
        return Integer.toUnsignedLong(Integer.reverseBytes((int) uint32(source, at)));
    }

    public static void putInt32(byte[] target, int at, int value) {
        target[at] = (byte) (value >> 24);
        target[at + 1] = (byte) (value >> 16);
        target[at + 2] = (byte) (value >> 8);
        target[at + 3] = (byte) value;
    }

    public static void putInt64(byte[] target, int at, long value) {
        putInt32(target, at, (int) (value >> 32));
        putInt32(target, at + 4, (int) value);
    }

    public static byte[] int32(int value) {
        byte[] bytes = new byte[4];
        putInt32(bytes, 0, value);
        return bytes;
    }

    public static byte[] int32LittleEndian(int value) {
        return int32(Integer.reverseBytes(value));
    }

    public static byte[] concat(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length = Math.addExact(length, part.length);
        }
        byte[] whole = new byte[length];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, whole, at, part.length);
            at += part.length;
        }
        return whole;
    }

    public static byte[] int64(long value) {
        byte[] bytes = new byte[8];
        putInt64(bytes, 0, value);
        return bytes;
    }

    /** Puts fields in sequence, each preceded by its 32-bit length. */
    public static byte[] lengthPrefixed(byte[]... fields) {
        List<byte[]> parts = new ArrayList<>();
        addLengthPrefixed(parts, fields);
        return concat(parts.toArray(new byte[0][]));
    }

    /** Adds fields, each preceded by its 32-bit length, to the parts of a later {@link #concat}. Copies nothing. */
    public static void addLengthPrefixed(List<byte[]> parts, byte[]... fields) {
        for (byte[] field : fields) {
            parts.add(int32(field.length));
            parts.add(field);
        }
    }
}

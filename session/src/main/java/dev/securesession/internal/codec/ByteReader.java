package dev.securesession.internal.codec;

import java.util.Arrays;

/** Reads fields from an array and never outside it; integers are big-endian unless the name says otherwise. */
public final class ByteReader {
    private final byte[] bytes;
    private int position;

    public ByteReader(byte[] bytes) {
        this.bytes = bytes;
    }

    public int remaining() {
        return bytes.length - position;
    }

    public byte[] take(int length, String what) throws MalformedException {
        byte[] taken = peek(length, what);
        position += length;
        return taken;
    }

    public byte[] peek(int length, String what) throws MalformedException {
        require(length, what);
        return Arrays.copyOfRange(bytes, position, position + length);
    }

    public byte[] rest() {
        byte[] taken = Arrays.copyOfRange(bytes, position, bytes.length);
        position = bytes.length;
        return taken;
    }

    public int uint8(String what) throws MalformedException {
        require(1, what);
        return bytes[position++] & 0xFF;
    }

    public long uint32(String what) throws MalformedException {
        require(4, what);
        long value = Bytes.uint32(bytes, position);
        position += 4;
        return value;
    }

    public long uint32LittleEndian(String what) throws MalformedException {
        return Integer.toUnsignedLong(Integer.reverseBytes((int) uint32(what)));
    }

    public long int64(String what) throws MalformedException {
        return uint32(what) << 32 | uint32(what);
    }

    /** Reads a field that is preceded by its 32-bit length. */
    public byte[] lengthPrefixed(String what) throws MalformedException {
        long length = uint32(what);
        if (length > remaining()) {
            throw new MalformedException(what + " of " + length + " bytes where " + remaining() + " are left");
        }
        return take((int) length, what);
    }

    public void requireEnd(String what) throws MalformedException {
        if (remaining() > 0) {
            throw new MalformedException(remaining() + " bytes after the end of " + what);
        }
    }

    private void require(int length, String what) throws MalformedException {
        if (length > remaining()) {
            throw new MalformedException(what + " needs " + length + " bytes where " + remaining() + " are left");
        }
    }
}

package dev.securesession.transport;

import java.nio.ByteBuffer;

/**
 * The length of the message in front of it.
 *
 * <pre>{@code
 * offset 0   length   4 bytes, big-endian, these 4 not counted
 * offset 4   message
 * }</pre>
 */
enum LengthPrefix implements Framing {
    INSTANCE;

    private static final int HEADER_LENGTH = 4;

    @Override
    public int headerLength() {
        return HEADER_LENGTH;
    }

    @Override
    public int maxMessageLength() {
        return Integer.MAX_VALUE - 64;
    }

    @Override
    public void writeHeader(int messageLength, byte[] target) {
        ByteBuffer.wrap(target).putInt(messageLength);
    }

    @Override
    public long readHeader(byte[] header) {
        return Integer.toUnsignedLong(ByteBuffer.wrap(header).getInt());
    }
}

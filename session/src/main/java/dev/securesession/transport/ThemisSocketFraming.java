package dev.securesession.transport;

import java.net.ProtocolException;
import java.nio.ByteBuffer;

/**
 * What the secure sockets of the Java library over JNI put in front of a message (PROTOCOL.md, section 10.1).
 *
 * <pre>{@code
 * offset 0   FF FF
 * offset 2   length   2 bytes, big-endian, these 4 not counted
 * offset 4   message
 * }</pre>
 */
enum ThemisSocketFraming implements Framing {
    INSTANCE;

    private static final int HEADER_LENGTH = 4;
    private static final int MAX_LENGTH = 0xFFFF;
    private static final short MARK = (short) 0xFFFF;

    @Override
    public int headerLength() {
        return HEADER_LENGTH;
    }

    @Override
    public int maxMessageLength() {
        return MAX_LENGTH;
    }

    @Override
    public void writeHeader(int messageLength, byte[] target) {
        ByteBuffer.wrap(target).putShort(MARK).putShort((short) messageLength);
    }

    @Override
    public long readHeader(byte[] header) throws ProtocolException {
        ByteBuffer fields = ByteBuffer.wrap(header);
        if (fields.getShort() != MARK) {
            throw new ProtocolException("a message that does not begin with FF FF: the peer uses another framing");
        }
        return Short.toUnsignedInt(fields.getShort());
    }
}

package dev.securesession.http;

import java.net.ProtocolException;
import java.nio.ByteBuffer;

/**
 * The body of a request, or of a response, in which a message follows the last handshake message of its sender (PROTOCOL.md
 * HT-8).
 *
 * <pre>
 * offset  0        2                     2 + n
 *         +--------+---------------------+-----------------+
 *         | n      | handshake message   | wrapped message |
 *         +--------+---------------------+-----------------+
 * length    2, BE    n, 1 or more          1 or more
 * </pre>
 */
final class FirstBody {
    private static final int MAX_HANDSHAKE_LENGTH = 0xFFFF;

    final byte[] handshakeMessage;
    final byte[] message;

    private FirstBody(byte[] handshakeMessage, byte[] message) {
        this.handshakeMessage = handshakeMessage;
        this.message = message;
    }

    static int length(int handshakeLength, int messageLength) {
        return Short.BYTES + handshakeLength + messageLength;
    }

    static byte[] join(byte[] handshakeMessage, byte[] message) {
        if (handshakeMessage.length > MAX_HANDSHAKE_LENGTH) {
            throw new AssertionError("a handshake message of " + handshakeMessage.length + " bytes");
        }
        return ByteBuffer.allocate(length(handshakeMessage.length, message.length))
                .putShort((short) handshakeMessage.length)
                .put(handshakeMessage)
                .put(message)
                .array();
    }

    static FirstBody split(byte[] body) throws ProtocolException {
        ByteBuffer rest = ByteBuffer.wrap(body);
        int length = body.length < Short.BYTES ? 0 : rest.getShort() & 0xFFFF;
        if (length == 0 || length >= rest.remaining()) {
            throw new ProtocolException(
                    "a body of " + body.length + " bytes; it must have a handshake message and another message");
        }
        byte[] handshakeMessage = new byte[length];
        byte[] message = new byte[rest.remaining() - length];
        rest.get(handshakeMessage).get(message);
        return new FirstBody(handshakeMessage, message);
    }
}

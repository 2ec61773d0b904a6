package dev.securesession;

import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.wire.DataMessage;

/** Wraps payloads into new arrays, for sessions and for early data. */
final class Wrapping {
    private static final int MAX_PAYLOAD_LENGTH = Integer.MAX_VALUE - 64 - DataMessage.OVERHEAD;

    private Wrapping() {}

    static byte[] wrap(MessageSealer sealer, byte[] payload) {
        byte[] message = new byte[messageLength(payload.length)];
        sealer.seal(payload, 0, payload.length, message, 0);
        return message;
    }

    static NumberedMessage wrapNumbered(MessageSealer sealer, byte[] payload) {
        byte[] message = new byte[messageLength(payload.length)];
        long number = sealer.seal(payload, 0, payload.length, message, 0);
        return new NumberedMessage(number, message);
    }

    /** Returns the length of the message that a payload becomes, and refuses payloads that cannot be wrapped. */
    static int messageLength(int payloadLength) {
        if (payloadLength < 1 || payloadLength > MAX_PAYLOAD_LENGTH) {
            throw new IllegalArgumentException(
                    "a payload of " + payloadLength + " bytes; it must be 1 to " + MAX_PAYLOAD_LENGTH);
        }
        return payloadLength + DataMessage.OVERHEAD;
    }
}

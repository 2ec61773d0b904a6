package dev.securesession.transport;

import dev.securesession.internal.base.VisibleText;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A frame of the stream layer, which is the payload of one message: writing and reading of its layout.
 *
 * <pre>
 * offset  0      1
 *         +------+------------------------+
 *         | 01   | data                   |   DATA: 1 byte or more
 *         +------+------------------------+
 *         | 02   |                            END
 *         +------+----------+-------------+
 *         | 03   | code, BE | reason      |   ABORT: code of 2 bytes, reason of 0 to 255 bytes of UTF-8
 *         +------+----------+-------------+
 *         | 04   |                            KEEP-ALIVE
 *         +------+
 *         | 05   |                            ACK
 *         +------+
 * </pre>
 *
 * <p>PROTOCOL.md ST-1.
 */
final class StreamFrame {
    static final byte DATA = 1;
    static final byte END = 2;
    static final byte ABORT = 3;
    static final byte KEEP_ALIVE = 4;
    static final byte ACK = 5;

    static final int HEADER_LENGTH = 1;

    /** Of the data in one frame: long enough that the cost of a message does not matter, short enough for CPU caches. */
    static final int MAX_CHUNK_LENGTH = 32 * 1024;

    static final int MAX_CODE = 0xFFFF;
    static final int MAX_REASON_LENGTH = 255;

    private static final int REASON_OFFSET = HEADER_LENGTH + 2;
    private static final int MAX_ABORT_LENGTH = REASON_OFFSET + MAX_REASON_LENGTH;

    private StreamFrame() {}

    static byte[] end() {
        return new byte[] {END};
    }

    static byte[] keepAlive() {
        return new byte[] {KEEP_ALIVE};
    }

    static byte[] acknowledgement() {
        return new byte[] {ACK};
    }

    /** Refuses connections over which a stream could not be aborted. */
    static void requireRoom(int maxPayloadLength) {
        if (maxPayloadLength < MAX_ABORT_LENGTH) {
            throw new IllegalArgumentException("payloads of at most " + maxPayloadLength + " bytes; a stream needs "
                    + MAX_ABORT_LENGTH + " or more: raise the message limit");
        }
    }

    static void requireApplicationCode(int code) {
        if (code < StreamAbortedException.FIRST_APPLICATION_CODE || code > MAX_CODE) {
            throw new IllegalArgumentException("an abort code of " + code + "; it must be "
                    + StreamAbortedException.FIRST_APPLICATION_CODE + " to " + MAX_CODE);
        }
    }

    /** A reason that is too long is cut between two characters. */
    static byte[] abort(int code, String reason) {
        byte[] text = VisibleText.utf8(reason, MAX_REASON_LENGTH);
        byte[] frame = new byte[REASON_OFFSET + text.length];
        frame[0] = ABORT;
        frame[1] = (byte) (code >> 8);
        frame[2] = (byte) code;
        System.arraycopy(text, 0, frame, REASON_OFFSET, text.length);
        return frame;
    }

    /**
     * Returns the type of a frame whose length fits its type.
     *
     * @throws ProtocolException if there is no such type, or the length does not fit
     */
    static byte readType(ByteBuffer frame) throws ProtocolException {
        int length = frame.remaining();
        if (length == 0) {
            throw new ProtocolException("an empty stream frame; it must have a type");
        }
        byte type = frame.get(frame.position());
        boolean fits = switch (type) {
            case DATA -> length > HEADER_LENGTH;
            case END, KEEP_ALIVE, ACK -> length == HEADER_LENGTH;
            case ABORT -> length >= REASON_OFFSET && length <= REASON_OFFSET + MAX_REASON_LENGTH;
            default ->
                throw new ProtocolException("a stream frame of unknown type " + (type & 0xFF)
                        + "; the peer does not use the stream layer, or a newer one");
        };
        if (!fits) {
            throw new ProtocolException("a stream frame of type " + type + " and " + length + " bytes");
        }
        return type;
    }

    /** Reads an ABORT frame. Invisible characters and bytes that are no UTF-8 are replaced: the text goes to logs. */
    static StreamAbortedException readAbort(ByteBuffer frame) {
        byte[] bytes = new byte[frame.remaining()];
        frame.duplicate().get(bytes);
        int code = ((bytes[1] & 0xFF) << 8) | (bytes[2] & 0xFF);
        String text = new String(Arrays.copyOfRange(bytes, REASON_OFFSET, bytes.length), StandardCharsets.UTF_8);
        return StreamAbortedException.byPeer(code, VisibleText.of(text));
    }
}

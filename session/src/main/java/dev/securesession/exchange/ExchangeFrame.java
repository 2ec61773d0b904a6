package dev.securesession.exchange;

import dev.securesession.SecureSession;
import dev.securesession.exchange.ExchangeException.Reason;
import dev.securesession.internal.base.VisibleText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A frame of the exchange layer, which is the payload of one message: writing and reading of its layout.
 *
 * <pre>
 * offset  0      1
 *         +------+------------------------------+
 *         | 01   | body                         |   REQUEST: body of 0 bytes or more
 *         +------+------------+-----------------+
 *         | 02   | number, BE | body            |   ANSWER: number of 8 bytes, body of 0 bytes or more
 *         +------+------------+------+----------+
 *         | 03   | number, BE | code | reason   |   FAILURE: code of 2 bytes, BE; reason of 0 to 255 bytes of UTF-8
 *         +------+------------+------+----------+
 * offset  0      1            9      11
 * </pre>
 *
 * <p>PROTOCOL.md EX-1.
 */
final class ExchangeFrame {
    static final byte REQUEST = 1;
    static final byte ANSWER = 2;
    static final byte FAILURE = 3;

    static final int REQUEST_BODY_OFFSET = 1;
    static final int ANSWER_BODY_OFFSET = 9;
    static final int MAX_CODE = 0xFFFF;

    private static final int REASON_OFFSET = 11;
    private static final int MAX_REASON_LENGTH = 255;

    private ExchangeFrame() {}

    static byte[] request(byte[] body) {
        return ByteBuffer.allocate(length(REQUEST_BODY_OFFSET, body))
                .put(REQUEST)
                .put(body)
                .array();
    }

    static byte[] answer(long number, byte[] body) {
        return ByteBuffer.allocate(length(ANSWER_BODY_OFFSET, body))
                .put(ANSWER)
                .putLong(number)
                .put(body)
                .array();
    }

    /** A reason that is too long is cut between two characters. */
    static byte[] failure(long number, int code, String reason) {
        requireCode(code);
        byte[] text = VisibleText.utf8(reason, MAX_REASON_LENGTH);
        return ByteBuffer.allocate(REASON_OFFSET + text.length)
                .put(FAILURE)
                .putLong(number)
                .putShort((short) code)
                .put(text)
                .array();
    }

    /**
     * Reads a frame.
     *
     * @param number the number of the message that carried it
     * @param owner the exchange to which a request belongs, null if to none
     * @throws ExchangeException if there is no such type, or the length does not fit it
     */
    static Received read(byte[] frame, long number, @Nullable Exchange owner) throws ExchangeException {
        if (frame.length == 0) {
            throw malformed("an empty frame; it must have a type");
        }
        return switch (frame[0]) {
            case REQUEST -> new Request(owner, number, Arrays.copyOfRange(frame, REQUEST_BODY_OFFSET, frame.length));
            case ANSWER -> {
                requireLength(frame, ANSWER_BODY_OFFSET, Integer.MAX_VALUE);
                yield new Answer(numberIn(frame), Arrays.copyOfRange(frame, ANSWER_BODY_OFFSET, frame.length));
            }
            case FAILURE -> {
                requireLength(frame, REASON_OFFSET, REASON_OFFSET + MAX_REASON_LENGTH);
                int code = ByteBuffer.wrap(frame).getShort(ANSWER_BODY_OFFSET) & MAX_CODE;
                String reason = new String(frame, REASON_OFFSET, frame.length - REASON_OFFSET, StandardCharsets.UTF_8);
                // The text goes to logs.
                yield new Failure(numberIn(frame), code, VisibleText.of(reason));
            }
            default ->
                throw malformed("a frame of unknown type " + (frame[0] & 0xFF)
                        + "; the peer does not use the exchange layer, or a newer one");
        };
    }

    private static void requireCode(int code) {
        if (code < 0 || code > MAX_CODE) {
            throw new IllegalArgumentException("failure code " + code + "; it must be 0 to " + MAX_CODE);
        }
    }

    private static int length(int header, byte[] body) {
        int longest = Integer.MAX_VALUE - SecureSession.OVERHEAD - header;
        if (body.length > longest) {
            throw new IllegalArgumentException("a body of " + body.length + " bytes; the limit is " + longest);
        }
        return header + body.length;
    }

    private static long numberIn(byte[] frame) {
        return ByteBuffer.wrap(frame).getLong(1);
    }

    private static void requireLength(byte[] frame, int shortest, int longest) throws ExchangeException {
        if (frame.length < shortest || frame.length > longest) {
            throw malformed("a frame of type " + frame[0] + " and " + frame.length + " bytes; it must have at least "
                    + shortest + (longest == Integer.MAX_VALUE ? "" : " and at most " + longest));
        }
    }

    private static ExchangeException malformed(String message) {
        return new ExchangeException(Reason.MALFORMED, message);
    }
}

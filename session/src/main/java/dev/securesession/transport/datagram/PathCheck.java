package dev.securesession.transport.datagram;

import java.util.Arrays;

/**
 * The question to an address from which a peer has sent an authentic message, and its answer (PROTOCOL.md DG-8).
 *
 * <pre>
 * offset 0    "SSPQ" for the question, "SSPA" for the answer
 * offset 4    session id, 4 bytes
 * offset 8    random number, 8 bytes; the same in the answer
 * </pre>
 *
 * <p>Shorter than any wrapped message. Neither is encrypted: the answer shows that the question arrived, and nothing else.
 */
final class PathCheck {
    static final int LENGTH = 16;
    static final int NUMBER_LENGTH = 8;

    private static final int TAG_LENGTH = 4;
    private static final int NUMBER_OFFSET = 8;
    private static final byte[] QUESTION = {'S', 'S', 'P', 'Q'};
    private static final byte[] ANSWER = {'S', 'S', 'P', 'A'};

    private PathCheck() {}

    static byte[] question(byte[] sessionId, byte[] number) {
        byte[] question = Arrays.copyOf(QUESTION, LENGTH);
        System.arraycopy(sessionId, 0, question, TAG_LENGTH, TAG_LENGTH);
        System.arraycopy(number, 0, question, NUMBER_OFFSET, NUMBER_LENGTH);
        return question;
    }

    static boolean isQuestion(byte[] datagram, byte[] sessionId) {
        return has(datagram, QUESTION) && sessionId(datagram) == HandshakeDatagrams.sessionId(sessionId);
    }

    static byte[] answer(byte[] question) {
        byte[] answer = question.clone();
        System.arraycopy(ANSWER, 0, answer, 0, TAG_LENGTH);
        return answer;
    }

    static boolean isAnswer(byte[] datagram) {
        return has(datagram, ANSWER);
    }

    static int sessionId(byte[] datagram) {
        return HandshakeDatagrams.int32(datagram, TAG_LENGTH);
    }

    private static boolean has(byte[] datagram, byte[] tag) {
        return datagram.length == LENGTH && HandshakeDatagrams.hasAt(datagram, 0, tag);
    }
}

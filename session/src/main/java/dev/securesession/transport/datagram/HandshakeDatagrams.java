package dev.securesession.transport.datagram;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.internal.base.HandshakeLimits;
import java.util.Arrays;

/**
 * What the transport knows of the bytes in a datagram: which ones may be a handshake message, and how long messages 1 and
 * 2 get.
 *
 * <pre>
 * handshake message (PROTOCOL.md, section 2), 44 bytes or more
 *   offset 0    "TSPM"
 *   offset 4    size, BE: trailing bytes follow after so many
 *   offset 12   "TSID" in messages 1 and 2; a signature or a MAC in the others
 * wrapped message (section 8.1), 53 bytes or more
 *   offset 0    session id, 4 bytes
 * </pre>
 */
final class HandshakeDatagrams {
    private static final byte[] TAG = {'T', 'S', 'P', 'M'};
    private static final int SIZE_OFFSET = 4;
    private static final int CONTENT_OFFSET = 12;
    private static final byte[] ID_TAG = {'T', 'S', 'I', 'D'};

    /** Message 4, the shortest one. */
    private static final int MIN_LENGTH = 44;

    /** Two container headers, an uncompressed ephemeral key, and the longest signature on P-521. */
    private static final int INTRODUCTION_OVERHEAD = 12 + 12 + 77 + 139;

    private HandshakeDatagrams() {}

    /** Tells whether these bytes may be a handshake message. A wrapped message can read like one by chance. */
    static boolean isPlausible(byte[] datagram) {
        return datagram.length >= MIN_LENGTH
                && datagram.length <= HandshakeLimits.MAX_MESSAGE_LENGTH
                && hasAt(datagram, 0, TAG);
    }

    /** Tells whether a plausible handshake message can only be message 1 or 2. */
    static boolean isIntroduction(byte[] datagram) {
        return hasAt(datagram, CONTENT_OFFSET, ID_TAG);
    }

    /** Tells whether two plausible handshake messages are the same, whatever trailing bytes each has. */
    static boolean isRepetition(byte[] datagram, byte[] former) {
        int size = int32(former, SIZE_OFFSET);
        if (size < 0 || size > datagram.length || size > former.length) {
            return false;
        }
        for (int i = 0; i < size; i++) {
            if (datagram[i] != former[i]) {
                return false;
            }
        }
        return true;
    }

    static boolean hasAt(byte[] datagram, int at, byte[] tag) {
        for (int i = 0; i < tag.length; i++) {
            if (datagram[at + i] != tag[i]) {
                return false;
            }
        }
        return true;
    }

    /** Tells whether these bytes may be a wrapped message. */
    static boolean mayBeWrapped(byte[] datagram) {
        return datagram.length > SecureSession.OVERHEAD;
    }

    /** Returns the session id of what may be a wrapped message. */
    static int sessionId(byte[] bytes) {
        return int32(bytes, 0);
    }

    static int int32(byte[] bytes, int at) {
        return bytes[at] << 24 | (bytes[at + 1] & 0xFF) << 16 | (bytes[at + 2] & 0xFF) << 8 | (bytes[at + 3] & 0xFF);
    }

    /** Returns the longest message 1 or 2 of a peer with this id. */
    static int maxIntroductionLength(PeerId id) {
        return INTRODUCTION_OVERHEAD + id.length();
    }

    /**
     * Pads message 1 with zeros to the longest possible answer, so that the server may send that answer at once
     * (PROTOCOL.md DG-4). Receivers ignore trailing bytes (P-2).
     */
    static byte[] padded(byte[] message1, PeerId server, DatagramOptions options) {
        int wanted = Math.min(maxIntroductionLength(server), options.maxDatagramLength());
        return message1.length >= wanted ? message1 : Arrays.copyOf(message1, wanted);
    }
}

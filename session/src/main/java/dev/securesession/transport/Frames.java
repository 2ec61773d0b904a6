package dev.securesession.transport;

import java.net.ProtocolException;

/** The limits for incomplete messages, however their bytes arrive (PROTOCOL.md P-4). */
final class Frames {
    private Frames() {}

    /** Returns the length of the message that a header announces, unless it exceeds the limit. */
    static int announcedLength(Framing framing, byte[] header, int maxLength) throws ProtocolException {
        long length = framing.readHeader(header);
        if (length > maxLength) {
            throw new ProtocolException("a message of " + length + " bytes; the limit is " + maxLength);
        }
        return (int) length;
    }

    /**
     * Returns the length of the next array for an incomplete message: twice what has arrived, so that memory grows with the
     * bytes that arrive and not with the announced length.
     *
     * @param arrived how many bytes the array must hold already
     */
    static int pieceLength(int arrived, int announced) {
        return (int) Math.min(announced, Math.max(FIRST_PIECE_LENGTH, 2L * arrived));
    }

    private static final int FIRST_PIECE_LENGTH = 4096;
}

package dev.securesession.transport;

import java.net.ProtocolException;

/**
 * Marks where messages begin and end on a stream of bytes, by a header of fixed length in front of each.
 *
 * <p>Both peers must use the same one. Implementations have no state and are safe for use by several threads.
 * PROTOCOL.md, section 10.1.
 */
public interface Framing {
    /**
     * Returns the length of the header.
     *
     * @return bytes in front of each message
     */
    int headerLength();

    /**
     * Returns the longest message that a header can announce.
     *
     * @return bytes
     */
    int maxMessageLength();

    /**
     * Writes the header of a message.
     *
     * @param messageLength bytes, at most {@link #maxMessageLength()}
     * @param target where to write it; {@link #headerLength()} bytes from its beginning
     */
    void writeHeader(int messageLength, byte[] target);

    /**
     * Reads the header of a message.
     *
     * @param header {@link #headerLength()} bytes
     * @return the length that it announces, unsigned
     * @throws ProtocolException if it is no such header: the peer uses another framing
     */
    long readHeader(byte[] header) throws ProtocolException;

    /**
     * Returns the framing to choose: the length of the message as 4 bytes, big-endian.
     *
     * @return a framing for messages of any length
     */
    static Framing lengthPrefix() {
        return LengthPrefix.INSTANCE;
    }

    /**
     * Returns the framing of the sockets in the Java library over JNI: two bytes {@code FF FF} and the length as 2 bytes,
     * big-endian.
     *
     * @return a framing for messages of up to 65,535 bytes
     */
    static Framing themisSocket() {
        return ThemisSocketFraming.INSTANCE;
    }
}

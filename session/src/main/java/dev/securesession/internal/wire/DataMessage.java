package dev.securesession.internal.wire;

import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.AesGcm;
import java.util.Arrays;

/**
 * The layout of a wrapped message (PROTOCOL.md, section 8.1).
 *
 * <pre>{@code
 * offset 0   session id   4 bytes
 * offset 4   nonce        12 bytes
 * offset 16  unused       4 bytes, zero as we write them
 * offset 20  ciphertext of the plaintext
 * then       tag          16 bytes
 *
 * plaintext:
 * offset 0   length       4 bytes: the length of what follows, without the tag
 * offset 4   sequence     4 bytes
 * offset 8   timestamp    8 bytes, seconds since 1970
 * offset 16  payload      1 byte or more
 * }</pre>
 *
 * <p>The first three fields of the plaintext are its inner header.
 */
public final class DataMessage {
    private static final int SESSION_ID_OFFSET = 0;
    private static final int NONCE_OFFSET = 4;
    private static final int UNUSED_OFFSET = NONCE_OFFSET + AesGcm.NONCE_LENGTH;
    public static final int CIPHERTEXT_OFFSET = UNUSED_OFFSET + 4;

    private static final int LENGTH_OFFSET = 0;
    private static final int SEQUENCE_OFFSET = 4;
    private static final int TIMESTAMP_OFFSET = 8;
    public static final int INNER_HEADER_LENGTH = 16;

    /** Offset of the encrypted payload. */
    public static final int PAYLOAD_OFFSET = CIPHERTEXT_OFFSET + INNER_HEADER_LENGTH;

    /** How many bytes longer a message is than its payload. */
    public static final int OVERHEAD = PAYLOAD_OFFSET + AesGcm.TAG_LENGTH;

    public static final int MIN_LENGTH = OVERHEAD + 1;

    /** How many bytes longer a message is than its length field states. */
    public static final int LENGTH_FIELD_OVERHEAD = CIPHERTEXT_OFFSET + SEQUENCE_OFFSET + AesGcm.TAG_LENGTH;

    private DataMessage() {}

    /** Writes everything before the ciphertext. */
    public static void writeHeader(byte[] target, int at, int sessionId, byte[] nonce) {
        Bytes.putInt32(target, at + SESSION_ID_OFFSET, sessionId);
        System.arraycopy(nonce, 0, target, at + NONCE_OFFSET, AesGcm.NONCE_LENGTH);
        Bytes.putInt32(target, at + UNUSED_OFFSET, 0);
    }

    public static int sessionId(byte[] message, int at) {
        return (int) Bytes.uint32(message, at + SESSION_ID_OFFSET);
    }

    public static byte[] nonce(byte[] message, int at) {
        return Arrays.copyOfRange(message, at + NONCE_OFFSET, at + UNUSED_OFFSET);
    }

    /** Returns the inner header of a message. */
    public static byte[] innerHeader(int payloadLength, int sequence, long timestamp) {
        byte[] header = new byte[INNER_HEADER_LENGTH];
        Bytes.putInt32(header, LENGTH_OFFSET, INNER_HEADER_LENGTH - SEQUENCE_OFFSET + payloadLength);
        Bytes.putInt32(header, SEQUENCE_OFFSET, sequence);
        Bytes.putInt64(header, TIMESTAMP_OFFSET, timestamp);
        return header;
    }

    public static long statedLength(byte[] plaintext, int at) {
        return Bytes.uint32(plaintext, at + LENGTH_OFFSET);
    }

    public static int sequence(byte[] plaintext, int at) {
        return (int) Bytes.uint32(plaintext, at + SEQUENCE_OFFSET);
    }

    public static long timestamp(byte[] plaintext, int at) {
        return Bytes.int64(plaintext, at + TIMESTAMP_OFFSET);
    }

    /** Returns the length of the payload of a message. */
    public static int payloadLength(int messageLength) {
        return messageLength - OVERHEAD;
    }

    /** Returns the length of the plaintext of a message: inner header and payload. */
    public static int plaintextLength(int messageLength) {
        return messageLength - CIPHERTEXT_OFFSET - AesGcm.TAG_LENGTH;
    }
}

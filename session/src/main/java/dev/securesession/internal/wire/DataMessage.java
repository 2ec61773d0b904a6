package dev.securesession.internal.wire;

import dev.securesession.internal.codec.Bytes;
import java.util.Arrays;

/**
 * The layout of a wrapped message (PROTOCOL.md, section 8.1).
 *
 * <pre>{@code
 * offset 0   session id   4 bytes
 * offset 4   nonce        12 bytes
 * offset 16  unused       4 bytes, zero as we write them
 * offset 20  ciphertext of:
 *              prefix     length 4 || sequence 4 || time 8
 *              payload    1 byte or more
 * then       tag          16 bytes
 * }</pre>
 *
 * <p>The length counts sequence, time and payload; the time is in seconds since 1970.
 */
public final class DataMessage {
    public static final int NONCE_OFFSET = 4;
    public static final int NONCE_LENGTH = 12;
    public static final int CIPHERTEXT_OFFSET = 20;
    public static final int PREFIX_LENGTH = 16;
    public static final int PAYLOAD_OFFSET = CIPHERTEXT_OFFSET + PREFIX_LENGTH;
    public static final int TAG_LENGTH = 16;
    public static final int OVERHEAD = PAYLOAD_OFFSET + TAG_LENGTH;
    public static final int MIN_LENGTH = OVERHEAD + 1;

    /** A message is this much longer than the length in its prefix says. */
    public static final int LENGTH_FIELD_OVERHEAD = 40;

    private DataMessage() {}

    public static void writeHeader(byte[] target, int at, int sessionId, byte[] nonce) {
        Bytes.putInt32(target, at, sessionId);
        System.arraycopy(nonce, 0, target, at + NONCE_OFFSET, NONCE_LENGTH);
        Bytes.putInt32(target, at + NONCE_OFFSET + NONCE_LENGTH, 0);
    }

    public static int sessionId(byte[] message, int at) {
        return (int) Bytes.uint32(message, at);
    }

    public static byte[] nonce(byte[] message, int at) {
        return Arrays.copyOfRange(message, at + NONCE_OFFSET, at + NONCE_OFFSET + NONCE_LENGTH);
    }

    public static byte[] writePrefix(int payloadLength, int sequence, long time) {
        byte[] prefix = new byte[PREFIX_LENGTH];
        Bytes.putInt32(prefix, 0, PREFIX_LENGTH - 4 + payloadLength);
        Bytes.putInt32(prefix, 4, sequence);
        Bytes.putInt64(prefix, 8, time);
        return prefix;
    }

    public static long statedLength(byte[] plaintext) {
        return Bytes.uint32(plaintext, 0);
    }

    public static int sequence(byte[] plaintext) {
        return (int) Bytes.uint32(plaintext, 4);
    }

    public static long time(byte[] plaintext) {
        return Bytes.uint32(plaintext, 8) << 32 | Bytes.uint32(plaintext, 12);
    }
}

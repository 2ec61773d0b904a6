package dev.securesession.internal.base;

/** What a peer may send before it has proved who it is. */
public final class HandshakeLimits {
    /** The longest handshake message in bytes, unless options say otherwise: the bound of PROTOCOL.md P-4. */
    public static final int MAX_MESSAGE_LENGTH = 16 * 1024;

    /**
     * How many handshake messages a stream carries to one end. Two are needed; a stream loses none, every repetition is answered,
     * and answers to a peer that does not read would pile up (PROTOCOL.md H-7).
     */
    public static final int MAX_MESSAGES = 8;

    private HandshakeLimits() {}
}

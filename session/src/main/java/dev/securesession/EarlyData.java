package dev.securesession;

import dev.securesession.internal.message.MessageSealer;

/**
 * Lets a client send before it has the server's last message, which saves a round trip.
 *
 * <p>The server has proved its identity by then, and only the server can read early data. The client does not know yet
 * whether the server has accepted its proof. Nothing can be received this way. The messages are sent after the last
 * handshake message of the client and are numbered with those of the session that follows. Safe for use by several threads;
 * usable until the handshake or the session is closed.
 *
 * <p>PROTOCOL.md H-9.
 */
public final class EarlyData {
    private final MessageSealer sealer;

    EarlyData(MessageSealer sealer) {
        this.sealer = sealer;
    }

    /**
     * Wraps a payload for the server.
     *
     * @param payload 1 byte or more; not kept
     * @return the message, a new array of {@link SecureSession#OVERHEAD} bytes more, the caller's to keep
     * @throws IllegalArgumentException if the payload is empty
     * @throws SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the handshake or the session was closed
     */
    public byte[] wrap(byte[] payload) {
        return Wrapping.wrap(sealer, payload);
    }

    /**
     * Wraps a payload for the server and tells the number of the message: see {@link SecureSession#wrapNumbered}.
     *
     * @param payload 1 byte or more; not kept
     * @return the message and its number
     * @throws IllegalArgumentException if the payload is empty
     * @throws SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the handshake or the session was closed
     */
    public NumberedMessage wrapNumbered(byte[] payload) {
        return Wrapping.wrapNumbered(sealer, payload);
    }

    /**
     * Describes the way to send for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return String.format("early data of session %08x", sealer.sessionId());
    }
}

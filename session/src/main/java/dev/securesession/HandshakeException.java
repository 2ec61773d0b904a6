package dev.securesession;

/**
 * Refuses a handshake message. The handshake stands where it stood before: on a datagram transport drop the message
 * and wait for a good one; on a stream give up, close the {@link Handshake} and the connection.
 */
public final class HandshakeException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** Why, for programs. */
    private final Reason reason;

    /**
     * Says why a handshake message was refused.
     *
     * @param reason why, for programs
     * @param message why, for people; no secrets
     */
    public HandshakeException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Says why a handshake message was refused, and what made it so.
     *
     * @param reason why, for programs
     * @param message why, for people; no secrets
     * @param cause what was caught
     */
    public HandshakeException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /**
     * Returns why, for programs to decide on.
     *
     * @return the reason
     */
    @Override
    public Reason reason() {
        return reason;
    }

    /** Why a handshake message was refused. */
    public enum Reason {
        /** The bytes are no well-formed message of the kind that was awaited. */
        MALFORMED,
        /** The peer has another id than the one that the configuration requires (PROTOCOL.md H-5). */
        UNEXPECTED_PEER,
        /** The directory knows no key for the id of the peer. */
        UNKNOWN_PEER,
        /** The signature does not fit the key of the peer: someone else sent the message, or it was changed. */
        BAD_SIGNATURE,
        /** The confirmation code is wrong: the two ends do not hold the same secret. */
        BAD_CONFIRMATION,
        /** The ephemeral key of the peer is our own, sent back to us (PROTOCOL.md C-2). */
        REFLECTED_KEY,
        /** The peer has our own id and our own key (PROTOCOL.md H-6). */
        SELF,
        /** The peer opened a handshake as a client at the same time as we did (PROTOCOL.md H-8). */
        SIMULTANEOUS_OPEN
    }
}

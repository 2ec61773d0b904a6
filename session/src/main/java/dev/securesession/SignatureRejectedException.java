package dev.securesession;

/**
 * Refuses a signed message: drop it. It was changed, or another key has signed it, or it is something else.
 */
public final class SignatureRejectedException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** The reason, for programs. */
    private final Reason reason;

    /**
     * Makes a refusal of a signed message.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     */
    public SignatureRejectedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Returns the reason, for programs.
     *
     * @return the reason
     */
    @Override
    public Reason reason() {
        return reason;
    }

    /** Why a signed message was refused. */
    public enum Reason {
        /** The bytes are not a well-formed signed message. */
        MALFORMED,
        /** The message is signed with RSA where an elliptic-curve key was given. */
        WRONG_KIND,
        /** The message was changed, or another key has signed it. */
        NOT_AUTHENTIC,
        /** The message is one that a handshake may sign, so it proves nothing (PROTOCOL.md C-7). */
        HANDSHAKE_INPUT
    }
}

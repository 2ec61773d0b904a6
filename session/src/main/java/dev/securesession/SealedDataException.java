package dev.securesession;

/**
 * Refuses sealed data: it cannot be opened with what was given.
 */
public final class SealedDataException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** Why, for programs. */
    private final Reason reason;

    /**
     * Says why sealed data was refused.
     *
     * @param reason why, for programs
     * @param message why, for people; no secrets
     */
    public SealedDataException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Says why sealed data was refused, and what made it so.
     *
     * @param reason why, for programs
     * @param message why, for people; no secrets
     * @param cause what was caught
     */
    public SealedDataException(Reason reason, String message, Throwable cause) {
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

    /** Why sealed data was refused. */
    public enum Reason {
        /** The bytes are no well-formed sealed data. */
        MALFORMED,
        /** The data was changed, or the key, the passphrase or the context is another. */
        NOT_AUTHENTIC,
        /** The data was sealed with a passphrase where a key was given, or the other way round. */
        WRONG_KIND,
        /** The data asks for more key derivation work than the reader allows. */
        TOO_MUCH_WORK
    }
}

package dev.securesession;

/**
 * Refuses sealed data: it was changed, or was sealed with another key, passphrase or context.
 */
public final class SealedDataException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** The reason, for programs. */
    private final Reason reason;

    /**
     * Makes a refusal of sealed data.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     */
    public SealedDataException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Makes a refusal of sealed data, with the cause.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     * @param cause the exception that was caught
     */
    public SealedDataException(Reason reason, String message, Throwable cause) {
        super(message, cause);
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

    /** Why sealed data was refused. */
    public enum Reason {
        /** The bytes are not well-formed sealed data. */
        MALFORMED,
        /** The data was changed, or was sealed with another key, passphrase or context. */
        NOT_AUTHENTIC,
        /** The data was sealed with a passphrase where a key was given, or the other way round. */
        WRONG_KIND,
        /** The data asks for more key derivation work than the reader allows. */
        TOO_MUCH_WORK
    }
}

package dev.securesession;

/**
 * Refuses something that was received. The class of the exception says what was refused, {@link #reason()} why, and
 * {@link #getMessage()} explains it with sizes, names and limits, never with key material or payloads.
 *
 * <p>A refusal changes nothing: the object that refused continues as before.
 */
public abstract sealed class SecureSessionException extends Exception
        permits HandshakeException,
                MessageRejectedException,
                KeyRejectedException,
                StateRejectedException,
                SealedDataException,
                SignatureRejectedException {
    private static final long serialVersionUID = 1L;

    /** The explanation, for people. */
    private final String message;

    SecureSessionException(String message) {
        super(message);
        this.message = message;
    }

    SecureSessionException(String message, Throwable cause) {
        super(message, cause);
        this.message = message;
    }

    /**
     * Returns the explanation for people: what was wrong and what was expected.
     *
     * @return the message; no secrets
     */
    @Override
    public String getMessage() {
        return message;
    }

    /**
     * Returns the reason for programs: a constant of the {@code Reason} of the class of this exception.
     *
     * @return the reason
     */
    public abstract Enum<?> reason();
}

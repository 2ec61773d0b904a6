package dev.securesession;

/**
 * Says that something received was refused: by its kind of exception what it was, by {@code reason()} why, in words by
 * {@link #getMessage()}. Messages carry sizes, names and limits, never key material or payloads.
 *
 * <p>Whatever was refused changed nothing: the object that refused it goes on as if it had never come.
 */
public abstract sealed class SecureSessionException extends Exception
        permits HandshakeException,
                MessageRejectedException,
                KeyRejectedException,
                StateRejectedException,
                SealedDataException {
    private static final long serialVersionUID = 1L;

    /** Why, for people. */
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
     * Returns why, for people to read: what was wrong and what was expected.
     *
     * @return the message; no secrets
     */
    @Override
    public String getMessage() {
        return message;
    }

    /**
     * Returns why, for programs to decide on: a constant of the {@code Reason} of the kind of exception at hand.
     *
     * @return the reason
     */
    public abstract Enum<?> reason();
}

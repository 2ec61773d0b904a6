package dev.securesession;

/**
 * Thrown when a session has used all numbers for its messages and wraps no more. No message was made: establish a new
 * session and send the payload through that. {@link SecureSession#remainingMessages()} tells in time.
 *
 * <p>PROTOCOL.md D-3.
 */
public final class SessionExhaustedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message the explanation, for people
     */
    public SessionExhaustedException(String message) {
        super(message);
    }
}

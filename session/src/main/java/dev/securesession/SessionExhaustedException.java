package dev.securesession;

/**
 * Says that a session has used up the numbers for its messages and wraps no more. Nothing was lost or sent: negotiate a
 * new session and send the payload through that. {@link SecureSession#remainingMessages()} tells in time.
 *
 * <p>PROTOCOL.md D-3.
 */
public final class SessionExhaustedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /**
     * Says that no number is left.
     *
     * @param message how many there were
     */
    public SessionExhaustedException(String message) {
        super(message);
    }
}

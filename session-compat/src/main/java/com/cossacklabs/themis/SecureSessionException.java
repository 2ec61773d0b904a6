package com.cossacklabs.themis;

/** Refuses a message or a saved state; the session goes on as if it had never come. The cause says why. */
public class SecureSessionException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Says that something was refused. */
    public SecureSessionException() {}

    /**
     * Says what was refused.
     *
     * @param message what it was
     */
    public SecureSessionException(String message) {
        super(message);
    }

    SecureSessionException(Throwable cause) {
        initCause(cause);
    }

    SecureSessionException(String message, Throwable cause) {
        super(message, cause);
    }
}

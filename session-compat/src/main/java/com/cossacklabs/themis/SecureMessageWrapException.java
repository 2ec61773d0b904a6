package com.cossacklabs.themis;

/** Says that a message was not made or does not open: drop it. */
public class SecureMessageWrapException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Says that a message was not made or does not open. */
    public SecureMessageWrapException() {}

    SecureMessageWrapException(String message) {
        super(message);
    }

    SecureMessageWrapException(Throwable cause) {
        super(cause.getMessage(), cause);
    }
}

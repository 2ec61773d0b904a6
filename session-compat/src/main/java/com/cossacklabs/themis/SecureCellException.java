package com.cossacklabs.themis;

/** Refuses to open data: it was changed, or the key, the passphrase or the context is another. The cause says more. */
public class SecureCellException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Says that data was refused. */
    public SecureCellException() {}

    SecureCellException(Throwable cause) {
        initCause(cause);
    }
}

package com.cossacklabs.themis;

/** A message of the peer was refused by a {@link SecureCompare}, whose result is not a match. */
public class SecureCompareException extends Exception {
    private static final long serialVersionUID = 1;

    /** An exception without a text. */
    public SecureCompareException() {}

    SecureCompareException(Throwable cause) {
        super(cause.getMessage(), cause);
    }
}

package com.cossacklabs.themis;

/** Says that an argument is missing: fix the program. */
public class NullArgumentException extends NullPointerException {
    private static final long serialVersionUID = 1L;

    /** Says that an argument is missing. */
    public NullArgumentException() {}

    /**
     * Says which argument is missing.
     *
     * @param message which one
     */
    public NullArgumentException(String message) {
        super(message);
    }
}

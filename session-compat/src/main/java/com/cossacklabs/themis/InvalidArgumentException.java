package com.cossacklabs.themis;

/** Says that an argument has a value that it must not have: fix the program. */
public class InvalidArgumentException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /**
     * Says which argument it is; the message begins with {@code "Invalid argument: "}.
     *
     * @param message what is wrong with it
     */
    public InvalidArgumentException(String message) {
        super("Invalid argument: " + message);
    }
}

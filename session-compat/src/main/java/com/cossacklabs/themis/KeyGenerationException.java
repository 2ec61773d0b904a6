package com.cossacklabs.themis;

/** Says that no key was generated, and why. */
public class KeyGenerationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    KeyGenerationException(String message, Throwable cause) {
        super(message, cause);
    }
}

package dev.securesession.internal.crypto;

/** Thrown with the reason when bytes are not a valid public key. */
public final class InvalidPointException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidPointException(String message) {
        super(message);
    }
}

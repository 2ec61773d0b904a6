package dev.securesession.internal.crypto;

/** Says why bytes are no point that can be a public key. */
public final class InvalidPointException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidPointException(String message) {
        super(message);
    }
}

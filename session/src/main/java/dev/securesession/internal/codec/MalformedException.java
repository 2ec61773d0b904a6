package dev.securesession.internal.codec;

/** Says what is wrong with the form of some bytes; the API turns it into the exception of the thing at hand. */
public final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String message;

    public MalformedException(String message) {
        super(message);
        this.message = message;
    }

    public MalformedException(String message, Throwable cause) {
        super(message, cause);
        this.message = message;
    }

    @Override
    public String getMessage() {
        return message;
    }
}

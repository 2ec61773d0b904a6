package dev.securesession.internal.codec;

/** Thrown when bytes do not have the expected form. The API converts it into the exception of its own operation. */
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

package dev.securesession.http;

import java.io.IOException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A request was sent and no authentic answer came: the peer may have acted on it, or not (PROTOCOL.md EX-5). Ask it with a
 * new request, or repeat this one if acting twice does no harm.
 */
public final class RequestUncertainException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The HTTP status, or 0 if there is none. */
    private final int status;

    RequestUncertainException(int status, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /**
     * Returns the HTTP status, which nobody has authenticated.
     *
     * @return the status, or empty if no response came or the response was refused
     */
    public OptionalInt status() {
        return status == 0 ? OptionalInt.empty() : OptionalInt.of(status);
    }
}

package dev.securesession.store;

import java.io.IOException;

/**
 * Refuses to begin a handshake because as many as {@link StoreOptions#withMaxBegunHandshakes} allows are begun and not finished.
 * Nothing was stored; the peer may try again later.
 */
public final class TooManyHandshakesException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message the explanation, for people; no secrets
     */
    public TooManyHandshakesException(String message) {
        super(message);
    }
}

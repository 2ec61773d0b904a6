package dev.securesession.store;

import java.io.IOException;

/**
 * Ends a {@link SessionClaim}: a newer owner has claimed the session, the session was deleted, or the claim was released. No
 * byte has left on behalf of the failed call. Claim the session again if it is still yours to serve (PROTOCOL.md S-4).
 */
public final class ClaimLostException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message the explanation, for people; no secrets
     */
    public ClaimLostException(String message) {
        super(message);
    }
}

package dev.securesession;

/**
 * Refuses a saved state. Start a new handshake instead.
 */
public final class StateRejectedException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** The reason, for programs. */
    private final Reason reason;

    /**
     * Makes a refusal of a saved state.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     */
    public StateRejectedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Makes a refusal of a saved state, with the cause.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     * @param cause the exception that was caught
     */
    public StateRejectedException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /**
     * Returns the reason, for programs.
     *
     * @return the reason
     */
    @Override
    public Reason reason() {
        return reason;
    }

    /** Why a saved state was refused. */
    public enum Reason {
        /** The bytes are not a well-formed saved state. */
        MALFORMED,
        /** The state was changed, or sealed with another key, for another owner or in another generation. */
        NOT_AUTHENTIC,
        /** The state is of a session where a handshake was to be restored, or the other way round. */
        WRONG_KIND,
        /** The state was saved by a peer with another identity than the configuration has. */
        WRONG_IDENTITY,
        /** The state is of a session with another peer than the expected one (PROTOCOL.md H-5). */
        UNEXPECTED_PEER,
        /** Nothing proves who the peer is, or the directory has no such key for it any more (PROTOCOL.md H-5). */
        UNKNOWN_PEER,
        /** The store has nothing under this id: it was never there, was deleted, or belonged to a revoked peer. */
        NOT_FOUND,
        /** The state was not used for longer than the store keeps it. */
        EXPIRED,
        /** The key ring does not have the key that sealed the state. */
        UNKNOWN_KEY,
        /** The store holds an older state than the outside counter remembers: it was put back (PROTOCOL.md S-5). */
        ROLLED_BACK
    }
}

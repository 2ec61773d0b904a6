package dev.securesession.exchange;

/** Refuses an authentic message that breaks the exchange layer. The exchange has not changed. */
public final class ExchangeException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The reason, for programs. */
    private final Reason reason;

    ExchangeException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Returns the reason, for programs.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }

    /** Why a message was refused. */
    public enum Reason {
        /** The payload is not a frame of this layer (PROTOCOL.md EX-1). */
        MALFORMED,
        /** The answer is for a request that awaits none, or for another request than the expected one (PROTOCOL.md EX-3). */
        WRONG_REQUEST,
        /** The peer has sent a request where an answer is expected, or the reverse. */
        WRONG_DIRECTION
    }
}

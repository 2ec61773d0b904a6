package dev.securesession;

/**
 * Refuses a wrapped message. The session is as it was: on a datagram transport drop the message; on a stream, where
 * nothing gets lost or comes twice, it is an attack or a bug: close the connection.
 */
public final class MessageRejectedException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** Why, for programs. */
    private final Reason reason;

    /**
     * Says why a wrapped message was refused.
     *
     * @param reason why, for programs
     * @param message why, for people; no secrets
     */
    public MessageRejectedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Returns why, for programs to decide on.
     *
     * @return the reason
     */
    @Override
    public Reason reason() {
        return reason;
    }

    /** Why a wrapped message was refused. */
    public enum Reason {
        /** The bytes are too few to be a wrapped message. */
        MALFORMED,
        /** The message carries another session id: it belongs to another session. */
        WRONG_SESSION,
        /** The authentication tag is wrong: the message was changed, or made with another key. */
        NOT_AUTHENTIC,
        /** The message is authentic but the length that it states is not its own (PROTOCOL.md D-4). */
        WRONG_LENGTH,
        /** The message was accepted before (PROTOCOL.md D-1). */
        REPLAYED,
        /** The message is so far behind the newest one that nobody remembers whether it came before (PROTOCOL.md D-1). */
        TOO_OLD,
        /** Messages before this one are missing, on a transport that loses none (PROTOCOL.md D-2). */
        OUT_OF_ORDER,
        /** The time in the message is too far from our clock (PROTOCOL.md D-5). */
        TIMESTAMP_OUT_OF_RANGE,
        /** More messages failed authentication than the session may bear; it opens no more (PROTOCOL.md D-8). */
        TOO_MANY_FAILURES
    }
}

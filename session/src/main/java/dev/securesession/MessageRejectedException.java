package dev.securesession;

/**
 * Refuses a wrapped message. The session has not changed: on a datagram transport drop the message; on a stream, which
 * loses and repeats nothing, the message is an attack or a bug: close the connection.
 */
public final class MessageRejectedException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** The reason, for programs. */
    private final Reason reason;

    /**
     * Makes a refusal of a wrapped message.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     */
    public MessageRejectedException(Reason reason, String message) {
        super(message);
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

    /** Why a wrapped message was refused. */
    public enum Reason {
        /** The message is shorter than the shortest wrapped message. */
        MALFORMED,
        /** The message carries another session id: it belongs to another session. */
        WRONG_SESSION,
        /** The authentication tag is wrong: the message was changed, or made with another key. */
        NOT_AUTHENTIC,
        /** The message is authentic, but its length field is wrong (PROTOCOL.md D-4). */
        WRONG_LENGTH,
        /** The message was accepted before (PROTOCOL.md D-1). */
        REPLAYED,
        /** The number of the message is below the replay window (PROTOCOL.md D-1). */
        TOO_OLD,
        /** Messages before this one are missing, on a transport that loses none (PROTOCOL.md D-2). */
        OUT_OF_ORDER,
        /** The timestamp of the message is further from our clock than the tolerance (PROTOCOL.md D-5). */
        TIMESTAMP_OUT_OF_RANGE,
        /** As many messages failed authentication as the limit allows; the session unwraps no more (PROTOCOL.md D-8). */
        TOO_MANY_FAILURES
    }
}

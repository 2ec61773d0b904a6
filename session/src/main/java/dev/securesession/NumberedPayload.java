package dev.securesession;

/**
 * A payload and the number of the message that brought it, as {@link SecureSession#unwrapNumbered} returns them.
 *
 * <p>The messages of each direction of a session are numbered from 0; both ends see the same number, also after the session
 * was saved and restored. Instances are immutable, apart from their array, and safe for use by several threads.
 */
public final class NumberedPayload {
    private final long number;
    private final byte[] payload;

    NumberedPayload(long number, byte[] payload) {
        this.number = number;
        this.payload = payload;
    }

    /**
     * Returns the number of the message within its direction.
     *
     * @return 0 or more, less than 2^32
     */
    public long number() {
        return number;
    }

    /**
     * Returns the payload.
     *
     * @return the payload; always the same array, the caller's to keep
     */
    public byte[] payload() {
        return payload;
    }

    @Override
    public String toString() {
        return "payload of " + payload.length + " bytes from message number " + number;
    }
}

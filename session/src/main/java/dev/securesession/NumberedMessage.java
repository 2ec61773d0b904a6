package dev.securesession;

/**
 * A wrapped message and its number, as {@link SecureSession#wrapNumbered} returns them.
 *
 * <p>The messages of each direction of a session are numbered from 0; both ends see the same number, also after the session
 * was saved and restored. Instances are immutable, apart from their array, and safe for use by several threads.
 */
public final class NumberedMessage {
    private final long number;
    private final byte[] message;

    NumberedMessage(long number, byte[] message) {
        this.number = number;
        this.message = message;
    }

    /**
     * Returns the number of the message within its direction.
     *
     * @return 0 or more, less than 2^31
     */
    public long number() {
        return number;
    }

    /**
     * Returns the message to send to the peer.
     *
     * @return the message, {@link SecureSession#OVERHEAD} bytes longer than the payload; always the same array, the
     *     caller's to keep
     */
    public byte[] message() {
        return message;
    }

    @Override
    public String toString() {
        return "message number " + number + " of " + message.length + " bytes";
    }
}

package dev.securesession.exchange;

/** A request of ours, wrapped and ready to be sent, once. */
public final class OutgoingRequest {
    private final long number;
    private final byte[] message;

    OutgoingRequest(long number, byte[] message) {
        this.number = number;
        this.message = message;
    }

    /**
     * Returns the number of the request, which its answer repeats.
     *
     * @return 0 or more
     */
    public long number() {
        return number;
    }

    /**
     * Returns the message for the peer.
     *
     * @return the message, the caller's to keep; the same array each time
     */
    public byte[] message() {
        return message;
    }

    /**
     * Describes the request for people to read.
     *
     * @return a description without its content
     */
    @Override
    public String toString() {
        return "request " + number + " in a message of " + message.length + " bytes";
    }
}

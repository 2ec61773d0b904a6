package dev.securesession.exchange;

/** The answer to a request of ours. */
public final class Answer implements Received {
    private final long number;
    private final byte[] body;

    Answer(long number, byte[] body) {
        this.number = number;
        this.body = body;
    }

    @Override
    public long number() {
        return number;
    }

    /**
     * Returns the body.
     *
     * @return 0 bytes or more, the caller's to keep; the same array each time
     */
    public byte[] body() {
        return body;
    }

    /**
     * Describes the answer for people to read.
     *
     * @return a description without its content
     */
    @Override
    public String toString() {
        return "answer of " + body.length + " bytes to request " + number;
    }
}

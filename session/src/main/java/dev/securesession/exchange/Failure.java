package dev.securesession.exchange;

/** An authentic message of the peer that it could not answer a request of ours. */
public final class Failure implements Received {
    /** The request has failed for a reason that the peer does not tell. */
    public static final int INTERNAL = 1;

    /** The answer is longer than the peer may send. */
    public static final int ANSWER_TOO_LONG = 2;

    /** The lowest code that an application may define; the highest is 65,535. */
    public static final int FIRST_APPLICATION_CODE = 256;

    private final long number;
    private final int code;
    private final String reason;

    Failure(long number, int code, String reason) {
        this.number = number;
        this.code = code;
        this.reason = reason;
    }

    @Override
    public long number() {
        return number;
    }

    /**
     * Returns the code, for programs.
     *
     * @return 0 to 65,535; those from {@link #FIRST_APPLICATION_CODE} are the application's
     */
    public int code() {
        return code;
    }

    /**
     * Returns the peer's reason, for people.
     *
     * @return 0 to 255 characters, invisible ones replaced by question marks
     */
    public String reason() {
        return reason;
    }

    /**
     * Describes the failure for people to read.
     *
     * @return number, code and reason
     */
    @Override
    public String toString() {
        return "failure of request " + number + ", code " + code + (reason.isEmpty() ? "" : ": " + reason);
    }
}

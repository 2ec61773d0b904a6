package dev.securesession.http;

import dev.securesession.exchange.Failure;

/**
 * The peer's authentic word that a request has failed; on the server, how a {@link RequestHandler} sends it.
 *
 * <p>PROTOCOL.md, Part 5.
 */
public final class RequestFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The code, for programs. */
    private final int code;

    /** The reason, for people. */
    private final String reason;

    /**
     * Makes a failure for the peer.
     *
     * @param code {@link Failure#FIRST_APPLICATION_CODE} to 65,535, for programs
     * @param reason for people; the peer gets the first 255 bytes of UTF-8
     * @throws IllegalArgumentException if the code is out of its range
     */
    public RequestFailedException(int code, String reason) {
        this(code, reason, "request failed with code " + code + ": " + reason);
        if (code < Failure.FIRST_APPLICATION_CODE || code > 0xFFFF) {
            throw new IllegalArgumentException("failure code " + code + "; those of applications are "
                    + Failure.FIRST_APPLICATION_CODE + " to 65,535");
        }
    }

    private RequestFailedException(int code, String reason, String message) {
        super(message);
        this.code = code;
        this.reason = reason;
    }

    static RequestFailedException of(Failure failure) {
        return new RequestFailedException(failure.code(), failure.reason(), "the peer reports " + failure);
    }

    /**
     * Returns the code, for programs.
     *
     * @return 0 to 65,535; below {@link Failure#FIRST_APPLICATION_CODE} it is one of {@link Failure}
     */
    public int code() {
        return code;
    }

    /**
     * Returns the reason, for people.
     *
     * @return 0 characters or more
     */
    public String reason() {
        return reason;
    }
}

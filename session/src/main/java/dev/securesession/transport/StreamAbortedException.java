package dev.securesession.transport;

import java.io.IOException;

/**
 * Thrown when one of the peers has ended a stream before its end: what was read or written is incomplete.
 *
 * <p>PROTOCOL.md ST-5.
 */
public final class StreamAbortedException extends IOException {
    private static final long serialVersionUID = 1L;

    /** The code of a stream whose peer violated the stream layer. */
    public static final int PROTOCOL_ERROR = 1;

    /** The code of a stream that was closed before both directions had ended and the peer's was acknowledged. */
    public static final int CLOSED = 2;

    /** The lowest code that applications may give a meaning of their own; the highest is 65,535. */
    public static final int FIRST_APPLICATION_CODE = 256;

    /** The code of the abort. */
    private final int code;

    /** The reason that was given. */
    private final String reason;

    /** Which side aborted. */
    private final boolean byPeer;

    private StreamAbortedException(String message, int code, String reason, boolean byPeer) {
        super(message + " with code " + code + (reason.isEmpty() ? "" : ": " + reason));
        this.code = code;
        this.reason = reason;
        this.byPeer = byPeer;
    }

    static StreamAbortedException byPeer(int code, String reason) {
        return new StreamAbortedException("the peer aborted the stream", code, reason, true);
    }

    static StreamAbortedException locally(int code, String reason) {
        return new StreamAbortedException("the stream was aborted here", code, reason, false);
    }

    static StreamAbortedException closed() {
        return locally(CLOSED, "the stream was closed before it was complete");
    }

    /**
     * Returns the code of the abort.
     *
     * @return 0 to 65,535; one of the constants, or a meaning that the application gave it
     */
    public int code() {
        return code;
    }

    /**
     * Returns the reason that was given.
     *
     * @return a short text, which may be empty; authenticated, but the words of the peer
     */
    public String reason() {
        return reason;
    }

    /**
     * Tells which side aborted.
     *
     * @return true if the peer did
     */
    public boolean isByPeer() {
        return byPeer;
    }
}

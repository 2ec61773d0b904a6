package dev.securesession.interop;

/** A peer in another process answered a request with {@code err REASON text}. */
public final class ForeignPeerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    ForeignPeerException(String reason, String text) {
        super(reason + ": " + text);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}

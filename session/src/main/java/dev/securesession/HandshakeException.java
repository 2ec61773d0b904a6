package dev.securesession;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Refuses a handshake message. The handshake has not changed: on a datagram transport drop the message and wait for
 * another one; on a stream close the {@link Handshake} and the connection.
 */
public final class HandshakeException extends SecureSessionException {
    private static final long serialVersionUID = 2L;

    /** The reason, for programs. */
    private final Reason reason;

    /** The id in the message, which is not proved. */
    private final transient @Nullable PeerId claimedPeer;

    /**
     * Makes a refusal of a handshake message.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     */
    public HandshakeException(Reason reason, String message) {
        super(message);
        this.reason = reason;
        this.claimedPeer = null;
    }

    /**
     * Makes a refusal of a handshake message, with the cause.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     * @param cause the exception that was caught
     */
    public HandshakeException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.claimedPeer = null;
    }

    /**
     * Makes a refusal of a handshake message, with the id that the peer claims.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     * @param claimedPeer the id that the peer claims
     */
    public HandshakeException(Reason reason, String message, PeerId claimedPeer) {
        super(message);
        this.reason = reason;
        this.claimedPeer = claimedPeer;
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

    /**
     * Returns the id that the peer claims, for logs. Nothing proves it.
     *
     * @return the id, or empty if the message holds none or could not be read
     */
    public Optional<PeerId> claimedPeer() {
        return Optional.ofNullable(claimedPeer);
    }

    /** Why a handshake message was refused. */
    public enum Reason {
        /** The bytes are not a well-formed message of the kind that was expected. */
        MALFORMED(false),
        /** The peer has another id than the expected one (PROTOCOL.md H-5). */
        UNEXPECTED_PEER(false),
        /** The directory knows no key for the id of the peer. */
        UNKNOWN_PEER(true),
        /** The signature does not fit a key of the peer: another party sent the message, or it was changed. */
        BAD_SIGNATURE(true),
        /** The confirmation code is wrong: the two ends do not hold the same secret. */
        BAD_CONFIRMATION(true),
        /** The ephemeral key of the peer is our own, sent back to us (PROTOCOL.md C-2). */
        REFLECTED_KEY(false),
        /** The peer has our own id and our own key (PROTOCOL.md H-6). */
        SELF(false),
        /** The peer opened a handshake as a client at the same time as we did (PROTOCOL.md H-8). */
        SIMULTANEOUS_OPEN(true);

        private final boolean afterPublicKeyWork;

        Reason(boolean afterPublicKeyWork) {
            this.afterPublicKeyWork = afterPublicKeyWork;
        }

        /**
         * Tells whether public-key operations were spent on the message. A datagram transport drops other messages for
         * free and gives up after a number of these (PROTOCOL.md H-3).
         *
         * @return true if a signature or a key agreement was computed before the message was refused
         */
        public boolean isAfterPublicKeyWork() {
            return afterPublicKeyWork;
        }
    }
}

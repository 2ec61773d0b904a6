package dev.securesession;

/**
 * Refuses an encoded key. Ask its owner for an elliptic-curve key on P-256, P-384 or P-521.
 */
public final class KeyRejectedException extends SecureSessionException {
    private static final long serialVersionUID = 1L;

    /** The reason, for programs. */
    private final Reason reason;

    /**
     * Makes a refusal of a key.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     */
    public KeyRejectedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Makes a refusal of a key, with the cause.
     *
     * @param reason the reason, for programs
     * @param message the explanation, for people; no secrets
     * @param cause the exception that was caught
     */
    public KeyRejectedException(Reason reason, String message, Throwable cause) {
        super(message, cause);
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

    /** Why a key was refused. */
    public enum Reason {
        /** The bytes are not a well-formed key in this format. */
        MALFORMED,
        /** It is a key in another format than this method reads; the methods called {@code read} take every format. */
        WRONG_FORMAT,
        /** The key is sealed: read it with the {@link Sealer} that has its passphrase or key. */
        SEALED,
        /** It is an RSA key; sessions take elliptic-curve keys only (PROTOCOL.md C-6). */
        RSA,
        /** It is a private key where a public one belongs, or the other way round. */
        WRONG_KIND,
        /** It is a key of another algorithm or on another curve. */
        UNSUPPORTED,
        /** The point is not on the curve, or the scalar not in its range: nobody can use this key safely. */
        INVALID,
        /** The private key does not belong to the public one. */
        MISMATCH
    }
}

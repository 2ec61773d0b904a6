package dev.securesession.internal.crypto;

/**
 * An AES-256 key for the many messages of one direction; {@link AesGcm} keeps a cipher at hand for it while it is busy.
 */
public final class AeadKey {
    public static final int LENGTH = 32;

    private final Secret secret;
    final int slot;

    AeadKey(Secret secret, int slot) {
        this.secret = secret;
        this.slot = slot;
    }

    /** A number that spreads directions over shared tables. */
    public int hint() {
        return slot / AesGcm.STRIDE;
    }

    public Secret secret() {
        return secret;
    }
}

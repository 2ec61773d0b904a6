package dev.securesession;

import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.SoterKdf;
import javax.security.auth.Destroyable;

/**
 * Encrypts without authentication and without randomness: what Themis peers call Secure Cell, Context Imprint mode. It is
 * here to read and write what others keep in that form; for anything new use a {@link Sealer}.
 *
 * <p>The result is as long as the data. Nobody notices when it was changed, or when key or context are wrong: something
 * else comes out then. Equal data in an equal context gives equal results, and two data of equal length in one context give
 * away their difference. Instances are immutable and safe for use by several threads.
 *
 * <p>PROTOCOL.md, section 11.3.
 */
public final class InsecureContextImprint implements Destroyable {
    private static final int KEY_LENGTH = 32;
    private static final int COUNTER_LENGTH = 16;

    private final Secret secret;
    private final CryptoSuite crypto = CryptoProviders.platform().suite();
    private volatile boolean destroyed;

    private InsecureContextImprint(Secret secret) {
        this.secret = secret;
    }

    /**
     * Returns an imprint with a key.
     *
     * @param key 1 byte or more; copied, the caller's to wipe
     * @return the imprint
     * @throws IllegalArgumentException if the key is empty
     */
    public static InsecureContextImprint withKey(byte[] key) {
        if (key.length == 0) {
            throw new IllegalArgumentException("an empty key; it needs at least 1 byte");
        }
        return new InsecureContextImprint(Secret.copyOf(key));
    }

    /**
     * Encrypts data in a context.
     *
     * @param data 1 byte or more; not kept
     * @param context 1 byte or more, as different as possible for each data
     * @return as many bytes as there are data, a new array, the caller's to keep
     * @throws IllegalArgumentException if data or context is empty
     * @throws IllegalStateException if the imprint was destroyed
     */
    public byte[] encrypt(byte[] data, byte[] context) {
        return apply(data, context);
    }

    /**
     * Decrypts data in a context. There is no way to tell whether the result is what was encrypted.
     *
     * @param encrypted 1 byte or more; not kept
     * @param context as it was for encryption
     * @return as many bytes, a new array, the caller's to keep
     * @throws IllegalArgumentException if data or context is empty
     * @throws IllegalStateException if the imprint was destroyed
     */
    public byte[] decrypt(byte[] encrypted, byte[] context) {
        return apply(encrypted, context);
    }

    /** Wipes the key. May be called twice. */
    @Override
    public synchronized void destroy() {
        destroyed = true;
        secret.wipe();
    }

    @Override
    public boolean isDestroyed() {
        return destroyed;
    }

    /** K = KDF(key, .., [data length], 32); V = KDF(K, .., [context], 16); AES-256-CTR(K, V): its own inverse. */
    private byte[] apply(byte[] data, byte[] context) {
        if (data.length == 0 || context.length == 0) {
            throw new IllegalArgumentException("data of " + data.length + " bytes in a context of " + context.length
                    + " bytes; both need at least 1");
        }
        SoterKdf kdf = new SoterKdf(crypto);
        byte[] length = Bytes.int32LittleEndian(data.length);
        Secret copy = intactCopy();
        Secret key = Secret.owning(kdf.derive(copy, "Themis secure cell message key", KEY_LENGTH, length));
        copy.wipe();
        try {
            byte[] counter = kdf.derive(key, "Themis secure cell message iv", COUNTER_LENGTH, context);
            return crypto.aesCtr(key, counter, data);
        } finally {
            key.wipe();
        }
    }

    /** A whole key or none: it may be destroyed at any time. */
    private synchronized Secret intactCopy() {
        if (destroyed) {
            throw new IllegalStateException("the imprint was destroyed");
        }
        return secret.copy();
    }
}

package dev.securesession.internal.crypto;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * An AES-256 key for the many messages of one direction, and the cipher that was last initialized with it, unless {@link
 * CipherCache} has assigned that cipher to another key.
 *
 * <p>The cipher holds copies of the key. Only the key refers to its cipher, so a session that is dropped without being
 * closed takes both with it.
 *
 * <p>Every session has two keys, so the bytes are in fields: an array would take half as much memory again.
 */
public final class AeadKey {
    public static final int LENGTH = 32;

    private static final AtomicReferenceFieldUpdater<AeadKey, @Nullable WarmCipher> CIPHER =
            AtomicReferenceFieldUpdater.newUpdater(AeadKey.class, WarmCipher.class, "cipher");

    @SuppressWarnings("UnusedVariable") // The updater above reads and writes it.
    private volatile @Nullable WarmCipher cipher;

    private long first;
    private long second;
    private long third;
    private long fourth;

    /** Takes over the secret, and wipes it. */
    AeadKey(Secret secret) {
        byte[] bytes = secret.toBytes();
        ByteBuffer reader = ByteBuffer.wrap(bytes);
        first = reader.getLong();
        second = reader.getLong();
        third = reader.getLong();
        fourth = reader.getLong();
        Arrays.fill(bytes, (byte) 0);
        secret.wipe();
    }

    /** Returns a number that selects one of several shared arrays for this key. */
    public int spread() {
        return System.identityHashCode(this);
    }

    /** Returns a copy, the caller's to wipe. */
    public byte[] toBytes() {
        byte[] bytes = new byte[LENGTH];
        putLong(bytes, 0, first);
        putLong(bytes, Long.BYTES, second);
        putLong(bytes, 2 * Long.BYTES, third);
        putLong(bytes, 3 * Long.BYTES, fourth);
        return bytes;
    }

    /** Does without a {@link ByteBuffer}, which would be garbage for every message. */
    private static void putLong(byte[] target, int at, long value) {
        for (int i = 0; i < Long.BYTES; i++) {
            target[at + i] = (byte) (value >>> (56 - 8 * i));
        }
    }

    /** Returns this key for a JCA object that is about to be initialized with it. */
    SecretKey asJcaKey() {
        return new LentKey("AES", this::toBytes);
    }

    /** Acquires the cipher by an atomic swap: no two threads get the same one. */
    @Nullable
    WarmCipher acquireCipher() {
        return CIPHER.getAndSet(this, null);
    }

    /** Releases the cipher to the key for which it was used. */
    void releaseCipher(WarmCipher used) {
        // The thread that acquires the cipher next sees all earlier writes, because it acquires it by a swap.
        CIPHER.lazySet(this, used);
    }

    void wipe() {
        first = 0;
        second = 0;
        third = 0;
        fourth = 0;
    }
}

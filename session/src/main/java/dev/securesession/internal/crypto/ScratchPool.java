package dev.securesession.internal.crypto;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A few shared arrays for plaintext that is decrypted but not accepted yet, so that a message allocates no array of its own
 * size. Released arrays are wiped.
 */
public final class ScratchPool {
    private final AtomicReferenceArray<byte @Nullable []> slots = new AtomicReferenceArray<>(SLOTS * STRIDE);

    /** Acquires an array of at least {@code length} bytes; the caller releases it. */
    public byte[] acquire(int hint, int length) {
        byte[] array = slots.getAndSet(slot(hint), null);
        if (array != null && array.length >= length) {
            return array;
        }
        return new byte[length > MAX_KEPT_LENGTH ? length : roundUp(length)];
    }

    public void release(int hint, byte[] array, int used) {
        wipe(array, used);
        if (array.length <= MAX_KEPT_LENGTH) {
            slots.lazySet(slot(hint), array);
        }
    }

    /** Copies zeros over the bytes: older JDKs fill byte by byte where {@code fill} is inlined, as it would be here. */
    static void wipe(byte[] array, int used) {
        for (int at = 0; at < used; at += ZEROS.length) {
            System.arraycopy(ZEROS, 0, array, at, Math.min(ZEROS.length, used - at));
        }
    }

    private static int slot(int hint) {
        return (hint & SLOTS - 1) * STRIDE;
    }

    private static int roundUp(int length) {
        return Math.max(MIN_LENGTH, Integer.highestOneBit(length - 1) << 1);
    }

    private static final byte[] ZEROS = new byte[4096];

    private static final int MIN_LENGTH = 512;

    /** Long enough for a payload of 1 MiB with its inner header. */
    private static final int MAX_KEPT_LENGTH = 1 << 21;

    private static final int SLOTS = 8;
    private static final int STRIDE = 16;
}

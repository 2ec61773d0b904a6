package dev.securesession.internal.message;

import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.crypto.AesGcm;

/**
 * The nonces of one direction: a random 96-bit number, counted up by one per message (PROTOCOL.md C-5).
 *
 * <p>The number is drawn again for every session object, so that a session restored from an old state repeats
 * sequence numbers at worst, never a nonce.
 */
final class NonceCounter {
    static final int LENGTH = AesGcm.NONCE_LENGTH;

    private int high;
    private long low;

    NonceCounter(byte[] random) {
        high = (int) Bytes.uint32(random, 0);
        low = Bytes.int64(random, 4);
    }

    /** Returns the next nonce, which is used up even if its message is never sent. */
    byte[] next() {
        low++;
        if (low == 0) {
            high++;
        }
        byte[] nonce = new byte[LENGTH];
        Bytes.putInt32(nonce, 0, high);
        Bytes.putInt64(nonce, 4, low);
        return nonce;
    }
}

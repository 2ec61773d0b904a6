package dev.securesession.internal.message;

import dev.securesession.internal.crypto.Secret;

/** What is saved of a receiving direction. */
final class OpenerState {
    final Secret key;
    final int initialSequence;
    final long highest;
    final boolean firstUnknown;
    final byte[] bitmap;
    final long failures;

    OpenerState(Secret key, int initialSequence, long highest, boolean firstUnknown, byte[] bitmap, long failures) {
        this.key = key;
        this.initialSequence = initialSequence;
        this.highest = highest;
        this.firstUnknown = firstUnknown;
        this.bitmap = bitmap;
        this.failures = failures;
    }

    /** Returns the key as bytes, the caller's to wipe, and wipes it here. */
    byte[] takeKey() {
        byte[] bytes = key.toBytes();
        key.wipe();
        return bytes;
    }
}

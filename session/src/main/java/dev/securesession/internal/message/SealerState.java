package dev.securesession.internal.message;

import dev.securesession.internal.crypto.Secret;

/** What is saved of a sending direction. */
final class SealerState {
    final Secret key;
    final int initialSequence;
    final long nextIndex;

    SealerState(Secret key, int initialSequence, long nextIndex) {
        this.key = key;
        this.initialSequence = initialSequence;
        this.nextIndex = nextIndex;
    }

    /** Returns the key as bytes, the caller's to wipe, and wipes it here. */
    byte[] takeKey() {
        byte[] bytes = key.toBytes();
        key.wipe();
        return bytes;
    }
}

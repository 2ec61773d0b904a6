package dev.securesession.internal.message;

/** What is saved of a sending direction; the key is the receiver's to wipe. */
final class SealerState {
    final byte[] key;
    final int initialSequence;
    final long nextIndex;

    SealerState(byte[] key, int initialSequence, long nextIndex) {
        this.key = key;
        this.initialSequence = initialSequence;
        this.nextIndex = nextIndex;
    }
}

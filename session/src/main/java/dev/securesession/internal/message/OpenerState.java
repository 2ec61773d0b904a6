package dev.securesession.internal.message;

/** What is saved of a receiving direction; the key is the receiver's to wipe. */
final class OpenerState {
    final byte[] key;
    final int initialSequence;
    final long highest;
    final boolean firstUnknown;
    final byte[] bitmap;
    final long failures;

    OpenerState(byte[] key, int initialSequence, long highest, boolean firstUnknown, byte[] bitmap, long failures) {
        this.key = key;
        this.initialSequence = initialSequence;
        this.highest = highest;
        this.firstUnknown = firstUnknown;
        this.bitmap = bitmap;
        this.failures = failures;
    }
}

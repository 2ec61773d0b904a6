package dev.securesession.transport;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A few arrays for messages on their way, shared by all connections, so that a message costs no garbage of its own size and
 * an idle connection holds none.
 */
final class BufferPool {
    private static final AtomicReferenceArray<byte[]> SLOTS = new AtomicReferenceArray<>(slots());

    private BufferPool() {}

    private static int slots() {
        return GROUPS * GROUP_LENGTH;
    }

    /** Returns an array of at least this length, with any content. */
    static byte[] acquire(int length) {
        int first = firstSlot();
        for (int slot = first; slot < first + GROUP_LENGTH; slot++) {
            byte[] array = SLOTS.getAndSet(slot, null);
            if (array != null) {
                if (array.length >= length) {
                    return array;
                }
                // Too short for what this thread does now: a longer one will take its place.
            }
        }
        return new byte[length];
    }

    /** Takes back an array without secrets, which the caller forgets. */
    static void release(byte[] array) {
        if (array.length > MAX_KEPT_LENGTH) {
            return;
        }
        int first = firstSlot();
        for (int slot = first; slot < first + GROUP_LENGTH; slot++) {
            if (SLOTS.compareAndSet(slot, null, array)) {
                return;
            }
        }
    }

    /** A thread returns to its own slots, of which it needs one to send and one to receive. */
    @SuppressWarnings("deprecation") // The replacement came with JDK 19.
    private static int firstSlot() {
        return (int) (Thread.currentThread().getId() & (GROUPS - 1)) * GROUP_LENGTH;
    }

    private static final int GROUPS = 16;
    private static final int GROUP_LENGTH = 2;

    /** A chunk of a stream with everything around it, and room. */
    static final int MAX_KEPT_LENGTH = 64 * 1024;
}

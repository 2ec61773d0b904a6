package dev.securesession.transport;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A few arrays for messages that are sent or received, shared by all connections, so that a message allocates no array of its
 * own size and an idle connection holds none.
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
                // Too short for the messages of this thread: the longer array will replace it.
            }
        }
        return new byte[length];
    }

    /** Releases an array without secrets; the caller does not use it any more. */
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

    /**
     * Wipes an array up to the end of the payload in it, and releases it. Only who received the payload does this,
     * and only once: whoever acquires the array next may be another connection.
     */
    static void recycle(ByteBuffer received) {
        byte[] array = received.array();
        Arrays.fill(array, 0, received.arrayOffset() + received.limit(), (byte) 0);
        release(array);
    }

    /** Returns the first of the three slots of this thread: for a message to send, a message received, and its payload. */
    @SuppressWarnings("deprecation") // The replacement came with JDK 19.
    private static int firstSlot() {
        return (int) (Thread.currentThread().getId() & (GROUPS - 1)) * GROUP_LENGTH;
    }

    private static final int GROUPS = 16;
    private static final int GROUP_LENGTH = 3;

    /** Longer than a message with a whole chunk of a stream. */
    static final int MAX_KEPT_LENGTH = 64 * 1024;
}

package dev.securesession.internal.message;

import org.jspecify.annotations.Nullable;

/**
 * Remembers which message numbers were accepted among the newest ones: as many as its size, the highest included
 * (PROTOCOL.md D-1).
 *
 * <p>Numbers here are indices: 0 for the first message of the direction. While no message is missing, the highest index
 * describes the whole window; a bitmap exists only from a gap until the gap has left the window.
 *
 * <p>Not safe for use by several threads; its owner locks.
 */
final class ReplayWindow {
    private static final long NONE = -1;

    private final int size;
    private long highest;
    private boolean firstUnknown;
    private @Nullable Bitmap accepted;

    private ReplayWindow(int size, long highest, boolean firstUnknown) {
        this.size = size;
        this.highest = highest;
        this.firstUnknown = firstUnknown;
    }

    /** Returns the window of a direction in which no message was accepted yet. */
    static ReplayWindow empty(int size) {
        return new ReplayWindow(size, NONE, false);
    }

    /** Returns a window in which every index up to this one counts as accepted. */
    static ReplayWindow upTo(int size, long highest) {
        return new ReplayWindow(size, highest, false);
    }

    /** Returns a window that does not know whether index 0 was accepted; it accepts index 0 once (PROTOCOL.md S-2). */
    static ReplayWindow firstUnknown(int size) {
        return new ReplayWindow(size, NONE, true);
    }

    /** Tells whether an index is new, was seen, or is too old. Changes nothing. */
    Verdict check(long index) {
        if (index > highest) {
            return Verdict.NEW;
        }
        if (highest - index >= size) {
            return Verdict.TOO_OLD;
        }
        return isAccepted(index) ? Verdict.SEEN : Verdict.NEW;
    }

    /** Tells whether an index is exactly the next one. */
    boolean isNext(long index) {
        return index == highest + 1 || (firstUnknown && index == 1);
    }

    /** Accepts an index that {@link #check} called new. */
    void accept(long index) {
        if (index > highest) {
            moveTo(index);
        }
        firstUnknown = false;
        if (accepted != null) {
            accepted.set(index);
        }
    }

    /** The highest accepted index, or -1. */
    long highest() {
        return highest;
    }

    boolean isFirstUnknown() {
        return firstUnknown;
    }

    /**
     * Returns the accepted indices as a bitmap, for saving. Bit i, counted from the lowest bit of the first byte, is one if
     * the index {@code highest - i} was accepted. Bits of the last byte beyond the window are ones: a larger window that is
     * restored from the bitmap does not accept those indices either.
     */
    byte[] toBitmap() {
        byte[] bitmap = new byte[(size + 7) / 8];
        for (int i = 0; i < bitmap.length * 8; i++) {
            if (i >= size || i > highest || isAccepted(highest - i)) {
                bitmap[i / 8] |= (byte) (1 << i % 8);
            }
        }
        return bitmap;
    }

    /** Restores a window, whose size may be new; indices that the bitmap does not cover count as accepted. */
    static ReplayWindow restore(int size, long highest, boolean firstUnknown, byte[] bitmap) {
        ReplayWindow window = new ReplayWindow(size, highest, firstUnknown);
        for (int i = 0; i < size && i <= highest && i < bitmap.length * 8; i++) {
            if ((bitmap[i / 8] >> i % 8 & 1) == 0) {
                window.forgetAccepted(highest - i);
            }
        }
        return window;
    }

    private boolean isAccepted(long index) {
        return accepted == null || accepted.get(index);
    }

    private void forgetAccepted(long index) {
        Bitmap bitmap = bitmap();
        bitmap.clear(index);
        bitmap.lastMissing = Math.max(bitmap.lastMissing, index);
    }

    private void moveTo(long index) {
        if (index > highest + 1) {
            Bitmap bitmap = bitmap();
            bitmap.lastMissing = index - 1;
            bitmap.grow(highest, index);
        } else if (accepted != null && index - accepted.lastMissing >= size) {
            accepted = null;
        } else if (accepted != null) {
            accepted.grow(highest, index);
        }
        highest = index;
    }

    /** Returns the bitmap, made on first use, in which every index up to the highest is accepted. */
    private Bitmap bitmap() {
        if (accepted == null) {
            accepted = new Bitmap(size);
            for (long index = Math.max(0, highest - size + 1); index <= highest; index++) {
                accepted.set(index);
            }
        }
        return accepted;
    }

    /** The accepted indices as bits, in blocks of 64 that are used again as the window moves. */
    private static final class Bitmap {
        final long[] blocks;
        long lastMissing = NONE;

        Bitmap(int size) {
            // One block more than the window needs, because its newest block is only partly in use.
            blocks = new long[Integer.highestOneBit((size >> 6) + 1) << 1];
        }

        boolean get(long index) {
            return (blocks[place(index >> 6)] >>> index & 1) != 0;
        }

        void set(long index) {
            blocks[place(index >> 6)] |= 1L << index;
        }

        void clear(long index) {
            blocks[place(index >> 6)] &= ~(1L << index);
        }

        /** Clears the blocks that the window enters when the highest index grows. */
        void grow(long highest, long index) {
            long to = index >> 6;
            long from = Math.max((highest >> 6) + 1, to - blocks.length + 1);
            for (long block = from; block <= to; block++) {
                blocks[place(block)] = 0;
            }
        }

        private int place(long block) {
            return (int) (block & blocks.length - 1);
        }
    }

    /** The result of checking an index. */
    enum Verdict {
        NEW,
        SEEN,
        TOO_OLD
    }
}

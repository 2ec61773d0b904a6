package dev.securesession.internal.message;

import org.jspecify.annotations.Nullable;

/**
 * Remembers which message numbers were accepted among the newest ones: as many as its size, the highest included
 * (PROTOCOL.md D-1).
 *
 * <p>Numbers here are indices: 0 for the first message of the direction. While nothing is missing the highest index says
 * it all; a bitmap exists only from a gap until the gap has left the window.
 *
 * <p>Not safe for use by several threads; its owner locks.
 */
final class ReplayWindow {
    private static final long NONE = -1;

    private final int size;
    private long highest;
    private boolean firstUnknown;
    private long lastMissing = NONE;
    private long @Nullable [] accepted;

    private ReplayWindow(int size, long highest, boolean firstUnknown) {
        this.size = size;
        this.highest = highest;
        this.firstUnknown = firstUnknown;
    }

    /** A window of a direction in which nothing was accepted yet. */
    static ReplayWindow empty(int size) {
        return new ReplayWindow(size, NONE, false);
    }

    /** A window in which everything up to an index counts as accepted. */
    static ReplayWindow upTo(int size, long highest) {
        return new ReplayWindow(size, highest, false);
    }

    /** A window of which nobody knows whether index 0 was accepted; it will be, once (PROTOCOL.md S-2). */
    static ReplayWindow firstUnknown(int size) {
        return new ReplayWindow(size, NONE, true);
    }

    /** Tells what an index is to this window, and changes nothing. */
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
            mark(index);
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
     * Returns which of the indices from the highest down were accepted, one bit each, for saving: bit i of the array
     * (lowest bit of the first byte first) is the index {@code highest - i}. Bits of the last byte that are behind the
     * window are ones: those indices are not accepted any more, in a larger window neither.
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

    /** Restores a window, perhaps of another size; what the bitmap does not cover counts as accepted. */
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
        return accepted == null || (accepted[block(accepted, index)] >>> index & 1) != 0;
    }

    private void mark(long index) {
        long[] bits = bitmap();
        bits[block(bits, index)] |= 1L << index;
    }

    private void forgetAccepted(long index) {
        long[] bits = bitmap();
        bits[block(bits, index)] &= ~(1L << index);
        lastMissing = Math.max(lastMissing, index);
    }

    private void moveTo(long index) {
        boolean gap = index > highest + 1;
        if (gap) {
            long[] bits = bitmap();
            lastMissing = index - 1;
            clearBlocks(bits, index);
        } else if (accepted != null && index - lastMissing >= size) {
            accepted = null;
        } else if (accepted != null) {
            clearBlocks(accepted, index);
        }
        highest = index;
    }

    /** Clears the blocks that the window enters when the highest index grows. */
    private void clearBlocks(long[] bits, long index) {
        long from = (highest >> 6) + 1;
        long to = index >> 6;
        if (to - from >= bits.length) {
            from = to - bits.length + 1;
        }
        for (long block = from; block <= to; block++) {
            bits[(int) (block & bits.length - 1)] = 0;
        }
    }

    /** The bitmap, made on first need with everything up to the highest index accepted. */
    private long[] bitmap() {
        if (accepted == null) {
            // One block more than the window fills: the newest block is not full yet.
            int blocks = Integer.highestOneBit((size >> 6) + 1) << 1;
            accepted = new long[blocks];
            for (long index = Math.max(0, highest - size + 1); index <= highest; index++) {
                mark(index);
            }
        }
        return accepted;
    }

    private static int block(long[] bits, long index) {
        return (int) (index >> 6 & bits.length - 1);
    }

    /** What an index is to a window. */
    enum Verdict {
        NEW,
        SEEN,
        TOO_OLD
    }
}

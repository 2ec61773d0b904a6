package dev.securesession.testkit;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A stream that gives out a few bytes at a time however many are asked for, as a network may do. What reads messages from
 * streams must put them together the same for all sizes from 1 on. For use by one thread.
 */
public final class ChoppedInputStream extends FilterInputStream {
    private final int[] sizes;
    private int reads;

    /**
     * Makes a stream of pieces.
     *
     * @param in the bytes; closed with this stream
     * @param sizes how many bytes a read yields at most, 1 or more each: the first for the first read, and so on, then from
     *     the beginning again
     */
    public ChoppedInputStream(InputStream in, int... sizes) {
        super(in);
        if (sizes.length == 0) {
            throw new IllegalArgumentException("no sizes; name one or more");
        }
        for (int size : sizes) {
            if (size < 1) {
                throw new IllegalArgumentException("pieces of " + size + " bytes; they must be 1 or more");
            }
        }
        this.sizes = sizes.clone();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int size = sizes[reads % sizes.length];
        reads++;
        return super.read(target, offset, Math.min(length, size));
    }

    /** Says that nothing is there yet, so that buffers do not read on by themselves. */
    @Override
    public int available() {
        return 0;
    }
}

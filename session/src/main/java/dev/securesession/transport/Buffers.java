package dev.securesession.transport;

import java.nio.Buffer;

/** Methods of {@link Buffer} called through that type, because Android 8 does not have them in its subclasses. */
final class Buffers {
    private Buffers() {}

    static void position(Buffer buffer, int position) {
        buffer.position(position);
    }

    static void limit(Buffer buffer, int limit) {
        buffer.limit(limit);
    }

    static void clear(Buffer buffer) {
        buffer.clear();
    }

    static void flip(Buffer buffer) {
        buffer.flip();
    }
}

package com.cossacklabs.themis;

import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;

/** Refuses arguments in the words of the original. */
@NullMarked
final class Arguments {
    private static final byte[] NONE = {};

    private Arguments() {}

    static void requireBytes(byte @Nullable [] bytes, String name) {
        if (bytes == null) {
            throw new NullArgumentException(name + " cannot be null");
        }
        if (bytes.length == 0) {
            throw new InvalidArgumentException(name + " cannot be empty");
        }
    }

    static <T> T requireNonNull(@Nullable T argument, String message) {
        if (argument == null) {
            throw new NullArgumentException(message);
        }
        return argument;
    }

    /** No array and an empty one mean the same. */
    static byte[] orEmpty(byte @Nullable [] bytes) {
        return bytes == null ? NONE : bytes;
    }
}

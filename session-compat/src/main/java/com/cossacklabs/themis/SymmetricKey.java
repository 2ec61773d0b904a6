package com.cossacklabs.themis;

import java.security.SecureRandom;

/** The key of a {@link SecureCell}. */
public class SymmetricKey extends KeyBytes {
    /** Generates a key of 32 random bytes. */
    public SymmetricKey() {
        this(random());
    }

    /**
     * Copies a key.
     *
     * @param key 1 byte or more; should be 32 random ones
     * @throws NullArgumentException if there is no array
     * @throws InvalidArgumentException if the array is empty
     */
    public SymmetricKey(byte[] key) {
        super(key);
    }

    private static byte[] random() {
        byte[] key = new byte[LENGTH];
        new SecureRandom().nextBytes(key);
        return key;
    }

    private static final int LENGTH = 32;
}

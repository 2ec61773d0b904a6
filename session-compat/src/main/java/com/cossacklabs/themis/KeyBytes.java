package com.cossacklabs.themis;

/** The bytes of a key: its own copy, so that nobody changes it from outside. */
abstract class KeyBytes implements IKey {
    private final byte[] key;

    /**
     * Copies a key.
     *
     * @param key 1 byte or more; the caller's to wipe
     * @throws NullArgumentException if there is no array
     * @throws InvalidArgumentException if the array is empty
     */
    public KeyBytes(byte[] key) {
        Arguments.requireBytes(key, "key");
        this.key = key.clone();
    }

    @Override
    public byte[] toByteArray() {
        return key.clone();
    }

    /** The bytes themselves, for readers that neither keep nor change them. */
    final byte[] bytes() {
        return key;
    }
}

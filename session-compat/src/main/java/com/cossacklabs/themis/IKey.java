package com.cossacklabs.themis;

/** A key that can be written out as bytes. */
public interface IKey {
    /**
     * Returns the key as bytes.
     *
     * @return a new array, the caller's to keep
     */
    byte[] toByteArray();
}

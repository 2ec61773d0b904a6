package com.cossacklabs.themis;

/** One half of a key pair. */
public abstract class AsymmetricKey extends KeyBytes {
    /** Asks for an elliptic-curve key pair. */
    public static final int KEYTYPE_EC = 0;

    /** Asks for an RSA key pair, for {@link SecureMessage}; sessions have never taken RSA keys. */
    public static final int KEYTYPE_RSA = 1;

    /**
     * Copies an encoded key.
     *
     * @param key the whole container
     * @throws NullArgumentException if there is no array
     * @throws InvalidArgumentException if the array is empty
     */
    public AsymmetricKey(byte[] key) {
        super(key);
    }
}

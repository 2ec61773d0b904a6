package com.cossacklabs.themis;

/** Encrypted data, and what belongs to it but is kept elsewhere. */
public class SecureCellData {
    private final byte[] protectedData;
    private final byte[] additionalData;

    /**
     * Puts both together.
     *
     * @param protectedData encrypted data; not copied
     * @param additionalData the token in Token Protect mode, otherwise {@code null}; not copied
     */
    public SecureCellData(byte[] protectedData, byte[] additionalData) {
        this.protectedData = protectedData;
        this.additionalData = additionalData;
    }

    /**
     * Returns the encrypted data.
     *
     * @return the array itself
     */
    public byte[] getProtectedData() {
        return protectedData;
    }

    /**
     * Returns the token.
     *
     * @return the array itself, or {@code null} in other modes than Token Protect
     */
    public byte[] getAdditionalData() {
        return additionalData;
    }

    /**
     * Tells whether there is a token.
     *
     * @return true in Token Protect mode
     */
    public boolean hasAdditionalData() {
        return additionalData != null;
    }

    /**
     * Returns the encrypted data, for destructuring in Kotlin.
     *
     * @return the array itself
     */
    public byte[] component1() {
        return protectedData;
    }

    /**
     * Returns the token, for destructuring in Kotlin.
     *
     * @return the array itself, or {@code null}
     */
    public byte[] component2() {
        return additionalData;
    }
}

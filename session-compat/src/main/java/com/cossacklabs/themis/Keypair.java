package com.cossacklabs.themis;

/** A private key and the public key that belongs to it. */
public class Keypair {
    private final PrivateKey privateKey;
    private final PublicKey publicKey;

    /**
     * Puts two keys together; whether they belong together is not looked at.
     *
     * @param privateKey the key to keep
     * @param publicKey the key to give to peers
     */
    public Keypair(PrivateKey privateKey, PublicKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
    }

    /**
     * Returns the key to keep.
     *
     * @return the private key
     */
    public PrivateKey getPrivateKey() {
        return privateKey;
    }

    /**
     * Returns the key to give to peers.
     *
     * @return the public key
     */
    public PublicKey getPublicKey() {
        return publicKey;
    }
}

package dev.securesession;

/**
 * A new identity: the private key that a peer keeps and the public key that it gives to others.
 *
 * <pre>{@code
 * IdentityKeyPair pair = IdentityKeyPair.generate();
 * byte[] keepSafe = pair.privateKey().encodeSecret();
 * byte[] giveToPeers = pair.publicKey().encode();
 * }</pre>
 */
public final class IdentityKeyPair {
    private final IdentityPrivateKey privateKey;

    private IdentityKeyPair(IdentityPrivateKey privateKey) {
        this.privateKey = privateKey;
    }

    /**
     * Generates a key pair on P-256, which every peer understands, with the providers that the platform prefers.
     *
     * @return a new pair
     */
    public static IdentityKeyPair generate() {
        return generate(Curve.P256);
    }

    /**
     * Generates a key pair on a curve, with the providers that the platform prefers.
     *
     * @param curve the curve of the keys
     * @return a new pair
     */
    public static IdentityKeyPair generate(Curve curve) {
        return generate(curve, CryptoProviders.platform());
    }

    /**
     * Generates a key pair on a curve, with these providers.
     *
     * @param curve the curve of the keys
     * @param crypto the provider that generates and the source of random numbers
     * @return a new pair
     * @throws java.security.ProviderException if the provider does not export the private keys that it generates: generate the key
     *     there and use it by {@link LocalIdentity#of(PeerId, java.security.PrivateKey, IdentityPublicKey)}
     */
    public static IdentityKeyPair generate(Curve curve, CryptoProviders crypto) {
        return new IdentityKeyPair(IdentityPrivateKey.generated(crypto.suite(), curve));
    }

    /**
     * Returns the key to keep.
     *
     * @return the private key, the caller's to destroy
     */
    public IdentityPrivateKey privateKey() {
        return privateKey;
    }

    /**
     * Returns the key to give to peers.
     *
     * @return the public key
     */
    public IdentityPublicKey publicKey() {
        return privateKey.publicKey();
    }

    /**
     * Names the pair by its public key.
     *
     * @return a description without the private key
     */
    @Override
    public String toString() {
        return "key pair of " + publicKey();
    }
}

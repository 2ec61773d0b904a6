package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.SigningKey;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;

/**
 * The identity of this peer: an id, the public key that other peers have for the id, and a way to sign with the private
 * key.
 *
 * <p>Instances are immutable and safe for use by several threads. PROTOCOL.md C-3.
 */
public final class LocalIdentity {
    private final PeerId id;
    private final IdentityPublicKey publicKey;
    private final Signing signing;

    private LocalIdentity(PeerId id, IdentityPublicKey publicKey, Signing signing) {
        this.id = id;
        this.publicKey = publicKey;
        this.signing = signing;
    }

    /**
     * Returns an identity whose private key is in memory.
     *
     * @param id the name that peers look up the public key by
     * @param privateKey the key; must not be destroyed before the configurations with this identity are made
     * @return the identity
     */
    public static LocalIdentity of(PeerId id, IdentityPrivateKey privateKey) {
        return new LocalIdentity(id, privateKey.publicKey(), privateKey::signingKey);
    }

    /**
     * Returns an identity whose private key is a JCA key, which may stay in a PKCS#11 token, a key store or a key management
     * service. Its provider must be installed ({@code Security.addProvider}). Signs once, to check that the keys belong
     * together.
     *
     * @param id the name that peers look up the public key by
     * @param privateKey a key that {@code SHA256withECDSA} takes
     * @param publicKey the public key that belongs to it
     * @return the identity
     * @throws KeyRejectedException if the keys do not belong together, or the private one is no elliptic-curve key
     * @throws java.security.ProviderException if the key cannot sign: see the cause, from the provider of the key
     */
    public static LocalIdentity of(PeerId id, PrivateKey privateKey, IdentityPublicKey publicKey)
            throws KeyRejectedException {
        if (!privateKey.getAlgorithm().equals("EC")
                && !privateKey.getAlgorithm().equals("ECDSA")) {
            throw JcaKeys.unsupported(privateKey);
        }
        SigningKey signingKey = new SigningKey(privateKey, EcDomain.of(publicKey.curve()), null);
        byte[] probe = PROBE.getBytes(StandardCharsets.US_ASCII);
        if (!CryptoProviders.platform().suite().ecdsa().verify(publicKey.key(), signingKey.sign(probe), probe)) {
            throw new KeyRejectedException(
                    KeyRejectedException.Reason.MISMATCH, "a private key that does not belong to " + publicKey);
        }
        return new LocalIdentity(id, publicKey, suite -> signingKey);
    }

    /**
     * Returns the id by which peers look up the public key.
     *
     * @return the id
     */
    public PeerId id() {
        return id;
    }

    /**
     * Returns the public key, which peers must have.
     *
     * @return the public key
     */
    public IdentityPublicKey publicKey() {
        return publicKey;
    }

    @Override
    public String toString() {
        return id + " (" + publicKey + ")";
    }

    SigningKey signingKey(CryptoSuite suite) {
        return signing.with(suite);
    }

    /** Makes the signing key for a selection of providers. */
    private interface Signing {
        SigningKey with(CryptoSuite suite);
    }

    /** Never part of a handshake, in which signed data begins with a key container. */
    private static final String PROBE = "Secure Session: do these keys belong together?";
}

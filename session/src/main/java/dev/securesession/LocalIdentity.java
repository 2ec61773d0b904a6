package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.SigningKey;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;

/**
 * Who we are: an id, the public key that peers know by it, and a way to sign with the private one.
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
     * Returns an identity whose private key is any key that JCA can sign with, wherever it lives: a PKCS#11 token, a key
     * store, a key management service. Its provider must be installed ({@code Security.addProvider}). Signs once, to see
     * that the keys belong together.
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
        if (!CryptoProviders.platform().suite().verify(publicKey.key(), signingKey.sign(probe), probe)) {
            throw new KeyRejectedException(
                    KeyRejectedException.Reason.MISMATCH, "a private key that does not belong to " + publicKey);
        }
        return new LocalIdentity(id, publicKey, suite -> signingKey);
    }

    /**
     * Returns the name that peers look us up by.
     *
     * @return the id
     */
    public PeerId id() {
        return id;
    }

    /**
     * Returns the key that peers must have for us.
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

    /** Makes what signs, for a choice of providers. */
    private interface Signing {
        SigningKey with(CryptoSuite suite);
    }

    /** Never a part of a handshake: those signatures begin with a key container. */
    private static final String PROBE = "Secure Session: do these keys belong together?";
}

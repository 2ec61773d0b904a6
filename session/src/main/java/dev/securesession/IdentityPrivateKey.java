package dev.securesession;

import dev.securesession.KeyRejectedException.Reason;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcDomain;
import dev.securesession.internal.crypto.EcKeys;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.PublicKeyOfScalar;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.crypto.SigningKey;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.keys.KeyFormat;
import dev.securesession.internal.keys.KeyText;
import dev.securesession.internal.keys.Pem;
import dev.securesession.internal.keys.SubjectPublicKeyInfo;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.ProviderException;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.function.Function;
import javax.security.auth.Destroyable;

/**
 * The private key with which a peer proves its identity, in memory. For keys that stay in a token, a key store or a
 * service see {@link LocalIdentity#of(PeerId, PrivateKey, IdentityPublicKey)}.
 *
 * <p>Safe for use by several threads. Destroy the instance when no further {@link SessionConfig} is made from it.
 *
 * <p>PROTOCOL.md, section 3; M-1.
 */
public final class IdentityPrivateKey implements Destroyable {
    private final DestroyableSecret scalar;
    private final IdentityPublicKey publicKey;

    /** Takes over the scalar. */
    private IdentityPrivateKey(Secret scalar, IdentityPublicKey publicKey) {
        this.scalar = new DestroyableSecret(scalar, "private key");
        this.publicKey = publicKey;
    }

    /** Takes over the scalar and computes the public key. */
    private static IdentityPrivateKey of(Curve curve, Secret scalar) {
        EcPublicKey publicKey =
                PublicKeyOfScalar.compute(CryptoProviders.platform().suite(), curve, scalar);
        return new IdentityPrivateKey(scalar, new IdentityPublicKey(publicKey));
    }

    static IdentityPrivateKey generated(CryptoSuite suite, Curve curve) {
        KeyPair pair = suite.keys().generate(curve);
        if (!(pair.getPrivate() instanceof ECPrivateKey privateKey)) {
            throw new ProviderException("the EC provider does not export the private keys that it generates");
        }
        Secret scalar = EcKeys.scalarOf(curve, privateKey);
        return new IdentityPrivateKey(scalar, new IdentityPublicKey(EcKeys.publicKeyOf(curve, pair)));
    }

    /**
     * Reads a key in any format: the container of Themis peers, PEM, PKCS#8, or text in base64 or hexadecimal of one of
     * these.
     *
     * @param encoded the whole key; not kept, the caller's to wipe
     * @return the key
     * @throws KeyRejectedException if it is anything else; the message names the format that it has. If the key is sealed
     *     ({@link Reason#SEALED}), read it with its sealer.
     */
    public static IdentityPrivateKey read(byte[] encoded) throws KeyRejectedException {
        byte[] binary = KeyText.decode(encoded);
        try {
            KeyFormat format = KeyFormat.of(binary);
            return switch (format) {
                case PRIVATE_CONTAINER, PUBLIC_CONTAINER -> decode(binary);
                case PRIVATE_PEM, PUBLIC_PEM, OTHER_PEM -> ofPem(binary);
                case PKCS8 -> ofPkcs8(binary);
                default -> throw format.insteadOf(KeyFormat.Kind.PRIVATE);
            };
        } finally {
            Arrays.fill(binary, (byte) 0);
        }
    }

    /**
     * Reads a key in any format, sealed or not.
     *
     * <pre>{@code
     * Sealer sealer = Sealer.withPassphrase(passphrase);
     * IdentityPrivateKey key = IdentityPrivateKey.read(Files.readAllBytes(file), sealer);
     * }</pre>
     *
     * @param encoded the whole key as {@link #read(byte[])} takes it, perhaps sealed without a context; not kept, the
     *     caller's to wipe
     * @param sealer opens a sealed key; not used for another one
     * @return the key
     * @throws KeyRejectedException if it is no private key; the message names the format that it has
     * @throws SealedDataException if the key is sealed and does not open: try another passphrase
     * @throws IllegalStateException if the key is sealed and the sealer was destroyed
     */
    public static IdentityPrivateKey read(byte[] encoded, Sealer sealer)
            throws KeyRejectedException, SealedDataException {
        byte[] opened = sealer.opened(encoded);
        try {
            return read(opened);
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    /**
     * Reads a key in the container that Themis peers use ({@code REC2}, {@code REC3} or {@code REC5}).
     *
     * @param encoded the whole container; not kept, the caller's to wipe
     * @return the key
     * @throws KeyRejectedException if it is anything else: get an elliptic-curve private key
     */
    public static IdentityPrivateKey decode(byte[] encoded) throws KeyRejectedException {
        KeyContainer.PrivateScalar key = KeyContainer.readPrivate(encoded);
        return of(key.curve(), key.scalar());
    }

    /**
     * Reads a key in PKCS#8 (DER, a named curve, not encrypted).
     *
     * @param encoded the whole structure; not kept, the caller's to wipe
     * @return the key
     * @throws KeyRejectedException if it is anything else: get an elliptic-curve private key
     */
    public static IdentityPrivateKey ofPkcs8(byte[] encoded) throws KeyRejectedException {
        PrivateKey key;
        try {
            key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (GeneralSecurityException e) {
            if (KeyFormat.of(encoded) == KeyFormat.PKCS8 && SubjectPublicKeyInfo.mentionsRsa(encoded)) {
                throw new KeyRejectedException(Reason.RSA, "an RSA key; sessions take elliptic-curve keys only");
            }
            // Without the cause, which may quote what it could not read.
            throw KeyFormat.refusal(
                    encoded,
                    KeyFormat.PKCS8,
                    encoded.length + " bytes that are no elliptic-curve private key in PKCS#8");
        }
        return ofJca(key);
    }

    /**
     * Reads a key as OpenSSL writes it: PEM with the label {@code PRIVATE KEY}, which is PKCS#8 in base64.
     *
     * @param pem the text as ASCII, with exactly one such block; not kept, the caller's to wipe
     * @return the key
     * @throws KeyRejectedException if it is anything else; the message names the command that converts it
     */
    public static IdentityPrivateKey ofPem(byte[] pem) throws KeyRejectedException {
        byte[] pkcs8 = Pem.decode(pem, Pem.PRIVATE_KEY);
        try {
            return ofPkcs8(pkcs8);
        } finally {
            Arrays.fill(pkcs8, (byte) 0);
        }
    }

    /**
     * Copies the key out of a JCA key. Keys that cannot leave their token or service are used where they are:
     * {@link LocalIdentity#of(PeerId, PrivateKey, IdentityPublicKey)}.
     *
     * @param key an elliptic-curve key on one of the curves of {@link Curve}, in memory
     * @return the key
     * @throws KeyRejectedException if it is another kind of key, or one that cannot be exported
     */
    public static IdentityPrivateKey ofJca(PrivateKey key) throws KeyRejectedException {
        if (!(key instanceof ECPrivateKey ecKey)) {
            if (key.getAlgorithm().equals("EC")) {
                throw new KeyRejectedException(
                        Reason.UNSUPPORTED,
                        "a private key that cannot be exported; use LocalIdentity.of with it and its public key");
            }
            throw JcaKeys.unsupported(key);
        }
        Curve curve = JcaKeys.curve(ecKey.getParams());
        if (!EcDomain.of(curve).isScalar(ecKey.getS())) {
            throw new KeyRejectedException(
                    Reason.INVALID, "a private key on " + curve + " that is zero or not below the order of the curve");
        }
        return of(curve, EcKeys.scalarOf(curve, ecKey));
    }

    /**
     * Returns the secret key in the container that Themis peers read.
     *
     * @return a new array of 45, 61 or 79 bytes, the caller's to guard and wipe
     * @throws IllegalStateException if the key was destroyed
     */
    public byte[] encodeSecret() {
        return withScalar(copy -> KeyContainer.write(curve(), copy));
    }

    /**
     * Returns the secret key in PKCS#8, not encrypted.
     *
     * @return a new array, the caller's to guard and wipe
     * @throws IllegalStateException if the key was destroyed
     */
    public byte[] encodeSecretPkcs8() {
        CryptoSuite suite = CryptoProviders.platform().suite();
        PrivateKey key = withScalar(copy -> suite.keys().importScalar(curve(), copy));
        byte[] encoded = key.getEncoded();
        if (encoded == null) {
            throw new ProviderException("the EC provider of the platform exports no keys");
        }
        return encoded;
    }

    /**
     * Returns the secret key as OpenSSL reads it, not encrypted.
     *
     * @return ASCII that ends with a line feed; a new array, the caller's to guard and wipe
     * @throws IllegalStateException if the key was destroyed
     */
    public byte[] encodeSecretPem() {
        byte[] pkcs8 = encodeSecretPkcs8();
        try {
            return Pem.encode(Pem.PRIVATE_KEY, pkcs8);
        } finally {
            Arrays.fill(pkcs8, (byte) 0);
        }
    }

    /**
     * Returns the public key that belongs to this one.
     *
     * @return the key to give to peers
     */
    public IdentityPublicKey publicKey() {
        return publicKey;
    }

    /**
     * Returns the curve that the key is on.
     *
     * @return the curve
     */
    public Curve curve() {
        return publicKey.curve();
    }

    /** Wipes the key. Configurations that were made with it keep what they need. May be called twice. */
    @Override
    public void destroy() {
        scalar.destroy();
    }

    @Override
    public boolean isDestroyed() {
        return scalar.isDestroyed();
    }

    /**
     * Names the key by its public half.
     *
     * @return a description without the secret
     */
    @Override
    public String toString() {
        return (isDestroyed() ? "destroyed private key of " : "private key of ") + publicKey;
    }

    SigningKey signingKey(CryptoSuite suite) {
        return withScalar(copy -> suite.ecdsa().signingKey(curve(), suite.keys().importScalar(curve(), copy)));
    }

    /** Agrees on the x coordinate of the common point with a key on the same curve; the caller's to wipe. */
    Secret agree(CryptoSuite suite, EcPublicKey peer) {
        return withScalar(copy -> suite.ecdh().agree(suite.keys().importScalar(peer.curve(), copy), peer));
    }

    private <T> T withScalar(Function<Secret, T> use) {
        Secret copy = scalar.copy();
        try {
            return use.apply(copy);
        } finally {
            copy.wipe();
        }
    }
}

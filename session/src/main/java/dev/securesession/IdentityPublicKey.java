package dev.securesession;

import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.InvalidPointException;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.keys.KeyFormat;
import dev.securesession.internal.keys.KeyText;
import dev.securesession.internal.keys.Pem;
import dev.securesession.internal.keys.SubjectPublicKeyInfo;
import java.nio.charset.StandardCharsets;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.util.Arrays;
import java.util.Base64;

/**
 * The public key by which a peer is known: a valid point on P-256, P-384 or P-521.
 *
 * <p>Every key was checked to be on its curve, whatever its encoding. Instances are immutable and safe for use by several
 * threads. Keep an instance rather than its bytes: providers verify faster with a key that they have used before.
 *
 * <p>PROTOCOL.md, section 3; C-1, C-6.
 */
public final class IdentityPublicKey {
    private final EcPublicKey key;

    IdentityPublicKey(EcPublicKey key) {
        this.key = key;
    }

    /**
     * Reads a key in any format: the container of Themis peers, PEM, X.509, or text in base64 or hexadecimal of one of
     * these.
     *
     * @param encoded the whole key; not kept
     * @return the key
     * @throws KeyRejectedException if it is anything else; the message names the format that it has
     */
    public static IdentityPublicKey read(byte[] encoded) throws KeyRejectedException {
        byte[] binary = KeyText.decode(encoded);
        try {
            KeyFormat format = KeyFormat.of(binary);
            return switch (format) {
                case PRIVATE_CONTAINER, PUBLIC_CONTAINER -> decode(binary);
                case PRIVATE_PEM, PUBLIC_PEM, OTHER_PEM -> ofX509(Pem.decode(binary, Pem.PUBLIC_KEY));
                case X509 -> ofX509(binary);
                default -> throw format.insteadOf(KeyFormat.Kind.PUBLIC);
            };
        } finally {
            Arrays.fill(binary, (byte) 0); // It may be a private key.
        }
    }

    /**
     * Reads a key in any format, sealed or not.
     *
     * @param encoded the whole key as {@link #read(byte[])} takes it, perhaps sealed without a context; not kept
     * @param sealer opens a sealed key; not used for another one
     * @return the key
     * @throws KeyRejectedException if it is no public key; the message names the format that it has
     * @throws SealedDataException if the key is sealed and does not open: try another passphrase
     * @throws IllegalStateException if the key is sealed and the sealer was destroyed
     */
    public static IdentityPublicKey read(byte[] encoded, Sealer sealer)
            throws KeyRejectedException, SealedDataException {
        byte[] opened = sealer.opened(encoded);
        try {
            return read(opened);
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    /**
     * Reads a key in the container that Themis peers use ({@code UEC2}, {@code UEC3} or {@code UEC5}), its point
     * compressed or not.
     *
     * @param encoded the whole container; not kept
     * @return the key
     * @throws KeyRejectedException if it is anything else: ask its owner for an elliptic-curve public key
     */
    public static IdentityPublicKey decode(byte[] encoded) throws KeyRejectedException {
        return new IdentityPublicKey(KeyContainer.readPublic(encoded));
    }

    /**
     * Reads a key as X.509 has it (SubjectPublicKeyInfo in DER, a named curve), its point compressed or not.
     *
     * @param encoded the whole structure; not kept
     * @return the key
     * @throws KeyRejectedException if it is anything else: ask its owner for an elliptic-curve public key
     */
    public static IdentityPublicKey ofX509(byte[] encoded) throws KeyRejectedException {
        return new IdentityPublicKey(SubjectPublicKeyInfo.read(encoded));
    }

    /**
     * Reads a key as OpenSSL writes it: PEM with the label {@code PUBLIC KEY}.
     *
     * @param pem the text, with exactly one such block
     * @return the key
     * @throws KeyRejectedException if it is anything else: ask its owner for an elliptic-curve public key
     */
    public static IdentityPublicKey ofPem(String pem) throws KeyRejectedException {
        return ofX509(Pem.decode(pem.getBytes(StandardCharsets.UTF_8), Pem.PUBLIC_KEY));
    }

    /**
     * Returns the key of a JCA key, for example from a certificate or a key store.
     *
     * @param key an elliptic-curve key on one of the curves of {@link Curve}
     * @return the key
     * @throws KeyRejectedException if it is another kind of key: sessions take no other
     */
    public static IdentityPublicKey ofJca(PublicKey key) throws KeyRejectedException {
        if (!(key instanceof ECPublicKey ecKey)) {
            throw JcaKeys.unsupported(key);
        }
        Curve curve = JcaKeys.curve(ecKey.getParams());
        try {
            return new IdentityPublicKey(EcPublicKey.of(curve, ecKey.getW()));
        } catch (InvalidPointException e) {
            throw new KeyRejectedException(
                    KeyRejectedException.Reason.INVALID, "a public key with " + e.getMessage(), e);
        }
    }

    /**
     * Returns the key in the container that Themis peers read, its point compressed as they write it.
     *
     * @return a new array of 45, 61 or 79 bytes, the caller's to keep
     */
    public byte[] encode() {
        return KeyContainer.write(key);
    }

    /**
     * Returns the key in the same container with its point not compressed.
     *
     * @return a new array of 77, 109 or 145 bytes, the caller's to keep
     */
    public byte[] encodeUncompressed() {
        return KeyContainer.writeUncompressed(key);
    }

    /**
     * Returns the key as X.509 has it, its point not compressed.
     *
     * @return a new array, the caller's to keep
     */
    public byte[] encodeX509() {
        return SubjectPublicKeyInfo.write(key);
    }

    /**
     * Returns the key as OpenSSL reads it.
     *
     * @return text that ends with a line feed
     */
    public String encodePem() {
        return new String(Pem.encode(Pem.PUBLIC_KEY, encodeX509()), StandardCharsets.US_ASCII);
    }

    /**
     * Returns the key as a JCA key of the provider that the platform prefers.
     *
     * @return a key for {@code Signature} and other JCA classes
     */
    public ECPublicKey toJca() {
        return (ECPublicKey) key.toJca(CryptoProviders.platform().ec());
    }

    /**
     * Returns the curve that the key is on.
     *
     * @return the curve
     */
    public Curve curve() {
        return key.curve();
    }

    /**
     * Returns a short form of the key for people to compare: {@code SHA256:} and the digest of its compressed container
     * in base64 without padding.
     *
     * @return 50 characters; equal for equal keys, whatever their encoding
     */
    public String fingerprint() {
        return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(fingerprintBytes());
    }

    /**
     * Returns the digest that {@link #fingerprint()} contains.
     *
     * @return a new array of 32 bytes
     */
    public byte[] fingerprintBytes() {
        return KeyContainer.fingerprint(key);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof IdentityPublicKey that && key.equals(that.key);
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }

    @Override
    public String toString() {
        return curve() + " " + fingerprint();
    }

    EcPublicKey key() {
        return key;
    }
}

package dev.securesession;

import dev.securesession.internal.crypto.SigningKey;
import dev.securesession.internal.wire.SignedMessage;

/**
 * Signs messages with an identity key, outside any session, in the form that Themis peers call Secure Message.
 *
 * <pre>{@code
 * byte[] signed = MessageSigner.of(privateKey).sign(message);
 * byte[] message = MessageVerifier.of(publicKey).verify(signed);
 * }</pre>
 *
 * <p>A signed message proves to everybody, and for good, that the owner of the key has signed it at some time. It is not
 * encrypted, names neither a time nor a recipient, and can be replayed: add to the message what the reader must know.
 * Sessions do all of this; prefer them where both peers are online.
 *
 * <p>The signature of a message is never valid in a handshake with the same key, and that of a handshake never for a message:
 * messages that a handshake could sign are refused (PROTOCOL.md C-7).
 *
 * <p>Instances are immutable. They are safe for use by several threads if the provider of the key is.
 *
 * <p>docs/signed-and-sealed-messages.md.
 */
public final class MessageSigner {
    private final SigningKey key;
    private final IdentityPublicKey publicKey;

    private MessageSigner(SigningKey key, IdentityPublicKey publicKey) {
        this.key = key;
        this.publicKey = publicKey;
    }

    /**
     * Returns a signer with a key in memory and the providers that the platform prefers.
     *
     * @param key the key; the signer can still sign after this key was destroyed
     * @return the signer
     * @throws IllegalStateException if the key was destroyed
     */
    public static MessageSigner of(IdentityPrivateKey key) {
        return of(key, CryptoProviders.platform());
    }

    /**
     * Returns a signer with a key in memory.
     *
     * @param key the key; the signer can still sign after this key was destroyed
     * @param crypto the providers that perform the cryptography
     * @return the signer
     * @throws IllegalStateException if the key was destroyed
     */
    public static MessageSigner of(IdentityPrivateKey key, CryptoProviders crypto) {
        return new MessageSigner(key.signingKey(crypto.suite()), key.publicKey());
    }

    /**
     * Returns a signer with the key of an identity, which may be in a token or a key management service.
     *
     * @param identity the identity; its id is not used
     * @param crypto the providers that perform the cryptography of keys in memory
     * @return the signer
     * @throws IllegalStateException if the key was destroyed
     */
    public static MessageSigner of(LocalIdentity identity, CryptoProviders crypto) {
        return new MessageSigner(identity.signingKey(crypto.suite()), identity.publicKey());
    }

    /**
     * Signs a message.
     *
     * @param message 1 byte or more; not kept
     * @return the message and its signature, at most 84 bytes longer with a key on P-256, 116 on P-384, 151 on P-521; a
     *     new array, the caller's to keep
     * @throws IllegalArgumentException if the message is empty, or begins with a key container of the tag {@code UEC2}, as
     *     the data that a handshake signs: put another byte in front of it
     * @throws java.security.ProviderException if the key cannot sign: see the cause, from the provider of the key
     */
    public byte[] sign(byte[] message) {
        if (message.length == 0) {
            throw new IllegalArgumentException("no message to sign; it needs at least 1 byte");
        }
        if (SignedMessage.couldBeHandshakeInput(message)) {
            throw new IllegalArgumentException("a message that begins with a UEC2 key container, as what a handshake"
                    + " signs does; put another byte in front of it (PROTOCOL.md C-7)");
        }
        return new SignedMessage(message, key.sign(message)).write();
    }

    /**
     * Names the key by its public half.
     *
     * @return a description without the secret
     */
    @Override
    public String toString() {
        return "message signer of " + publicKey;
    }
}

package com.cossacklabs.themis;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.MessageSigner;
import dev.securesession.MessageVerifier;
import dev.securesession.PairwiseSealer;
import dev.securesession.SealedDataException;
import dev.securesession.SecureSessionException;
import dev.securesession.compat.DropInProviders;
import java.security.GeneralSecurityException;
import java.security.ProviderException;

/**
 * Messages that belong to no session: signed with one key, or encrypted between two.
 *
 * <pre>{@code
 * byte[] signed = new SecureMessage(alicePrivate).sign(message);
 * byte[] message = new SecureMessage(alicePublic).verify(signed);
 *
 * byte[] encrypted = new SecureMessage(alicePrivate, bobPublic).wrap(message);
 * byte[] message = new SecureMessage(bobPrivate, alicePublic).unwrap(encrypted);
 * }</pre>
 *
 * <p>All keys of a call are of one kind: elliptic-curve keys on one curve, or RSA keys. What these messages lack:
 *
 * <ul>
 *   <li>No forward secrecy: whoever learns the private key of the receiver, or with elliptic curves of either peer, opens
 *       all messages, also older ones.
 *   <li>With RSA, encryption does not tell who sent a message: the key of the sender plays no part. With elliptic curves,
 *       the sender is one of the two.
 *   <li>Nothing tells an old message from a new one: each can be replayed.
 *   <li>A signature does not encrypt and names no receiver.
 * </ul>
 *
 * <p>{@link SecureSession} has none of these limits; it needs both peers online.
 *
 * <p>Stricter than the original: with elliptic-curve keys, a message that begins with a {@code UEC2} key container is
 * neither signed nor verified, because a handshake signs such bytes with the same key (PROTOCOL.md C-7).
 *
 * <p>Instances are immutable and safe for use by several threads. The format is specified in
 * docs/signed-and-sealed-messages.md.
 */
public class SecureMessage {
    private final PrivateKey privateKey;
    private final PublicKey peerPublicKey;

    /**
     * Makes an object that signs, and encrypts for peers that are named with each call.
     *
     * @param privateKey our own key
     * @throws NullArgumentException if there is no key
     */
    public SecureMessage(PrivateKey privateKey) {
        this.privateKey = required(privateKey);
        this.peerPublicKey = null;
    }

    /**
     * Makes an object that verifies.
     *
     * @param peerPublicKey the key of the signer
     * @throws NullArgumentException if there is no key
     */
    public SecureMessage(PublicKey peerPublicKey) {
        this.privateKey = null;
        this.peerPublicKey = required(peerPublicKey);
    }

    /**
     * Makes an object that signs, and verifies and encrypts with one peer.
     *
     * @param privateKey our own key
     * @param peerPublicKey the key of the peer
     * @throws NullArgumentException if a key is missing
     */
    public SecureMessage(PrivateKey privateKey, PublicKey peerPublicKey) {
        this.privateKey = required(privateKey);
        this.peerPublicKey = required(peerPublicKey);
    }

    /**
     * Encrypts a message for a peer.
     *
     * @param message 1 byte or more
     * @param peerPublicKey the key of the peer
     * @return the encrypted message: 52 bytes longer with elliptic-curve keys, 56 bytes and the modulus longer with RSA
     *     keys; a new array
     * @throws NullArgumentException if the message or a key is missing
     * @throws SecureMessageWrapException if the message is empty, or a key is no such key: the cause says why
     */
    public byte[] wrap(byte[] message, PublicKey peerPublicKey) throws SecureMessageWrapException {
        PrivateKey own = required(privateKey);
        PublicKey peer = required(peerPublicKey);
        requireMessage(message);
        return result(() -> useRsa(own, peer)
                ? RsaMessages.encrypt(peer.rsa(), message)
                : withSealer(own, peer, sealer -> sealer.seal(message)));
    }

    /**
     * Encrypts a message for the peer of this object.
     *
     * @param message 1 byte or more
     * @return the encrypted message, a new array
     * @throws NullArgumentException if the message or a key is missing
     * @throws SecureMessageWrapException if the message is empty, or a key is no such key: the cause says why
     */
    public byte[] wrap(byte[] message) throws SecureMessageWrapException {
        return wrap(message, peerPublicKey);
    }

    /**
     * Decrypts a message of a peer.
     *
     * @param message the encrypted message
     * @param peerPublicKey the key of the peer; with RSA keys any, as it plays no part
     * @return the message, a new array
     * @throws NullArgumentException if the message or a key is missing
     * @throws SecureMessageWrapException if it does not open: drop it
     */
    public byte[] unwrap(byte[] message, PublicKey peerPublicKey) throws SecureMessageWrapException {
        PrivateKey own = required(privateKey);
        PublicKey peer = required(peerPublicKey);
        requireMessage(message);
        return result(() -> useRsa(own, peer)
                ? RsaMessages.decrypt(own.rsa(), message)
                : withSealer(own, peer, sealer -> sealer.unseal(message)));
    }

    /**
     * Decrypts a message of the peer of this object.
     *
     * @param message the encrypted message
     * @return the message, a new array
     * @throws NullArgumentException if the message or a key is missing
     * @throws SecureMessageWrapException if it does not open: drop it
     */
    public byte[] unwrap(byte[] message) throws SecureMessageWrapException {
        return unwrap(message, peerPublicKey);
    }

    /**
     * Signs a message with our own key. The result contains the message as it is.
     *
     * @param message 1 byte or more; with an elliptic-curve key not one that begins with a {@code UEC2} key container
     * @return the message with its signature, a new array
     * @throws NullArgumentException if the message or the private key is missing
     * @throws SecureMessageWrapException if the message or the key cannot be used: the cause says why
     */
    public byte[] sign(byte[] message) throws SecureMessageWrapException {
        PrivateKey own = required(privateKey);
        requireMessage(message);
        return result(() -> own.isRsa()
                ? RsaMessages.sign(own.rsa(), message)
                : signer(own.identity()).sign(message));
    }

    /**
     * Verifies a signed message.
     *
     * @param message the signed message; bytes after the signature are ignored
     * @param peerPublicKey the key of the signer
     * @return the message without its signature, a new array
     * @throws NullArgumentException if the message or the key is missing
     * @throws SecureMessageWrapException if this key has not signed it: drop it
     */
    public byte[] verify(byte[] message, PublicKey peerPublicKey) throws SecureMessageWrapException {
        PublicKey peer = required(peerPublicKey);
        requireMessage(message);
        return result(() -> peer.isRsa()
                ? RsaMessages.verify(peer.rsa(), message)
                : MessageVerifier.of(peer.identity(), DropInProviders.current()).verify(message));
    }

    /**
     * Verifies a message that the peer of this object has signed.
     *
     * @param message the signed message; bytes after the signature are ignored
     * @return the message without its signature, a new array
     * @throws NullArgumentException if the message or the key is missing
     * @throws SecureMessageWrapException if this key has not signed it: drop it
     */
    public byte[] verify(byte[] message) throws SecureMessageWrapException {
        return verify(message, peerPublicKey);
    }

    private static MessageSigner signer(IdentityPrivateKey key) {
        return MessageSigner.of(key, DropInProviders.current());
    }

    /** Tells which kind both keys are of, and refuses two kinds. */
    private static boolean useRsa(PrivateKey own, PublicKey peer) {
        if (own.isRsa() != peer.isRsa()) {
            throw new IllegalArgumentException(
                    "one RSA key and one that is none; the keys of both ends must be of one kind");
        }
        return own.isRsa();
    }

    private static byte[] result(Work work) throws SecureMessageWrapException {
        try {
            return work.run();
        } catch (SecureSessionException | GeneralSecurityException | IllegalArgumentException | ProviderException e) {
            throw new SecureMessageWrapException(e);
        }
    }

    /** Uses the common secret of two keys, and wipes it. */
    private static byte[] withSealer(PrivateKey own, PublicKey peer, Sealing use)
            throws KeyRejectedException, SealedDataException {
        PairwiseSealer sealer = PairwiseSealer.of(own.identity(), peer.identity(), DropInProviders.current());
        try {
            return use.with(sealer);
        } finally {
            sealer.destroy();
        }
    }

    private interface Sealing {
        byte[] with(PairwiseSealer sealer) throws SealedDataException;
    }

    private static PrivateKey required(PrivateKey key) {
        return Arguments.requireNonNull(key, "private key cannot be null");
    }

    private static PublicKey required(PublicKey key) {
        return Arguments.requireNonNull(key, "public key cannot be null");
    }

    private static void requireMessage(byte[] message) throws SecureMessageWrapException {
        if (Arguments.requireNonNull(message, "message cannot be null").length == 0) {
            throw new SecureMessageWrapException("an empty message; it needs at least 1 byte");
        }
    }

    /** Makes a message or opens one, or says why not. */
    private interface Work {
        byte[] run() throws SecureSessionException, GeneralSecurityException, SecureMessageWrapException;
    }
}

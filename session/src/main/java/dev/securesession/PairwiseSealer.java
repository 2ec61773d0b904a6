package dev.securesession;

import dev.securesession.SealedDataException.Reason;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.wire.SealedMessage;
import javax.security.auth.Destroyable;

/**
 * Seals messages between the owners of two identity keys, outside any session, in the form that Themis peers call Secure
 * Message.
 *
 * <pre>{@code
 * byte[] sealed = PairwiseSealer.of(alicePrivate, bobPublic).seal(message);
 * byte[] message = PairwiseSealer.of(bobPrivate, alicePublic).unseal(sealed);
 * }</pre>
 *
 * <p>A message that opens was sealed by one of the two owners. Both have the same secret, so neither can prove to others
 * which of them it was. There is no forward secrecy: an attacker who learns one of the two private keys can open every
 * message between them, past and future, and can make new ones. A repeated message opens again. Sessions have none of these
 * limits; prefer them where both peers are online.
 *
 * <p>Instances are immutable and safe for use by several threads.
 *
 * <p>docs/signed-and-sealed-messages.md.
 */
public final class PairwiseSealer implements Destroyable {
    /** How many bytes longer a sealed message is than the message. */
    public static final int OVERHEAD = 52;

    private final Sealer sealer;
    private final IdentityPublicKey peer;

    private PairwiseSealer(Sealer sealer, IdentityPublicKey peer) {
        this.sealer = sealer;
        this.peer = peer;
    }

    /**
     * Returns a sealer between two keys, with the providers that the platform prefers.
     *
     * @param own our private key; the sealer keeps what it needs when the key is destroyed
     * @param peer the public key of the peer, on the same curve
     * @return the sealer
     * @throws IllegalArgumentException if the keys are on different curves: both peers need keys on the same one
     * @throws IllegalStateException if the private key was destroyed
     */
    public static PairwiseSealer of(IdentityPrivateKey own, IdentityPublicKey peer) {
        return of(own, peer, CryptoProviders.platform());
    }

    /**
     * Returns a sealer between two keys.
     *
     * @param own our private key; the sealer keeps what it needs when the key is destroyed
     * @param peer the public key of the peer, on the same curve
     * @param crypto the providers that perform the cryptography
     * @return the sealer
     * @throws IllegalArgumentException if the keys are on different curves: both peers need keys on the same one
     * @throws IllegalStateException if the private key was destroyed
     */
    public static PairwiseSealer of(IdentityPrivateKey own, IdentityPublicKey peer, CryptoProviders crypto) {
        if (own.curve() != peer.curve()) {
            throw new IllegalArgumentException("a private key on " + own.curve() + " and a public key on "
                    + peer.curve() + "; both must be on the same curve");
        }
        return new PairwiseSealer(Sealer.withSecret(own.agree(crypto.suite(), peer.key()), crypto.suite()), peer);
    }

    /**
     * Seals a message for the peer.
     *
     * @param message 1 byte or more; not kept
     * @return the sealed message, {@value #OVERHEAD} bytes longer; a new array, the caller's to keep
     * @throws IllegalArgumentException if the message is empty
     * @throws IllegalStateException if the sealer was destroyed
     */
    public byte[] seal(byte[] message) {
        return SealedMessage.write(sealer.seal(message));
    }

    /**
     * Opens a message that was sealed between the same two keys.
     *
     * @param sealed the sealed message; not kept
     * @return the message, a new array, the caller's to keep
     * @throws SealedDataException if it does not open: drop it; see the reason
     * @throws IllegalStateException if the sealer was destroyed
     */
    public byte[] unseal(byte[] sealed) throws SealedDataException {
        if (SealedMessage.isRsa(sealed)) {
            throw new SealedDataException(
                    Reason.WRONG_KIND, "a message that is sealed with RSA; expected one between elliptic-curve keys");
        }
        byte[] data;
        try {
            data = SealedMessage.parse(sealed);
        } catch (MalformedException e) {
            throw new SealedDataException(Reason.MALFORMED, e.getMessage(), e);
        }
        return sealer.unseal(data);
    }

    /** Wipes the common secret. May be called twice. */
    @Override
    public void destroy() {
        sealer.destroy();
    }

    @Override
    public boolean isDestroyed() {
        return sealer.isDestroyed();
    }

    /**
     * Names the key of the peer.
     *
     * @return a description without the secret
     */
    @Override
    public String toString() {
        return (isDestroyed() ? "destroyed pairwise sealer for " : "pairwise sealer for ") + peer;
    }
}

package dev.securesession;

import dev.securesession.SignatureRejectedException.Reason;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.wire.SignedMessage;

/**
 * Verifies messages that {@link MessageSigner} or another Themis peer has signed.
 *
 * <p>Instances are immutable and safe for use by several threads.
 *
 * <p>docs/signed-and-sealed-messages.md; C-7.
 */
public final class MessageVerifier {
    private final IdentityPublicKey key;
    private final CryptoSuite crypto;

    private MessageVerifier(IdentityPublicKey key, CryptoSuite crypto) {
        this.key = key;
        this.crypto = crypto;
    }

    /**
     * Returns a verifier for the messages of one key, with the providers that the platform prefers.
     *
     * @param key the public key of the signer
     * @return the verifier
     */
    public static MessageVerifier of(IdentityPublicKey key) {
        return of(key, CryptoProviders.platform());
    }

    /**
     * Returns a verifier for the messages of one key.
     *
     * @param key the public key of the signer
     * @param crypto the providers that perform the cryptography
     * @return the verifier
     */
    public static MessageVerifier of(IdentityPublicKey key, CryptoProviders crypto) {
        return new MessageVerifier(key, crypto.suite());
    }

    /**
     * Returns the message in a signed message, if the owner of the key has signed it. Trailing bytes, which no signature
     * covers, are ignored, as other Themis peers do.
     *
     * @param signed the signed message; not kept
     * @return the message without its signature, a new array, the caller's to keep
     * @throws SignatureRejectedException if it is not what the owner of the key has signed: drop it; see the reason
     */
    public byte[] verify(byte[] signed) throws SignatureRejectedException {
        SignedMessage parsed = parse(signed);
        if (SignedMessage.couldBeHandshakeInput(parsed.message())) {
            throw new SignatureRejectedException(
                    Reason.HANDSHAKE_INPUT,
                    "a signed message that begins with a UEC2 key container: a handshake may have made its signature");
        }
        if (!crypto.ecdsa().verify(key.key(), parsed.signature(), parsed.message())) {
            throw new SignatureRejectedException(
                    Reason.NOT_AUTHENTIC, "a signed message that was changed, or was not signed by " + key);
        }
        return parsed.message();
    }

    /**
     * Names the key.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "message verifier of " + key;
    }

    private static SignedMessage parse(byte[] signed) throws SignatureRejectedException {
        if (SignedMessage.isRsa(signed)) {
            throw new SignatureRejectedException(
                    Reason.WRONG_KIND,
                    "a message that is signed with RSA; expected a signature of an elliptic-curve key");
        }
        try {
            return SignedMessage.parse(signed);
        } catch (MalformedException e) {
            throw new SignatureRejectedException(Reason.MALFORMED, e.getMessage());
        }
    }
}

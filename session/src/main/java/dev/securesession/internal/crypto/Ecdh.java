package dev.securesession.internal.crypto;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Provider;
import javax.crypto.KeyAgreement;

/** Elliptic-curve Diffie-Hellman by one provider (PROTOCOL.md, section 7). */
public final class Ecdh {
    /** Length of a secret shared on the curve of ephemeral keys: a coordinate. */
    public static final int SHARED_SECRET_LENGTH = 32;

    private static final String ALGORITHM = "ECDH";

    private final Provider provider;

    Ecdh(Provider provider) {
        Providers.require(provider, "KeyAgreement", ALGORITHM, () -> KeyAgreement.getInstance(ALGORITHM, provider));
        this.provider = provider;
    }

    /** Agrees on the x coordinate of the common point. */
    public Secret agree(EphemeralKey own, EcPublicKey peer) {
        return agree(own.privateKey(), peer, SHARED_SECRET_LENGTH);
    }

    /** Agrees with an identity key on the x coordinate of the common point (docs/signed-and-sealed-messages.md). */
    public Secret agree(PrivateKey own, EcPublicKey peer) {
        return agree(own, peer, EcDomain.of(peer.curve()).fieldLength());
    }

    Secret agree(PrivateKey own, EcPublicKey peer, int length) {
        try {
            KeyAgreement agreement = KeyAgreement.getInstance(ALGORITHM, provider);
            agreement.init(own);
            agreement.doPhase(peer.toJca(provider), true);
            Secret shared = Secret.owning(agreement.generateSecret());
            Providers.requireLength(provider, "shared secret", shared.length(), length);
            return shared;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "agree on a secret", e);
        }
    }
}

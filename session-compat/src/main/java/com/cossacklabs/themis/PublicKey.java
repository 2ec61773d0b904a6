package com.cossacklabs.themis;

import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import java.security.GeneralSecurityException;
import java.security.interfaces.RSAPublicKey;
import org.jspecify.annotations.Nullable;

/**
 * The public half of a key pair: what a peer is known by. Safe for use by several threads. Hand out the same object for
 * the same peer where you can: it is decoded once.
 */
public class PublicKey extends AsymmetricKey {
    private volatile @Nullable IdentityPublicKey identity;
    private volatile @Nullable RSAPublicKey rsa;

    /**
     * Copies an encoded key. What the bytes are is looked at when the key is used.
     *
     * @param key the whole container, 1 byte or more
     * @throws NullArgumentException if there is no array
     * @throws InvalidArgumentException if the array is empty
     */
    public PublicKey(byte[] key) {
        super(key);
    }

    /** The key as the session library has it, with its point checked. */
    final IdentityPublicKey identity() throws KeyRejectedException {
        IdentityPublicKey decoded = identity;
        if (decoded == null) {
            decoded = IdentityPublicKey.decode(bytes());
            identity = decoded;
        }
        return decoded;
    }

    final boolean isRsa() {
        return RsaKeys.isPublic(bytes());
    }

    /** The RSA key in the container; decoded and checked once. */
    final RSAPublicKey rsa() throws GeneralSecurityException {
        RSAPublicKey decoded = rsa;
        if (decoded == null) {
            decoded = RsaKeys.readPublic(bytes());
            rsa = decoded;
        }
        return decoded;
    }
}

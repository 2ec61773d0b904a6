package com.cossacklabs.themis;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.KeyRejectedException;
import java.security.GeneralSecurityException;
import java.security.interfaces.RSAPrivateCrtKey;
import org.jspecify.annotations.Nullable;

/** The private half of a key pair: proves who its owner is. Safe for use by several threads. */
public class PrivateKey extends AsymmetricKey {
    private volatile @Nullable IdentityPrivateKey identity;
    private volatile @Nullable RSAPrivateCrtKey rsa;

    /**
     * Copies an encoded key. What the bytes are is looked at when the key is used.
     *
     * @param key the whole container, 1 byte or more
     * @throws NullArgumentException if there is no array
     * @throws InvalidArgumentException if the array is empty
     */
    public PrivateKey(byte[] key) {
        super(key);
    }

    /** The key as the session library has it; decoded once, which costs an operation on the curve. */
    final IdentityPrivateKey identity() throws KeyRejectedException {
        IdentityPrivateKey decoded = identity;
        if (decoded == null) {
            decoded = IdentityPrivateKey.decode(bytes());
            identity = decoded;
        }
        return decoded;
    }

    final boolean isRsa() {
        return RsaKeys.isPrivate(bytes());
    }

    /** The RSA key in the container; decoded and checked once. */
    final RSAPrivateCrtKey rsa() throws GeneralSecurityException {
        RSAPrivateCrtKey decoded = rsa;
        if (decoded == null) {
            decoded = RsaKeys.readPrivate(bytes());
            rsa = decoded;
        }
        return decoded;
    }
}

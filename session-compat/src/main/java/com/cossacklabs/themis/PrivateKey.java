package com.cossacklabs.themis;

import dev.securesession.CryptoProviders;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.compat.DropInProviders;
import java.security.GeneralSecurityException;
import java.security.interfaces.RSAPrivateCrtKey;
import org.jspecify.annotations.Nullable;

/** The private half of a key pair: proves who its owner is. Safe for use by several threads. */
public class PrivateKey extends AsymmetricKey {
    private volatile @Nullable IdentityPrivateKey identity;
    private volatile @Nullable RSAPrivateCrtKey rsa;
    private volatile @Nullable Configured configured;

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

    /** The configuration of sessions with this key; made once for an id, because preparing the key for a provider takes time. */
    final SessionConfig sessionConfig(PeerId id) throws KeyRejectedException {
        CryptoProviders providers = DropInProviders.current();
        Configured last = configured;
        if (last != null && last.id.equals(id) && last.providers == providers) {
            return last.config;
        }
        // Whether a session will be saved is known only when it is, so the master secret is kept.
        SessionConfig config = SessionConfig.askingForKeys(LocalIdentity.of(id, identity()))
                .withCrypto(providers)
                .withTsscExport();
        configured = new Configured(id, providers, config);
        return config;
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

    /** What the last session with this key was made with. */
    private static final class Configured {
        final PeerId id;
        final CryptoProviders providers;
        final SessionConfig config;

        Configured(PeerId id, CryptoProviders providers, SessionConfig config) {
            this.id = id;
            this.providers = providers;
            this.config = config;
        }
    }
}

package dev.securesession.internal.crypto;

import dev.securesession.UnencodedKey;
import java.math.BigInteger;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECParameterSpec;

/** An ephemeral key that tells whether it was destroyed; the keys of the JDK cannot be. */
public final class WatchedEphemeral {
    private final Watched privateKey;
    private final EphemeralKey key;

    private WatchedEphemeral(Watched privateKey, EphemeralKey key) {
        this.privateKey = privateKey;
        this.key = key;
    }

    public static WatchedEphemeral generate(CryptoSuite crypto) {
        EphemeralKey generated = crypto.keys().generateEphemeral();
        Watched watched = new Watched((ECPrivateKey) generated.privateKey());
        return new WatchedEphemeral(watched, new EphemeralKey(watched, generated.publicKey()));
    }

    public EphemeralKey key() {
        return key;
    }

    public boolean isDestroyed() {
        return privateKey.destroyed;
    }

    private static final class Watched extends UnencodedKey implements ECPrivateKey {
        private final ECPrivateKey key;
        private boolean destroyed;

        Watched(ECPrivateKey key) {
            this.key = key;
        }

        @Override
        public void destroy() {
            destroyed = true;
        }

        @Override
        public boolean isDestroyed() {
            return destroyed;
        }

        @Override
        public BigInteger getS() {
            if (destroyed) {
                throw new IllegalStateException("used after it was destroyed");
            }
            return key.getS();
        }

        @Override
        public ECParameterSpec getParams() {
            return key.getParams();
        }
    }
}

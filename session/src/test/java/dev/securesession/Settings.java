package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.handshake.HandshakeSettings;

/** Opens what the public classes keep to themselves, for tests of the packages beneath. */
public final class Settings {
    private Settings() {}

    public static HandshakeSettings of(SessionConfig config) {
        return config.handshakeSettings();
    }

    public static CryptoSuite suite(SessionConfig config) {
        return config.suite();
    }

    public static EcPublicKey key(IdentityPublicKey key) {
        return key.key();
    }
}

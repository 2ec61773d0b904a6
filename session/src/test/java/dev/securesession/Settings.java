package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.handshake.HandshakeContext;
import dev.securesession.internal.message.SessionSettings;
import org.jspecify.annotations.Nullable;

/** Opens what the public classes keep to themselves, for tests of the packages beneath. */
public final class Settings {
    /** For states whose binding does not matter. */
    public static final StateBinding BINDING = StateBinding.of("test", 0);

    private Settings() {}

    public static HandshakeContext of(SessionConfig config) {
        return of(config, null);
    }

    public static HandshakeContext of(SessionConfig config, @Nullable PeerId expectedPeer) {
        return new HandshakeContext(config.settings(), expectedPeer);
    }

    public static SessionSettings settings(SessionConfig config) {
        return config.settings();
    }

    public static CryptoSuite suite(SessionConfig config) {
        return config.suite();
    }

    public static EcPublicKey key(IdentityPublicKey key) {
        return key.key();
    }
}

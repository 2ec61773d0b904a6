package dev.securesession.netty;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.TestKeys;

/** A client and a server that know each other. */
final class Peers {
    static final PeerId CLIENT = PeerId.ofUtf8("client");
    static final PeerId SERVER = PeerId.ofUtf8("server");

    private static final IdentityKeyPair CLIENT_KEYS = TestKeys.pair(Curve.P256, 1);
    private static final IdentityKeyPair SERVER_KEYS = TestKeys.pair(Curve.P256, 2);

    private Peers() {}

    static SessionConfig client() {
        return SessionConfig.of(
                LocalIdentity.of(CLIENT, CLIENT_KEYS.privateKey()), PeerDirectory.of(SERVER, SERVER_KEYS.publicKey()));
    }

    static SessionConfig server() {
        return SessionConfig.of(
                LocalIdentity.of(SERVER, SERVER_KEYS.privateKey()), PeerDirectory.of(CLIENT, CLIENT_KEYS.publicKey()));
    }

    static SessionConfig serverThatAsks() {
        return SessionConfig.askingForKeys(LocalIdentity.of(SERVER, SERVER_KEYS.privateKey()));
    }

    static SessionConfig stranger() {
        return SessionConfig.of(
                LocalIdentity.of(
                        PeerId.ofUtf8("stranger"), TestKeys.pair(Curve.P256, 3).privateKey()),
                PeerDirectory.of(SERVER, SERVER_KEYS.publicKey()));
    }

    static IdentityPublicKey clientKey() {
        return CLIENT_KEYS.publicKey();
    }

    static Wire wire() {
        return wire(SecureSessionOptions.defaults());
    }

    static Wire wire(SecureSessionOptions options) {
        return new Wire(
                SecureSessionHandler.client(client(), SERVER, options), SecureSessionHandler.server(server(), options));
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.CryptoSuite;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.message.SessionSettings;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;
import org.jspecify.annotations.Nullable;

/** What all states of a handshake have in common: the settings of its session, and the expected peer, if there is one. */
public final class HandshakeContext {
    final SessionSettings settings;
    final @Nullable PeerId expectedPeer;

    public HandshakeContext(SessionSettings settings, @Nullable PeerId expectedPeer) {
        this.settings = settings;
        this.expectedPeer = expectedPeer;
    }

    CryptoSuite crypto() {
        return settings.crypto;
    }

    PeerId ownId() {
        return settings.ownId;
    }

    byte[] ownFingerprint() {
        return KeyContainer.fingerprint(settings.ownKey);
    }

    /** Restores our ephemeral key from its scalar and the message in which we have sent its point. */
    EphemeralKey restoreEphemeral(byte[] scalarBytes, byte[] ownMessage) throws MalformedException {
        EcPublicKey publicKey = Introduction.parse(ownMessage).ephemeralKey();
        Secret scalar = Secret.copyOf(scalarBytes);
        try {
            return crypto().keys().restoreEphemeral(scalar, publicKey);
        } finally {
            scalar.wipe();
        }
    }

    /** Returns the saved form of a state; the fields are its own, the secret ones first. */
    SavedHandshake save(Stage stage, byte[]... fields) {
        byte[] expected = expectedPeer == null ? new byte[0] : expectedPeer.toBytes();
        return new SavedHandshake(stage, ownId().toBytes(), ownFingerprint(), expected, fields);
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;

/** A server that waits for message 1. */
final class ExpectConnectRequest implements HandshakeState {
    private final HandshakeSettings settings;

    ExpectConnectRequest(HandshakeSettings settings) {
        this.settings = settings;
    }

    @Override
    public Transition onMessage(byte[] message) throws HandshakeException {
        Introduction request = Checks.introduction(settings, message);
        return Transition.to(new ExpectClientKey(this, request));
    }

    Transition onClientKey(Introduction request, EcPublicKey clientKey) throws HandshakeException {
        Checks.notSelf(settings, request.id(), clientKey);
        Checks.signature(settings, request.id(), clientKey, request.signature(), request.ephemeral());
        EphemeralKey ephemeral = settings.crypto.generateEphemeral();
        Checks.notReflected(ephemeral.publicKey(), request.ephemeralKey());
        byte[] serverEphemeral = KeyContainer.write(ephemeral.publicKey());
        Transcript transcript = new Transcript(request.ephemeral(), serverEphemeral, request.id(), settings.ownId);
        byte[] signature = settings.signingKey.sign(transcript.signedByServer());
        byte[] reply = Introduction.write(settings.ownId, serverEphemeral, signature);
        return Transition.to(new ExpectClientConfirm(settings, request, clientKey, ephemeral, reply), reply);
    }

    HandshakeSettings settings() {
        return settings;
    }

    @Override
    public SavedHandshake save() {
        return Saving.of(settings, Stage.EXPECT_CONNECT_REQUEST);
    }
}

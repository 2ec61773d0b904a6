package dev.securesession.internal.handshake;

import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;

/** A client that has not said anything yet. */
final class ClientStart implements HandshakeState {
    private final HandshakeSettings settings;

    ClientStart(HandshakeSettings settings) {
        this.settings = settings;
    }

    @Override
    public Transition start() {
        EphemeralKey ephemeral = settings.crypto.generateEphemeral();
        byte[] clientEphemeral = KeyContainer.write(ephemeral.publicKey());
        byte[] signature = settings.signingKey.sign(clientEphemeral);
        byte[] request = Introduction.write(settings.ownId, clientEphemeral, signature);
        return Transition.to(new ExpectConnectReply(settings, ephemeral, request), request);
    }

    @Override
    public SavedHandshake save() {
        return Saving.of(settings, Stage.CLIENT_START);
    }
}

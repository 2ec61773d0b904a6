package dev.securesession.internal.handshake;

import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.wire.Introduction;
import dev.securesession.internal.wire.KeyContainer;
import dev.securesession.internal.wire.SavedNegotiation;
import dev.securesession.internal.wire.SavedNegotiation.Stage;

/** A client that has not said anything yet. */
final class ClientStart implements NegotiationState {
    private final NegotiationSettings settings;

    ClientStart(NegotiationSettings settings) {
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
    public SavedNegotiation save() {
        return Saving.of(settings, Stage.CLIENT_START);
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;

/** A client that has not sent anything yet. */
final class ClientStart implements HandshakeState {
    private final HandshakeContext context;

    ClientStart(HandshakeContext context) {
        this.context = context;
    }

    @Override
    public HandshakeState start() {
        EphemeralKey ephemeral = context.crypto().keys().generateEphemeral();
        byte[] clientEphemeral = KeyContainer.write(ephemeral.publicKey());
        byte[] signature = context.settings.signingKey.sign(clientEphemeral);
        byte[] request = Introduction.write(context.ownId(), clientEphemeral, signature);
        return new ExpectConnectReply(context, ephemeral, request);
    }

    @Override
    public SavedHandshake save() {
        return context.save(Stage.CLIENT_START);
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.keys.KeyContainer;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;
import java.util.List;

/** A server that has received message 1 and needs the identity keys of the id that it claims. */
final class ExpectClientKey implements HandshakeState {
    private final HandshakeContext context;
    private final Introduction request;

    ExpectClientKey(HandshakeContext context, Introduction request) {
        this.context = context;
        this.request = request;
    }

    /** Ignores messages during the key look-up: they cannot be checked yet, and the peer repeats them (PROTOCOL.md H-3). */
    @Override
    public HandshakeState onMessage(byte[] message) {
        return this;
    }

    @Override
    public HandshakeState onPeerKeys(List<EcPublicKey> keys) throws HandshakeException {
        PeerKeys candidates = PeerKeys.of(context, request.id(), keys);
        EcPublicKey clientKey = candidates.find(request.signature(), request.ephemeral());
        if (clientKey == null) {
            throw candidates.refusal();
        }
        EphemeralKey ephemeral = context.crypto().keys().generateEphemeral();
        Checks.notReflected(request.id(), ephemeral.publicKey(), request.ephemeralKey());
        byte[] serverEphemeral = KeyContainer.write(ephemeral.publicKey());
        Transcript transcript = new Transcript(request.ephemeral(), serverEphemeral, request.id(), context.ownId());
        byte[] signature = context.settings.signingKey.sign(transcript.signedByServer());
        byte[] reply = Introduction.write(context.ownId(), serverEphemeral, signature);
        return new ExpectClientConfirm(context, request, clientKey, ephemeral, reply);
    }

    @Override
    public HandshakeState afterRefusal() {
        return new ExpectConnectRequest(context);
    }

    @Override
    public PeerId awaitsKeysOf() {
        return request.id();
    }

    @Override
    public SavedHandshake save() {
        return context.save(Stage.EXPECT_CLIENT_KEY, request.message());
    }

    static ExpectClientKey restore(HandshakeContext context, SavedHandshake saved) throws MalformedException {
        return new ExpectClientKey(context, Introduction.parse(saved.field(0)));
    }
}

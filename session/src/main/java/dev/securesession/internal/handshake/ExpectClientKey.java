package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;

/** A server that has a message 1 and needs the identity key of who claims to have sent it. */
final class ExpectClientKey implements HandshakeState {
    private final ExpectConnectRequest before;
    private final Introduction request;

    ExpectClientKey(ExpectConnectRequest before, Introduction request) {
        this.before = before;
        this.request = request;
    }

    @Override
    public Transition onPeerKey(EcPublicKey peerKey) throws HandshakeException {
        return before.onClientKey(request, peerKey);
    }

    @Override
    public HandshakeState withoutPeer() {
        return before;
    }

    @Override
    public PeerId peer() {
        return request.id();
    }

    @Override
    public PeerId awaitsKeyOf() {
        return request.id();
    }

    @Override
    public SavedHandshake save() {
        return Saving.of(before.settings(), Stage.EXPECT_CLIENT_KEY, request.message());
    }
}

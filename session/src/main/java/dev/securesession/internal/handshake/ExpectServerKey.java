package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;

/** A client that has a message 2 and needs the identity key of who claims to have sent it. */
final class ExpectServerKey implements HandshakeState {
    private final ExpectConnectReply before;
    private final Introduction reply;

    ExpectServerKey(ExpectConnectReply before, Introduction reply) {
        this.before = before;
        this.reply = reply;
    }

    @Override
    public Transition onPeerKey(EcPublicKey peerKey) throws HandshakeException {
        return before.onServerKey(reply, peerKey);
    }

    @Override
    public HandshakeState withoutPeer() {
        return before;
    }

    @Override
    public PeerId peer() {
        return reply.id();
    }

    @Override
    public PeerId awaitsKeyOf() {
        return reply.id();
    }

    @Override
    public SavedHandshake save() {
        byte[][] fields = before.savedFields();
        return Saving.of(before.settings(), Stage.EXPECT_SERVER_KEY, fields[0], fields[1], reply.message());
    }

    @Override
    public void wipe() {
        before.wipe();
    }
}

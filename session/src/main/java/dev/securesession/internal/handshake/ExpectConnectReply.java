package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;
import dev.securesession.internal.wire.Introduction;

/** A client that has sent message 1 and waits for message 2. */
final class ExpectConnectReply implements HandshakeState {
    final HandshakeContext context;
    final EphemeralKey ephemeral;
    final byte[] request;

    ExpectConnectReply(HandshakeContext context, EphemeralKey ephemeral, byte[] request) {
        this.context = context;
        this.ephemeral = ephemeral;
        this.request = request;
    }

    /** Returns the same message 1 again, because it may have been lost. */
    @Override
    public HandshakeState start() {
        return this;
    }

    @Override
    public HandshakeState onMessage(byte[] message) throws HandshakeException {
        Introduction reply = Checks.introduction(context, message);
        Checks.notReflected(reply.id(), ephemeral.publicKey(), reply.ephemeralKey());
        return new ExpectServerKey(this, reply);
    }

    @Override
    public byte[] outgoing() {
        return request;
    }

    @Override
    public SavedHandshake save() {
        return context.save(Stage.EXPECT_CONNECT_REPLY, ephemeral.scalar(), request);
    }

    static ExpectConnectReply restore(HandshakeContext context, SavedHandshake saved) throws MalformedException {
        byte[] request = saved.field(1);
        return new ExpectConnectReply(context, context.restoreEphemeral(saved.field(0), request), request);
    }

    @Override
    public void wipe() {
        ephemeral.destroy();
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.internal.state.SavedHandshake;
import dev.securesession.internal.state.SavedHandshake.Stage;

/** A server that waits for message 1. */
final class ExpectConnectRequest implements HandshakeState {
    private final HandshakeContext context;

    ExpectConnectRequest(HandshakeContext context) {
        this.context = context;
    }

    @Override
    public HandshakeState onMessage(byte[] message) throws HandshakeException {
        return new ExpectClientKey(context, Checks.introduction(context, message));
    }

    @Override
    public SavedHandshake save() {
        return context.save(Stage.EXPECT_CONNECT_REQUEST);
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.state.SavedHandshake;
import java.util.List;

/** A handshake that was closed before it was complete. */
enum Closed implements HandshakeState {
    INSTANCE;

    @Override
    public HandshakeState start() {
        throw closed();
    }

    @Override
    public HandshakeState onMessage(byte[] message) throws HandshakeException {
        throw closed();
    }

    @Override
    public HandshakeState onPeerKeys(List<EcPublicKey> keys) throws HandshakeException {
        throw closed();
    }

    @Override
    public HandshakeState afterRefusal() {
        throw closed();
    }

    @Override
    public boolean isUnfinished() {
        return false;
    }

    @Override
    public SavedHandshake save() {
        throw closed();
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the handshake is closed");
    }
}

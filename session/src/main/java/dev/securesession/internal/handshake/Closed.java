package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.state.SavedHandshake;

/** A handshake that was given up. */
enum Closed implements HandshakeState {
    INSTANCE;

    @Override
    public Transition start() {
        throw closed();
    }

    @Override
    public Transition onMessage(byte[] message) throws HandshakeException {
        throw closed();
    }

    @Override
    public Transition onPeerKey(EcPublicKey peerKey) throws HandshakeException {
        throw closed();
    }

    @Override
    public HandshakeState withoutPeer() {
        throw closed();
    }

    @Override
    public SavedHandshake save() {
        throw closed();
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the handshake is closed");
    }
}

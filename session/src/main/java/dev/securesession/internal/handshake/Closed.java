package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.wire.SavedNegotiation;

/** A negotiation that was given up. */
enum Closed implements NegotiationState {
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
    public NegotiationState withoutPeer() {
        throw closed();
    }

    @Override
    public SavedNegotiation save() {
        throw closed();
    }

    private static IllegalStateException closed() {
        return new IllegalStateException("the negotiation is closed");
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.state.SavedHandshake;
import org.jspecify.annotations.Nullable;

/**
 * What a handshake waits for. States never change: each event is answered with a {@link Transition} to the next state,
 * or refused with an exception that leaves everything as it was (PROTOCOL.md H-1, H-3).
 *
 * <pre>{@code
 * client   ClientStart -> ExpectConnectReply -> ExpectServerKey -> ExpectServerConfirm -> Finished
 * server   ExpectConnectRequest -> ExpectClientKey -> ExpectClientConfirm -> Finished
 * }</pre>
 *
 * <p>The two states that expect a key exist because looking up a key is I/O, which is the caller's.
 */
sealed interface HandshakeState
        permits ClientStart,
                ExpectConnectReply,
                ExpectServerKey,
                ExpectServerConfirm,
                ExpectConnectRequest,
                ExpectClientKey,
                ExpectClientConfirm,
                Finished,
                Closed {

    /** Begins the handshake as the client. */
    default Transition start() {
        throw new IllegalStateException("the handshake was not started as a client, or is past its start");
    }

    /** Takes in a message of the peer. */
    default Transition onMessage(byte[] message) throws HandshakeException {
        throw new IllegalStateException("no handshake message is awaited now");
    }

    /** Takes in the identity key of the peer that this state asks for. */
    default Transition onPeerKey(EcPublicKey peerKey) throws HandshakeException {
        throw new IllegalStateException("no key of a peer is awaited now");
    }

    /** Returns where the handshake stands when the peer whose key is awaited is refused. */
    default HandshakeState withoutPeer() {
        throw new IllegalStateException("no key of a peer is awaited now");
    }

    /** Returns who claims to be at the other end, or null as long as nobody does. */
    default @Nullable PeerId peer() {
        return null;
    }

    /** Returns the peer whose key is awaited, or null. */
    default @Nullable PeerId awaitsKeyOf() {
        return null;
    }

    /** Returns the sending direction as soon as the peer has proved its identity (PROTOCOL.md H-9), or null before. */
    default @Nullable MessageSealer earlySealer() {
        return null;
    }

    /** Returns what is saved of this state, the caller's to wipe. */
    SavedHandshake save();

    /** Wipes what secrets this state holds. */
    default void wipe() {}
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.message.SessionSettings;
import dev.securesession.internal.state.SavedHandshake;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The state of a handshake. States are immutable: the method for an event returns the next state, or throws an exception
 * and changes nothing (PROTOCOL.md H-1, H-3). A state that returns itself has seen a repetition: the outgoing message is the
 * same as before.
 *
 * <pre>{@code
 * client   ClientStart -> ExpectConnectReply -> ExpectServerKey -> ExpectServerConfirm -> Finished
 * server   ExpectConnectRequest -> ExpectClientKey -> ExpectClientConfirm -> Finished
 * }</pre>
 *
 * <p>The two states that expect a key exist because looking up a key is I/O, and I/O is the caller's task. Each state reads
 * and writes its own saved form.
 */
public sealed interface HandshakeState
        permits ClientStart,
                ExpectConnectReply,
                ExpectServerKey,
                ExpectServerConfirm,
                ExpectConnectRequest,
                ExpectClientKey,
                ExpectClientConfirm,
                Finished,
                Closed {

    static HandshakeState client(HandshakeContext context) {
        return new ClientStart(context);
    }

    static HandshakeState server(HandshakeContext context) {
        return new ExpectConnectRequest(context);
    }

    static HandshakeState closed() {
        return Closed.INSTANCE;
    }

    /** Restores the state that {@link #save} has saved; the saved form stays the caller's to wipe. */
    static HandshakeState restore(SessionSettings settings, SavedHandshake saved) throws MalformedException {
        byte[] expected = saved.expectedPeer();
        HandshakeContext context = new HandshakeContext(settings, expected.length == 0 ? null : PeerId.of(expected));
        return switch (saved.stage()) {
            case CLIENT_START -> new ClientStart(context);
            case EXPECT_CONNECT_REPLY -> ExpectConnectReply.restore(context, saved);
            case EXPECT_SERVER_KEY -> ExpectServerKey.restore(context, saved);
            case EXPECT_SERVER_CONFIRM -> ExpectServerConfirm.restore(context, saved);
            case EXPECT_CONNECT_REQUEST -> new ExpectConnectRequest(context);
            case EXPECT_CLIENT_KEY -> ExpectClientKey.restore(context, saved);
            case EXPECT_CLIENT_CONFIRM -> ExpectClientConfirm.restore(context, saved);
        };
    }

    /** Begins the handshake as the client. */
    default HandshakeState start() {
        throw new IllegalStateException("only a client starts, and only before it has received message 2");
    }

    /** Processes a message of the peer. */
    default HandshakeState onMessage(byte[] message) throws HandshakeException {
        throw new IllegalStateException("no handshake message is expected in this state");
    }

    /**
     * Continues with the identity keys of the peer that this state asks for; none if the peer is unknown, which costs as
     * much as a wrong key (PROTOCOL.md H-4).
     */
    default HandshakeState onPeerKeys(List<EcPublicKey> keys) throws HandshakeException {
        throw new IllegalStateException("no key of a peer is expected in this state");
    }

    /** Returns the state in which the handshake waits for another message, once the peer of this state was refused. */
    default HandshakeState afterRefusal() {
        throw new IllegalStateException("no key of a peer is expected in this state");
    }

    /** Returns the peer whose keys are expected, or null. */
    default @Nullable PeerId awaitsKeysOf() {
        return null;
    }

    /** Returns the id of the peer once one of its keys was accepted for it, or null before. */
    default @Nullable PeerId peer() {
        return null;
    }

    /** Returns the fingerprint of the accepted key of {@link #peer()}; empty if there is none. */
    default byte[] peerFingerprint() {
        return new byte[0];
    }

    /** Returns the message that the peer needs next, or null. */
    default byte @Nullable [] outgoing() {
        return null;
    }

    /** Returns the sending direction as soon as the peer has proved its identity (PROTOCOL.md H-9), or null before. */
    default @Nullable MessageSealer earlySealer() {
        return null;
    }

    /** Returns the session once the handshake has made it, or null. */
    default @Nullable EstablishedSession session() {
        return null;
    }

    /** Tells whether the handshake is in progress, so that closing it abandons it. */
    default boolean isUnfinished() {
        return true;
    }

    /** Runs an action while nothing is sealed with a key of this state. */
    default byte[] whileIdle(Supplier<byte[]> action) {
        return action.get();
    }

    /** Returns the saved form of this state, the caller's to wipe. */
    SavedHandshake save();

    /** Wipes the secrets of this state. */
    default void wipe() {}
}

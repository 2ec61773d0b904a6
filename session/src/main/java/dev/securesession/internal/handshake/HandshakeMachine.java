package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.state.SavedHandshake;
import org.jspecify.annotations.Nullable;

/**
 * One handshake: the only place where its state is assigned, always as the last thing done (PROTOCOL.md H-3). Safe for
 * use by several threads; the lock is this object's own, and nothing foreign is called under it but
 * the providers of the cryptography: a token that signs slowly keeps other calls waiting.
 */
public final class HandshakeMachine {
    private HandshakeState state;

    private HandshakeMachine(HandshakeState state) {
        this.state = state;
    }

    public static HandshakeMachine client(HandshakeSettings settings) {
        return new HandshakeMachine(new ClientStart(settings));
    }

    public static HandshakeMachine server(HandshakeSettings settings) {
        return new HandshakeMachine(new ExpectConnectRequest(settings));
    }

    public static HandshakeMachine restore(HandshakeSettings settings, SavedHandshake saved) throws MalformedException {
        return new HandshakeMachine(Saving.restore(settings, saved));
    }

    /** Begins as a client and returns message 1. */
    public synchronized Progress start() {
        return commit(state.start());
    }

    public synchronized Progress onMessage(byte[] message) throws HandshakeException {
        return commit(state.onMessage(message));
    }

    /**
     * Goes on with the key of a peer, if it is still the one that is awaited. If that fails, the message of the peer is
     * dropped, and another one awaited.
     */
    public synchronized Progress onPeerKey(PeerId peer, EcPublicKey peerKey) throws HandshakeException {
        requireAwaited(peer);
        HandshakeState otherwise = state.withoutPeer();
        try {
            return commit(state.onPeerKey(peerKey));
        } catch (HandshakeException | RuntimeException e) {
            state = otherwise;
            throw e;
        }
    }

    /** Goes back to waiting for a message: nobody has a key for the peer, if it is still the one that is awaited. */
    public synchronized void refusePeer(PeerId peer) {
        requireAwaited(peer);
        state = state.withoutPeer();
    }

    /** Returns the peer whose key is awaited, or null. */
    public synchronized @Nullable PeerId awaitsKeyOf() {
        return state.awaitsKeyOf();
    }

    public synchronized @Nullable MessageSealer earlySealer() {
        return state.earlySealer();
    }

    public synchronized SavedHandshake save() {
        return state.save();
    }

    /** Gives up, and wipes what a session does not own by now. Tells whether there was anything to give up. */
    public synchronized boolean close() {
        boolean unfinished = !(state instanceof Finished) && state != Closed.INSTANCE;
        state.wipe();
        state = Closed.INSTANCE;
        return unfinished;
    }

    /** Returns who claims to be at the other end, or null as long as nobody does. */
    public synchronized @Nullable PeerId peer() {
        return state.peer();
    }

    /** An answer that comes late must not be taken for one about another peer. */
    private void requireAwaited(PeerId peer) {
        PeerId awaited = state.awaitsKeyOf();
        if (awaited == null || !awaited.equals(peer)) {
            throw new IllegalStateException(
                    "no key of " + peer + " is awaited" + (awaited == null ? "" : ", but one of " + awaited));
        }
    }

    private Progress commit(Transition transition) {
        state = transition.next;
        EstablishedSession session = state instanceof Finished finished ? finished.session() : null;
        return new Progress(transition.reply, state.awaitsKeyOf(), session);
    }

    /** What came of an event. */
    public static final class Progress {
        private final byte @Nullable [] reply;
        private final @Nullable PeerId awaitsKeyOf;
        private final @Nullable EstablishedSession session;

        Progress(byte @Nullable [] reply, @Nullable PeerId awaitsKeyOf, @Nullable EstablishedSession session) {
            this.reply = reply;
            this.awaitsKeyOf = awaitsKeyOf;
            this.session = session;
        }

        /** What to send to the peer, or null. */
        public byte @Nullable [] reply() {
            return reply;
        }

        /** Whose key is needed to go on, or null. */
        public @Nullable PeerId awaitsKeyOf() {
            return awaitsKeyOf;
        }

        /** The session, once there is one, or null. */
        public @Nullable EstablishedSession session() {
            return session;
        }
    }
}

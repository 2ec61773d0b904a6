package dev.securesession;

import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.handshake.HandshakeMachine;
import dev.securesession.internal.handshake.HandshakeMachine.Progress;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.state.SavedHandshake;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A handshake: four messages, of which each side sends two, and a {@link SecureSession} at its end.
 *
 * <p>The caller moves the messages, in order and without loss:
 *
 * <pre>{@code
 * try (Handshake handshake = Handshake.client(config)) {
 *     send(handshake.start());
 *     while (true) {
 *         HandshakeStep step = handshake.receive(receive());
 *         step.message().ifPresent(this::send);
 *         if (step instanceof HandshakeStep.Established done) {
 *             return done.session();
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>A refused message changes nothing: the right one is accepted afterwards. One object makes one session. Safe for use
 * by several threads, though messages have an order that only one of them can know.
 *
 * <p>PROTOCOL.md, section 5; H-1 to H-11.
 */
public final class Handshake implements AutoCloseable {
    private final Role role;
    private final SessionConfig config;
    private final HandshakeMachine machine;
    private final AtomicBoolean begun = new AtomicBoolean();
    private volatile @Nullable KnownPeer known;

    private Handshake(Role role, SessionConfig config, HandshakeMachine machine) {
        this.role = role;
        this.config = config;
        this.machine = machine;
    }

    /**
     * Begins a handshake as the peer that speaks first.
     *
     * @param config who we are and whom we know; better with {@link SessionConfig#withExpectedPeer}
     * @return a new handshake, the caller's to close
     */
    public static Handshake client(SessionConfig config) {
        return new Handshake(Role.CLIENT, config, HandshakeMachine.client(config.handshakeSettings()));
    }

    /**
     * Begins a handshake as the peer that answers.
     *
     * @param config who we are and whom we know
     * @return a new handshake, the caller's to close
     */
    public static Handshake server(SessionConfig config) {
        return new Handshake(Role.SERVER, config, HandshakeMachine.server(config.handshakeSettings()));
    }

    /**
     * Takes up a handshake that was saved before its end.
     *
     * @param state what {@link #save} returned; not kept
     * @param key as it was for saving
     * @param config with the identity that the handshake was begun with
     * @return the handshake where it stood, the caller's to close. If it waited for the key of a peer, so it does now:
     *     see {@link #awaitedPeer()}.
     * @throws StateRejectedException if the state is not what it should be: begin a new handshake
     */
    public static Handshake restore(byte[] state, StateKey key, SessionConfig config) throws StateRejectedException {
        byte[] opened = key.unseal(config.suite(), StateKey.Kind.HANDSHAKE, state);
        try {
            SavedHandshake saved = SavedHandshake.parse(opened);
            try {
                return restore(saved, config);
            } finally {
                saved.wipe();
            }
        } catch (MalformedException e) {
            throw new StateRejectedException(StateRejectedException.Reason.MALFORMED, e.getMessage(), e);
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    private static Handshake restore(SavedHandshake saved, SessionConfig config)
            throws MalformedException, StateRejectedException {
        StateKey.requireIdentity(config.identity(), saved.ownId(), saved.ownFingerprint());
        HandshakeMachine machine = HandshakeMachine.restore(config.handshakeSettings(), saved);
        try {
            StateKey.requireExpectedPeer(config, machine.peer());
        } catch (StateRejectedException e) {
            machine.close();
            throw e;
        }
        Handshake handshake = new Handshake(saved.stage().role(), config, machine);
        handshake.begun.set(saved.stage().isBegun());
        return handshake;
    }

    /**
     * Returns the client's first message. Until the server has answered it can be asked for again, and is the same.
     *
     * @return the message, a new array, the caller's to keep
     * @throws IllegalStateException if this is the server, or past its first message, or closed
     */
    public byte[] start() {
        Progress progress = machine.start();
        tell(progress);
        return required(progress).clone();
    }

    /**
     * Takes in a message of the peer. With a {@link PeerDirectory} in the configuration this may look up a key, which is
     * done outside all locks.
     *
     * @param message the whole message; bytes after its end, as some peers send them, are ignored; not kept
     * @return what came of it
     * @throws HandshakeException if the message is refused; nothing has changed. On a stream give up; on a datagram
     *     transport drop the message.
     * @throws IllegalStateException if no message is awaited now: the client has not started, a key is awaited, or the
     *     handshake is over or closed
     * @throws java.security.ProviderException if the identity key cannot sign, or a provider fails; nothing has changed
     */
    public HandshakeStep receive(byte[] message) throws HandshakeException {
        Progress progress = machine.onMessage(message.clone());
        PeerId peer = progress.awaitsKeyOf();
        PeerDirectory directory = config.directory();
        if (peer == null || directory == null) {
            return step(progress);
        }
        return step(machine.onPeerKey(peer, lookUp(directory, peer)));
    }

    /**
     * Goes on with the public key that a {@link HandshakeStep.NeedPeerKey} asked for.
     *
     * @param peer whose key it is: the {@link HandshakeStep.NeedPeerKey#peer()} of the question
     * @param key the key of that peer
     * @return what came of its message
     * @throws HandshakeException if the message is refused after all; it is dropped and another one awaited
     * @throws IllegalStateException if no key of that peer is awaited now, because the answer comes too late: drop it
     * @throws java.security.ProviderException if the identity key cannot sign, or a provider fails; the message is dropped
     */
    public HandshakeStep resolve(PeerId peer, IdentityPublicKey key) throws HandshakeException {
        Progress progress = machine.onPeerKey(peer, key.key());
        known = new KnownPeer(peer, key.key());
        return step(progress);
    }

    /**
     * Answers a {@link HandshakeStep.NeedPeerKey}: nobody has a key for that peer. Its message is dropped and another one
     * awaited.
     *
     * @param peer the {@link HandshakeStep.NeedPeerKey#peer()} of the question
     * @throws IllegalStateException if no key of that peer is awaited now, because the answer comes too late: drop it
     */
    public void refusePeer(PeerId peer) {
        machine.refusePeer(peer);
    }

    /**
     * Returns the peer whose public key is awaited, if one is.
     *
     * @return the id of the last {@link HandshakeStep.NeedPeerKey} that was not answered yet, or empty
     */
    public Optional<PeerId> awaitedPeer() {
        return Optional.ofNullable(machine.awaitsKeyOf());
    }

    /**
     * Returns a way to send before the server has confirmed the session. There is one at the client, from when it has
     * made its second message until the session is established.
     *
     * @return the way, or empty if it is too early, too late, or this is the server
     */
    public Optional<EarlyData> earlyData() {
        MessageSealer sealer = machine.earlySealer();
        return sealer == null ? Optional.empty() : Optional.of(new EarlyData(sealer));
    }

    /**
     * Saves the handshake, so that another process or machine can go on with it. Only one of them may: a message sent
     * by both would use a key twice.
     *
     * @param key seals the state
     * @return the sealed state, a new array, the caller's to keep
     * @throws IllegalStateException if the handshake is over or closed, the key was destroyed, or the provider of
     *     elliptic curves keeps its ephemeral keys to itself
     */
    public byte[] save(StateKey key) {
        SavedHandshake saved = machine.save();
        byte[] state = saved.write();
        saved.wipe();
        try {
            return key.seal(config.suite(), StateKey.Kind.HANDSHAKE, state);
        } finally {
            Arrays.fill(state, (byte) 0);
        }
    }

    /**
     * Returns which end we are.
     *
     * @return the role, the same for the life of the handshake
     */
    public Role role() {
        return role;
    }

    /**
     * Gives up a handshake that is not over, and wipes its secrets. Does nothing to a session that was established. May
     * be called twice, and by another thread.
     */
    @Override
    public void close() {
        if (machine.close() && begun.get()) {
            tell(listener -> listener.abandoned(role));
        }
    }

    private EcPublicKey lookUp(PeerDirectory directory, PeerId peer) throws HandshakeException {
        KnownPeer before = known;
        if (before != null && before.peer.equals(peer)) {
            return before.key;
        }
        IdentityPublicKey found;
        try {
            found = directory.find(peer).orElse(null);
        } catch (RuntimeException | Error failure) {
            refuseAfter(failure, peer);
            throw failure;
        }
        if (found == null) {
            machine.refusePeer(peer);
            throw new HandshakeException(
                    HandshakeException.Reason.UNKNOWN_PEER, "the directory has no key for " + peer);
        }
        known = new KnownPeer(peer, found.key());
        return found.key();
    }

    /** What the directory threw must come out, even if the handshake was closed meanwhile. */
    private void refuseAfter(Throwable failure, PeerId peer) {
        try {
            machine.refusePeer(peer);
        } catch (IllegalStateException closed) {
            failure.addSuppressed(closed);
        }
    }

    private HandshakeStep step(Progress progress) {
        tell(progress);
        byte[] reply = progress.reply();
        Optional<byte[]> message = reply == null ? Optional.empty() : Optional.of(reply.clone());
        EstablishedSession established = progress.session();
        if (established != null) {
            SecureSession session = new SecureSession(established, config);
            try {
                tell(listener -> listener.established(session));
            } catch (Error e) {
                session.close();
                throw e;
            }
            return new HandshakeStep.Established(session, message);
        }
        PeerId peer = progress.awaitsKeyOf();
        if (peer != null) {
            return new HandshakeStep.NeedPeerKey(peer);
        }
        return new HandshakeStep.Reply(required(progress).clone());
    }

    private static byte[] required(Progress progress) {
        byte[] message = progress.reply();
        if (message == null) {
            throw new AssertionError("a handshake that goes on without a word");
        }
        return message;
    }

    private void tell(Progress progress) {
        if (progress.reply() != null && begun.compareAndSet(false, true)) {
            tell(listener -> listener.negotiating(role));
        }
    }

    private void tell(Consumer<SessionListener> event) {
        Listeners.tell(config.listener(), event);
    }

    /** The answer of the directory, for messages that claim to come from the same peer (PROTOCOL.md H-4). */
    private static final class KnownPeer {
        final PeerId peer;
        final EcPublicKey key;

        KnownPeer(PeerId peer, EcPublicKey key) {
            this.peer = peer;
            this.key = key;
        }
    }
}

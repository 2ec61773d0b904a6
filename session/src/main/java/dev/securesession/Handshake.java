package dev.securesession;

import dev.securesession.internal.base.Listeners;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.handshake.HandshakeContext;
import dev.securesession.internal.handshake.HandshakeState;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageSealer;
import dev.securesession.internal.state.SavedHandshake;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A handshake: four messages, of which each side sends two, and a {@link SecureSession} at its end.
 *
 * <p>The caller moves the messages, in order:
 *
 * <pre>{@code
 * try (Handshake handshake = Handshake.client(config, PeerId.ofUtf8("server"))) {
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
 * <p>A refused message changes nothing: the right one is accepted afterwards. A repeated message gets the same answer
 * again, so a peer on a transport that loses messages can send its own again. One object makes one session. Safe for use
 * by several threads, though messages have an order that only one of them can know.
 *
 * <p>PROTOCOL.md, section 5; H-1 to H-11.
 */
public final class Handshake implements AutoCloseable {
    private final Role role;
    private final SessionConfig config;
    private final AtomicBoolean begun = new AtomicBoolean();
    private final AtomicBoolean abandoned = new AtomicBoolean();
    private volatile @Nullable KnownPeer known;

    // Guards the state, which is assigned only in this class. No user code runs under this lock; JCA providers do: a
    // token that signs slowly keeps other calls waiting, but for close.
    private final ReentrantLock lock = new ReentrantLock();
    private HandshakeState state;

    // Every thread that releases the lock looks at this afterwards.
    private volatile boolean closing;

    private Handshake(Role role, SessionConfig config, HandshakeState state) {
        this.role = role;
        this.config = config;
        this.state = state;
    }

    /**
     * Begins a handshake as the client, the peer that speaks first.
     *
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @return a new handshake, the caller's to close
     */
    public static Handshake client(SessionConfig config, PeerId expectedPeer) {
        return new Handshake(Role.CLIENT, config, HandshakeState.client(context(config, expectedPeer)));
    }

    /**
     * Begins a handshake as the client with whichever known peer answers. A key in the directory proves that the peer is
     * one of those it knows, not that it is the intended one: any of them can impersonate the server. Check
     * {@link SecureSession#peer()} before anything is sent.
     *
     * @param config the local identity and the keys of peers
     * @return a new handshake, the caller's to close
     */
    public static Handshake clientAcceptingAnyKnownPeer(SessionConfig config) {
        return new Handshake(Role.CLIENT, config, HandshakeState.client(context(config, null)));
    }

    /**
     * Begins a handshake as the server, the peer that answers, for any peer that the directory knows.
     *
     * @param config the local identity and the keys of peers
     * @return a new handshake, the caller's to close
     */
    public static Handshake server(SessionConfig config) {
        return new Handshake(Role.SERVER, config, HandshakeState.server(context(config, null)));
    }

    /**
     * Begins a handshake as the server, the peer that answers, for one peer only.
     *
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @return a new handshake, the caller's to close
     */
    public static Handshake server(SessionConfig config, PeerId expectedPeer) {
        return new Handshake(Role.SERVER, config, HandshakeState.server(context(config, expectedPeer)));
    }

    private static HandshakeContext context(SessionConfig config, @Nullable PeerId expectedPeer) {
        return new HandshakeContext(config.settings(), expectedPeer);
    }

    /**
     * Restores a handshake that was saved before its end. It expects the same peer as before. If a key of the peer was
     * accepted already, the directory of the configuration, if it has one, must still have that key; it is asked on the
     * thread of the caller.
     *
     * @param state what {@link #suspend} or {@link #saveCopy} returned; not kept
     * @param key the key that sealed it
     * @param binding the binding that it was sealed with
     * @param config with the identity that the handshake was begun with
     * @return the handshake where it stood, the caller's to close. If it waited for the keys of a peer, it still does: see
     *     {@link #awaitedPeer()}.
     * @throws StateRejectedException if the state is not what it should be, or the directory no longer has the key of the
     *     peer: begin a new handshake
     */
    public static Handshake restore(byte[] state, StateKey key, StateBinding binding, SessionConfig config)
            throws StateRejectedException {
        byte[] opened = key.unseal(config.suite(), StateKey.Kind.HANDSHAKE, binding, state);
        try {
            SavedHandshake saved = SavedHandshake.parse(opened);
            try {
                StateKey.requireIdentity(config.identity(), saved.ownId(), saved.ownFingerprint());
                HandshakeState restored = HandshakeState.restore(config.settings(), saved);
                requireInDirectory(config, restored);
                Handshake handshake = new Handshake(saved.stage().role(), config, restored);
                handshake.begun.set(saved.stage().isBegun());
                return handshake;
            } finally {
                saved.wipe();
            }
        } catch (MalformedException e) {
            throw new StateRejectedException(StateRejectedException.Reason.MALFORMED, e.getMessage(), e);
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    private static void requireInDirectory(SessionConfig config, HandshakeState restored)
            throws StateRejectedException {
        PeerId peer = restored.peer();
        if (peer == null) {
            return;
        }
        boolean accepted = false;
        try {
            RestoredPeer.requireInDirectory(config, peer, restored.peerFingerprint());
            accepted = true;
        } finally {
            if (!accepted) {
                restored.wipe();
            }
        }
    }

    /**
     * Returns the client's first message. Until the server has answered it can be asked for again, and is the same.
     *
     * @return the message, a new array, the caller's to keep
     * @throws IllegalStateException if this is the server, or past its first message, or closed
     */
    public byte[] start() {
        byte[] message;
        lock.lock();
        try {
            state = state.start();
            message = outgoing(state);
        } finally {
            unlock();
        }
        tellStarted();
        return message;
    }

    /**
     * Processes a message of the peer. With a {@link PeerDirectory} in the configuration this may look up keys, outside
     * all locks.
     *
     * @param message the whole message; trailing bytes, as some peers send them, are ignored; not kept
     * @return the result: send its message, if there is one
     * @throws HandshakeException if the message is refused; nothing has changed. On a stream give up; on a datagram
     *     transport drop the message.
     * @throws IllegalStateException if no message is expected: the client has not started, or the handshake is closed
     * @throws IllegalArgumentException if the directory answers more keys than a peer may have; nothing has changed
     * @throws java.security.ProviderException if the identity key cannot sign, or a provider fails; nothing has changed
     */
    public HandshakeStep receive(byte[] message) throws HandshakeException {
        byte[] own = message.clone();
        HandshakeState next;
        boolean repeated;
        try {
            lock.lock();
            try {
                next = state.onMessage(own);
                repeated = next == state;
                state = next;
            } finally {
                unlock();
            }
        } catch (HandshakeException refusal) {
            tell(listener -> listener.handshakeRefused(role, refusal));
            throw refusal;
        }
        if (repeated) {
            byte[] answer = next.outgoing();
            return answer == null ? new HandshakeStep.Ignored() : new HandshakeStep.Reply(answer.clone());
        }
        PeerId peer = next.awaitsKeysOf();
        PeerDirectory directory = config.directory();
        if (peer == null || directory == null) {
            return step(next);
        }
        return continueWith(peer, lookUp(directory, peer));
    }

    /**
     * Continues with the public key that a {@link HandshakeStep.NeedPeerKey} asked for.
     *
     * @param peer the {@link HandshakeStep.NeedPeerKey#peer()} of the question
     * @param key the key of that peer
     * @return the result: send its message, if there is one
     * @throws HandshakeException if the message is refused; it is dropped and another one expected
     * @throws IllegalStateException if no key of that peer is expected, because the answer comes too late: drop it
     * @throws java.security.ProviderException if the identity key cannot sign, or a provider fails; the message is dropped
     */
    public HandshakeStep resolve(PeerId peer, IdentityPublicKey key) throws HandshakeException {
        return resolve(peer, List.of(key));
    }

    /**
     * Continues with the public keys that a {@link HandshakeStep.NeedPeerKey} asked for.
     *
     * @param peer the {@link HandshakeStep.NeedPeerKey#peer()} of the question
     * @param keys the keys of that peer, at most {@link PeerDirectory#MAX_KEYS}; none refuses the peer
     * @return the result: send its message, if there is one
     * @throws HandshakeException if the message is refused; it is dropped and another one expected
     * @throws IllegalArgumentException if there are too many keys
     * @throws IllegalStateException if no key of that peer is expected, because the answer comes too late: drop it
     * @throws java.security.ProviderException if the identity key cannot sign, or a provider fails; the message is dropped
     */
    public HandshakeStep resolve(PeerId peer, List<IdentityPublicKey> keys) throws HandshakeException {
        List<EcPublicKey> points = PeerKeyList.points(peer, keys);
        HandshakeStep step = continueWith(peer, points);
        known = new KnownPeer(peer, points);
        return step;
    }

    /**
     * Answers a {@link HandshakeStep.NeedPeerKey}: there is no key for that peer. Its message is dropped and another one
     * expected. Takes as long as a wrong key, so that nobody can tell the two apart.
     *
     * @param peer the {@link HandshakeStep.NeedPeerKey#peer()} of the question
     * @throws IllegalStateException if no key of that peer is expected, because the answer comes too late: drop it
     */
    public void refusePeer(PeerId peer) {
        try {
            continueWith(peer, List.of());
        } catch (HandshakeException refusal) {
            // This is the answer: the listener was told, and nobody else has to be.
        }
    }

    /**
     * Returns the peer whose public keys are expected, if there is one.
     *
     * @return the id of the last {@link HandshakeStep.NeedPeerKey} that was not answered yet, or empty
     */
    public Optional<PeerId> awaitedPeer() {
        lock.lock();
        try {
            return Optional.ofNullable(state.awaitsKeysOf());
        } finally {
            unlock();
        }
    }

    /**
     * Returns a way to send before the server has confirmed the session. The client has one from its second message until
     * the session is established.
     *
     * @return the way, or empty if it is too early, too late, or this is the server
     */
    public Optional<EarlyData> earlyData() {
        MessageSealer sealer;
        lock.lock();
        try {
            sealer = state.earlySealer();
        } finally {
            unlock();
        }
        return sealer == null ? Optional.empty() : Optional.of(new EarlyData(sealer));
    }

    /**
     * Saves the handshake and closes it in one step, so that another process or machine continues with it.
     *
     * @param key seals the state
     * @param binding what the state belongs to
     * @return the sealed state, a new array, the caller's to keep
     * @throws IllegalStateException if the handshake is over or closed, the key was destroyed, or the EC provider does not
     *     export its ephemeral keys; nothing has changed
     */
    public byte[] suspend(StateKey key, StateBinding binding) {
        lock.lock();
        try {
            return state.whileIdle(() -> {
                byte[] saved = seal(key, binding);
                state.wipe();
                state = HandshakeState.closed();
                return saved;
            });
        } finally {
            unlock();
        }
    }

    /**
     * Saves a copy of the handshake, which stays alive. Only one of the two may continue: a message sent by both would use
     * a key twice. To hand over a handshake, {@link #suspend} it.
     *
     * @param key seals the state
     * @param binding what the state belongs to
     * @return the sealed state, a new array, the caller's to keep
     * @throws IllegalStateException if the handshake is over or closed, the key was destroyed, or the EC provider does not
     *     export its ephemeral keys
     */
    public byte[] saveCopy(StateKey key, StateBinding binding) {
        lock.lock();
        try {
            return seal(key, binding);
        } finally {
            unlock();
        }
    }

    private byte[] seal(StateKey key, StateBinding binding) {
        SavedHandshake saved = state.save();
        byte[] bytes;
        try {
            bytes = saved.write();
        } finally {
            saved.wipe();
        }
        try {
            return key.seal(config.suite(), StateKey.Kind.HANDSHAKE, binding, bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
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
     * be called twice, and by another thread. Never waits: if a step runs on another thread, such as a slow signature, that
     * step keeps its result, and then its thread wipes the secrets.
     */
    @Override
    public void close() {
        closing = true;
        wipeIfFree();
    }

    /** Releases the lock, and does what a call of {@link #close} has left to its holder. */
    private void unlock() {
        lock.unlock();
        if (closing) {
            wipeIfFree();
        }
    }

    /** Wipes the state; if a step runs, nothing: it does this when it is over. */
    private void wipeIfFree() {
        if (lock.isHeldByCurrentThread() || !lock.tryLock()) {
            return;
        }
        try {
            if (state.isUnfinished()) {
                abandoned.set(true);
            }
            state.wipe();
            state = HandshakeState.closed();
        } finally {
            lock.unlock();
        }
        tellAbandoned();
    }

    /**
     * Describes the handshake for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        lock.lock();
        try {
            return "handshake of " + config.identity().id() + " as " + role + ", "
                    + state.getClass().getSimpleName();
        } finally {
            unlock();
        }
    }

    private List<EcPublicKey> lookUp(PeerDirectory directory, PeerId peer) {
        KnownPeer before = known;
        if (before != null && before.peer.equals(peer)) {
            return before.keys;
        }
        List<EcPublicKey> found;
        try {
            found = PeerKeyList.points(peer, directory.find(peer));
        } catch (RuntimeException | Error failure) {
            dropMessageAfter(failure, peer);
            throw failure;
        }
        if (!found.isEmpty()) {
            known = new KnownPeer(peer, found);
        }
        return found;
    }

    /** The failure of the directory must reach the caller, even if the handshake was closed meanwhile. */
    private void dropMessageAfter(Throwable failure, PeerId peer) {
        try {
            lock.lock();
            try {
                requireAwaited(peer);
                state = state.afterRefusal();
            } finally {
                unlock();
            }
        } catch (IllegalStateException closed) {
            failure.addSuppressed(closed);
        }
    }

    /** If this fails, the message of the peer is dropped, and another one expected. */
    private HandshakeStep continueWith(PeerId peer, List<EcPublicKey> keys) throws HandshakeException {
        HandshakeState next;
        try {
            lock.lock();
            try {
                requireAwaited(peer);
                HandshakeState otherwise = state.afterRefusal();
                try {
                    next = state.onPeerKeys(keys);
                } catch (HandshakeException | RuntimeException e) {
                    state = otherwise;
                    throw e;
                }
                state = next;
            } finally {
                unlock();
            }
        } catch (HandshakeException refusal) {
            tell(listener -> listener.handshakeRefused(role, refusal));
            throw refusal;
        }
        return step(next);
    }

    /** A late answer must not be taken for one about another peer. */
    private void requireAwaited(PeerId peer) {
        PeerId awaited = state.awaitsKeysOf();
        if (awaited == null || !awaited.equals(peer)) {
            throw new IllegalStateException(
                    "no key of " + peer + " is expected" + (awaited == null ? "" : ", but one of " + awaited));
        }
    }

    private HandshakeStep step(HandshakeState next) {
        PeerId peer = next.awaitsKeysOf();
        if (peer != null) {
            return new HandshakeStep.NeedPeerKey(peer);
        }
        tellStarted();
        EstablishedSession established = next.session();
        if (established == null) {
            return new HandshakeStep.Reply(outgoing(next));
        }
        SecureSession session = new SecureSession(established, config);
        try {
            tell(listener -> listener.established(session));
        } catch (Error e) {
            session.close();
            throw e;
        }
        return new HandshakeStep.Established(
                session, Optional.ofNullable(next.outgoing()).map(byte[]::clone));
    }

    private static byte[] outgoing(HandshakeState next) {
        byte[] message = next.outgoing();
        if (message == null) {
            throw new AssertionError("a handshake that continues without a message");
        }
        return message.clone();
    }

    private void tellStarted() {
        if (begun.compareAndSet(false, true)) {
            tell(listener -> listener.handshakeStarted(role));
            tellAbandoned();
        }
    }

    /** Once, and only after the start: the step that starts a handshake may be the one that finds it closed. */
    private void tellAbandoned() {
        if (begun.get() && abandoned.compareAndSet(true, false)) {
            tell(listener -> listener.handshakeAbandoned(role));
        }
    }

    private void tell(Consumer<SessionListener> event) {
        Listeners.tell(config.listener(), event);
    }

    /** The answer of the directory, for messages that claim to come from the same peer (PROTOCOL.md H-4). */
    private static final class KnownPeer {
        final PeerId peer;
        final List<EcPublicKey> keys;

        KnownPeer(PeerId peer, List<EcPublicKey> keys) {
            this.peer = peer;
            this.keys = keys;
        }
    }
}

package dev.securesession;

import dev.securesession.internal.base.Listeners;
import dev.securesession.internal.codec.Bytes;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.ScratchPool;
import dev.securesession.internal.message.EstablishedSession;
import dev.securesession.internal.message.MessageOpener;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.state.TsscState;
import dev.securesession.internal.wire.DataMessage;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An established session with a peer: wraps payloads into messages that only the peer can read, and unwraps what the peer
 * has wrapped, each message at most once.
 *
 * <pre>{@code
 * byte[] message = session.wrap(payload);      // send it by any transport
 * byte[] payload = peerSession.unwrap(message);
 * }</pre>
 *
 * <p>Several threads may wrap while others unwrap; each direction has a lock of its own. A refused message changes nothing.
 * Closing wipes the keys. The methods on byte arrays are the simple ones; those on buffers avoid copies and garbage.
 *
 * <p>PROTOCOL.md, section 8; D-1 to D-8, M-1 to M-4.
 */
public final class SecureSession implements AutoCloseable {
    /** How many bytes longer a message is than its payload. */
    public static final int OVERHEAD = DataMessage.OVERHEAD;

    /** Where the payload lies in a message that is wrapped or unwrapped in place, in bytes from its beginning. */
    public static final int PAYLOAD_OFFSET = DataMessage.PAYLOAD_OFFSET;

    private final EstablishedSession session;
    private final SessionConfig config;

    SecureSession(EstablishedSession session, SessionConfig config) {
        this.session = session;
        this.config = config;
    }

    /**
     * Restores a session that {@link #suspend} or {@link #saveCopy} has saved, if it is with the expected peer: the peer
     * has proved its identity in the handshake, and the directory of the configuration, if it has one, still has that key.
     * A peer that was removed from the directory cannot continue its sessions. Looks up keys on the thread of the caller.
     *
     * @param state the saved state; not kept
     * @param key the key that sealed it
     * @param binding the binding that it was sealed with
     * @param config with the identity that the session was established with. If it {@linkplain SessionConfig#asksForKeys
     *     asks for keys}, compare {@link #peerFingerprint()} with the keys that you have for the peer.
     * @param expectedPeer the peer that the session must be with (PROTOCOL.md H-5)
     * @return the session where it stood, the caller's to close
     * @throws StateRejectedException if the state is not what it should be, or its peer is another, unknown, or no longer in
     *     the directory: start a new handshake
     */
    public static SecureSession restore(
            byte[] state, StateKey key, StateBinding binding, SessionConfig config, PeerId expectedPeer)
            throws StateRejectedException {
        return restore(state, key, binding, config, saved -> {
            RestoredPeer.requireProved(saved, expectedPeer);
            RestoredPeer.requireInDirectory(config, saved);
        });
    }

    /**
     * Restores a session with any peer that has proved its identity in the handshake and whose key the directory of the
     * configuration, if it has one, still has. Which peer that is, {@link #peer()} says.
     *
     * @param state the saved state; not kept
     * @param key the key that sealed it
     * @param binding the binding that it was sealed with
     * @param config with the identity that the session was established with. If it {@linkplain SessionConfig#asksForKeys
     *     asks for keys}, check {@link #peer()} and {@link #peerFingerprint()} before the session is used.
     * @return the session where it stood, the caller's to close
     * @throws StateRejectedException if the state is not what it should be, or its peer is unknown or no longer in the
     *     directory: start a new handshake
     */
    public static SecureSession restoreAcceptingAnyKnownPeer(
            byte[] state, StateKey key, StateBinding binding, SessionConfig config) throws StateRejectedException {
        return restore(state, key, binding, config, saved -> {
            RestoredPeer.requireProved(saved, null);
            RestoredPeer.requireInDirectory(config, saved);
        });
    }

    /**
     * Restores a session whose peer nobody has proved, because it once came from the 60-byte form. The caller vouches for
     * the peer. The peer stays assumed ({@link #assumedPeer()}) and does not become a known one, also when the session is
     * saved again.
     *
     * @param state the saved state; not kept
     * @param key the key that sealed it
     * @param binding the binding that it was sealed with
     * @param config with the identity that the session was saved with
     * @param assumedPeer the peer for which the caller vouches
     * @return the session where it stood, the caller's to close
     * @throws StateRejectedException if the state is not what it should be, or is of a session with another peer, or the
     *     directory has no key for the peer: start a new handshake
     */
    public static SecureSession restoreAssumingPeer(
            byte[] state, StateKey key, StateBinding binding, SessionConfig config, PeerId assumedPeer)
            throws StateRejectedException {
        return restore(state, key, binding, config, saved -> {
            RestoredPeer.assume(saved, assumedPeer);
            RestoredPeer.requireInDirectory(config, saved);
        });
    }

    private static SecureSession restore(
            byte[] state, StateKey key, StateBinding binding, SessionConfig config, PeerCheck check)
            throws StateRejectedException {
        byte[] opened = key.unseal(config.suite(), StateKey.Kind.SESSION, binding, state);
        try {
            SavedSession saved = SavedSession.parse(opened);
            try {
                StateKey.requireIdentity(config.identity(), saved.ownId, saved.ownFingerprint);
                check.require(saved);
                return new SecureSession(EstablishedSession.restore(config.settings(), saved), config);
            } finally {
                saved.wipe();
            }
        } catch (MalformedException e) {
            throw new StateRejectedException(StateRejectedException.Reason.MALFORMED, e.getMessage(), e);
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    /** Decides whether the peer of a saved session is the right one. */
    private interface PeerCheck {
        void require(SavedSession saved) throws StateRejectedException;
    }

    /**
     * Restores a session from the 60-byte form of the reference, which is neither encrypted nor authenticated and holds
     * neither the peer nor the receive window. The peer is unknown afterwards: {@link #isPeerKnown()} is false,
     * {@link #peer()} fails, and {@link #restore} refuses the session, also after it was saved in our own form. All
     * numbers up to the last accepted one count as received. Use it only to hand a session between this library and a
     * Themis peer, out of storage that you trust.
     *
     * @param state 60 bytes; not kept, the caller's to wipe
     * @param config the settings of the session; its identity is not checked
     * @return the session, the caller's to close
     * @throws StateRejectedException if the bytes are no such state: start a new handshake (PROTOCOL.md S-2)
     */
    public static SecureSession restoreUnsealedTssc(byte[] state, SessionConfig config) throws StateRejectedException {
        return ofTssc(state, config, null);
    }

    /**
     * Restores a session from the 60-byte form as {@link #restoreUnsealedTssc} does, with a peer for which the caller
     * vouches, because the storage of the state says who it is. The peer is assumed ({@link #assumedPeer()}), not known.
     *
     * @param state 60 bytes; not kept, the caller's to wipe
     * @param config the settings of the session; its identity is not checked
     * @param assumedPeer the peer for which the caller vouches
     * @return the session, the caller's to close
     * @throws StateRejectedException if the bytes are no such state, or the directory of the configuration has no key for
     *     the peer: start a new handshake (PROTOCOL.md S-2)
     */
    public static SecureSession restoreUnsealedTsscAssumingPeer(byte[] state, SessionConfig config, PeerId assumedPeer)
            throws StateRejectedException {
        RestoredPeer.requireInDirectory(config, assumedPeer);
        return ofTssc(state, config, assumedPeer);
    }

    private static SecureSession ofTssc(byte[] state, SessionConfig config, @Nullable PeerId assumedPeer)
            throws StateRejectedException {
        try {
            TsscState tssc = TsscState.parse(state);
            try {
                return new SecureSession(EstablishedSession.ofTssc(config.settings(), tssc, assumedPeer), config);
            } finally {
                tssc.master().wipe();
            }
        } catch (MalformedException e) {
            throw new StateRejectedException(StateRejectedException.Reason.MALFORMED, e.getMessage(), e);
        }
    }

    /**
     * Wraps a payload for the peer.
     *
     * @param payload 1 byte or more; not kept
     * @return the message, a new array of {@link #OVERHEAD} bytes more, the caller's to keep
     * @throws IllegalArgumentException if the payload is empty, or too long for an array with its overhead
     * @throws SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the session was closed
     */
    public byte[] wrap(byte[] payload) {
        return Wrapping.wrap(session.sealer(), payload);
    }

    /**
     * Wraps a payload for the peer and tells the number of the message, which the peer learns by {@link #unwrapNumbered}.
     * Messages of a session are not bound to each other: an attacker who delays or reorders them can make one answer arrive
     * where another is expected. An application that puts the number of a request into the answer notices that.
     *
     * @param payload 1 byte or more; not kept
     * @return the message and its number
     * @throws IllegalArgumentException if the payload is empty, or too long for an array with its overhead
     * @throws SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the session was closed
     */
    public NumberedMessage wrapNumbered(byte[] payload) {
        return Wrapping.wrapNumbered(session.sealer(), payload);
    }

    /**
     * Wraps the bytes that remain in one buffer into another. The buffers may overlap. Array-backed buffers are fastest.
     *
     * @param payload 1 byte or more; its position moves to its limit
     * @param message has room for {@link #OVERHEAD} bytes more; its position moves to the end of the message
     * @return the length of the message
     * @throws IllegalArgumentException if the payload is empty, or the other buffer is read-only or too short; nothing
     *     has moved
     * @throws SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the session was closed
     */
    public int wrap(ByteBuffer payload, ByteBuffer message) {
        int length = payload.remaining();
        int messageLength = Wrapping.messageLength(length);
        requireRoom(message, messageLength);
        if (payload.hasArray() && message.hasArray() && !mayOverlap(payload, message, messageLength)) {
            session.sealer()
                    .seal(
                            payload.array(),
                            payload.arrayOffset() + payload.position(),
                            length,
                            message.array(),
                            message.arrayOffset() + message.position());
            advance(message, messageLength);
        } else {
            ScratchPool pool = scratch();
            byte[] copy = pool.acquire(hint(), messageLength);
            try {
                payload.duplicate().get(copy, PAYLOAD_OFFSET, length);
                session.sealer().seal(copy, PAYLOAD_OFFSET, length, copy, 0);
                message.put(copy, 0, messageLength);
            } finally {
                pool.release(hint(), copy, messageLength);
            }
        }
        advance(payload, length);
        return messageLength;
    }

    /**
     * Wraps a payload where it lies. The bytes that remain in the buffer become the message; before, the payload must be
     * in their middle, {@link #PAYLOAD_OFFSET} bytes from the beginning and {@code OVERHEAD - PAYLOAD_OFFSET} bytes from
     * the end.
     *
     * @param message {@link #OVERHEAD} bytes and the payload; position and limit stay where they are
     * @throws IllegalArgumentException if that leaves no payload, or the buffer is read-only
     * @throws SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the session was closed
     */
    public void wrapInPlace(ByteBuffer message) {
        int length = message.remaining() - OVERHEAD;
        int messageLength = Wrapping.messageLength(length);
        requireWritable(message);
        if (message.hasArray()) {
            int at = message.arrayOffset() + message.position();
            session.sealer().seal(message.array(), at + PAYLOAD_OFFSET, length, message.array(), at);
            return;
        }
        ScratchPool pool = scratch();
        byte[] copy = pool.acquire(hint(), messageLength);
        try {
            message.duplicate().get(copy, 0, messageLength);
            session.sealer().seal(copy, PAYLOAD_OFFSET, length, copy, 0);
            message.duplicate().put(copy, 0, messageLength);
        } finally {
            pool.release(hint(), copy, messageLength);
        }
    }

    /**
     * Unwraps a message of the peer.
     *
     * @param message the whole message; not kept
     * @return the payload, a new array, the caller's to keep
     * @throws MessageRejectedException if the message is refused; the session is as it was. On a stream close the
     *     connection; on a datagram transport drop the message.
     * @throws IllegalStateException if the session was closed
     */
    public byte[] unwrap(byte[] message) throws MessageRejectedException {
        return session.opener().open(message, 0, message.length);
    }

    /**
     * Unwraps a message of the peer and tells its number, which is the one that {@link #wrapNumbered} told the peer.
     *
     * @param message the whole message; not kept
     * @return the payload and the number of its message
     * @throws MessageRejectedException if the message is refused; the session is as it was. On a stream close the
     *     connection; on a datagram transport drop the message.
     * @throws IllegalStateException if the session was closed
     */
    public NumberedPayload unwrapNumbered(byte[] message) throws MessageRejectedException {
        MessageOpener.requireLength(message.length);
        byte[] payload = new byte[DataMessage.payloadLength(message.length)];
        long number = session.opener().open(message, 0, message.length, payload, 0);
        return new NumberedPayload(number, payload);
    }

    /**
     * Unwraps the bytes that remain in one buffer, which are a whole message, into another. The buffers may overlap.
     * Array-backed buffers are fastest.
     *
     * @param message the message; its position moves to its limit, unless it is refused
     * @param payload has room for {@link #OVERHEAD} bytes less; its position moves to the end of the payload. A refused message
     *     leaves nothing in it.
     * @return the length of the payload
     * @throws MessageRejectedException if the message is refused; neither buffer has moved
     * @throws IllegalArgumentException if the other buffer is read-only, too short, or the same object, which has only one
     *     position to move; nothing has moved
     * @throws IllegalStateException if the session was closed
     */
    @SuppressWarnings("ReferenceEquality") // Buffers with equal bytes are fine; one object has only one position.
    public int unwrap(ByteBuffer message, ByteBuffer payload) throws MessageRejectedException {
        int messageLength = message.remaining();
        MessageOpener.requireLength(messageLength);
        int length = DataMessage.payloadLength(messageLength);
        if (message == payload) {
            throw new IllegalArgumentException("one buffer for message and payload; use a duplicate, or unwrapInPlace");
        }
        requireRoom(payload, length);
        if (message.hasArray() && payload.hasArray()) {
            session.opener()
                    .open(
                            message.array(),
                            message.arrayOffset() + message.position(),
                            messageLength,
                            payload.array(),
                            payload.arrayOffset() + payload.position());
            advance(payload, length);
        } else {
            ScratchPool pool = scratch();
            byte[] copy = pool.acquire(hint(), messageLength);
            try {
                message.duplicate().get(copy, 0, messageLength);
                session.opener().open(copy, 0, messageLength, copy, 0);
                payload.put(copy, 0, length);
            } finally {
                pool.release(hint(), copy, messageLength);
            }
        }
        advance(message, messageLength);
        return length;
    }

    /**
     * Unwraps a message where it lies.
     *
     * @param message the bytes that remain are the whole message, of which the payload takes its place, unless it is
     *     refused; position and limit stay where they are
     * @return a view of the payload within the buffer, {@link #PAYLOAD_OFFSET} bytes from the beginning of the message
     * @throws MessageRejectedException if the message is refused; session and buffer are as they were
     * @throws IllegalArgumentException if the buffer is read-only
     * @throws IllegalStateException if the session was closed
     */
    public ByteBuffer unwrapInPlace(ByteBuffer message) throws MessageRejectedException {
        MessageOpener.requireLength(message.remaining());
        requireWritable(message);
        ByteBuffer target = placeOfPayload(message, message.remaining());
        ByteBuffer payload = target.slice();
        unwrap(message.duplicate(), target);
        return payload;
    }

    /**
     * Unwraps the bytes that remain in one buffer, which are a whole message, into another that nobody reads before this
     * returns. If the other buffer has an array, this spares the copy that {@link #unwrap(ByteBuffer, ByteBuffer)} and
     * {@link #unwrapInPlace} need to leave their buffers as they were.
     *
     * @param message the message; position and limit stay where they are
     * @param room has room for as many bytes as the message has, and may overlap it; position and limit stay where they are.
     *     A refused message leaves zeros or what was there before, never a part of its payload.
     * @return a view of the payload within the other buffer, {@link #PAYLOAD_OFFSET} bytes from its position
     * @throws MessageRejectedException if the message is refused; the session is as it was
     * @throws IllegalArgumentException if the other buffer is read-only or too short
     * @throws IllegalStateException if the session was closed
     */
    public ByteBuffer unwrapInto(ByteBuffer message, ByteBuffer room) throws MessageRejectedException {
        int messageLength = message.remaining();
        MessageOpener.requireLength(messageLength);
        requireRoom(room, messageLength);
        ByteBuffer target = placeOfPayload(room, messageLength);
        ByteBuffer payload = target.slice();
        if (!room.hasArray()) {
            unwrap(message.duplicate(), target);
            return payload;
        }
        MessageOpener opener = session.opener();
        int at = room.arrayOffset() + room.position() + DataMessage.CIPHERTEXT_OFFSET;
        if (message.hasArray() && message.array() != room.array()) {
            int from = message.arrayOffset() + message.position();
            opener.openInto(message.array(), from, messageLength, room.array(), at);
            return payload;
        }
        // The JDK allocates an array of its own where it decrypts from an array into the same.
        ScratchPool pool = scratch();
        byte[] copy = pool.acquire(hint(), messageLength);
        try {
            message.duplicate().get(copy, 0, messageLength);
            opener.openInto(copy, 0, messageLength, room.array(), at);
        } finally {
            pool.release(hint(), copy, 0);
        }
        return payload;
    }

    /**
     * Accepts exactly the next message only, from now on and whatever the configuration says: for transports that lose
     * nothing and keep the order. This cannot be undone.
     *
     * <p>PROTOCOL.md D-2.
     */
    public void requireOrder() {
        session.opener().requireOrder();
    }

    /**
     * Saves the session and closes it in one step, so that another process or machine continues with it. Nothing is
     * wrapped or unwrapped between the two.
     *
     * @param key seals the state
     * @param binding what the state belongs to
     * @return the sealed state, a new array, the caller's to keep
     * @throws IllegalStateException if the session was closed, or the key destroyed; nothing has changed (PROTOCOL.md S-6)
     */
    public byte[] suspend(StateKey key, StateBinding binding) {
        return closingWith(() -> saveCopy(key, binding));
    }

    /**
     * Saves a copy of the session, which stays alive: messages that are wrapped or unwrapped later are not in it. If both
     * the copy and the original continue, numbers are used twice and replayed messages are accepted. To hand over a
     * session, {@link #suspend} it.
     *
     * @param key seals the state
     * @param binding what the state belongs to
     * @return the sealed state, a new array, the caller's to keep
     * @throws IllegalStateException if the session was closed, or the key destroyed
     */
    public byte[] saveCopy(StateKey key, StateBinding binding) {
        return seal(save(), key, binding);
    }

    private SavedSession save() {
        return session.save(
                config.identity().id(), config.identity().publicKey().fingerprintBytes());
    }

    /**
     * Saves a copy of the session in which this many more numbers count as used, so that the session itself may use them: for
     * stores that make numbers durable before a message leaves (PROTOCOL.md S-3). The session stays alive and does not know
     * of the limit: wrap no more messages than that until another copy was stored.
     *
     * @param key seals the state
     * @param binding what the state belongs to
     * @param messages how many messages may be wrapped on the strength of this copy, 0 or more
     * @return the sealed state, a new array, the caller's to keep
     * @throws IllegalArgumentException if the number is negative
     * @throws IllegalStateException if the session was closed, or the key destroyed
     */
    public byte[] saveCopyAhead(StateKey key, StateBinding binding, int messages) {
        if (messages < 0) {
            throw new IllegalArgumentException("a copy " + messages + " messages ahead; it must be 0 or more");
        }
        SavedSession saved = save();
        saved.sendingNextIndex += messages;
        return seal(saved, key, binding);
    }

    private byte[] closingWith(Supplier<byte[]> save) {
        byte[] state = session.closeAfter(save);
        Listeners.tell(config.listener(), listener -> listener.closed(this));
        return state;
    }

    /** Seals a saved session, which is wiped. */
    private byte[] seal(SavedSession saved, StateKey key, StateBinding binding) {
        byte[] state;
        try {
            state = saved.write();
        } finally {
            saved.wipe();
        }
        try {
            return key.seal(config.suite(), StateKey.Kind.SESSION, binding, state);
        } finally {
            Arrays.fill(state, (byte) 0);
        }
    }

    /**
     * Saves the session in the 60-byte form that Themis peers read, and closes it in one step, so that another process or
     * machine continues with it. The form is neither encrypted nor authenticated: it holds the master secret as it is, and
     * neither the peer nor the numbers of missing messages. Seal it, for example with a {@link Sealer}, before it is
     * stored.
     *
     * @return 60 bytes, a new array, the caller's to guard and wipe
     * @throws IllegalStateException if the configuration does not have {@link SessionConfig#withTsscExport()}, or the
     *     session was closed; nothing has changed (PROTOCOL.md S-6)
     */
    public byte[] suspendUnsealedTssc() {
        return closingWith(this::saveUnsealedTsscCopy);
    }

    /**
     * Saves a copy of the session in the 60-byte form, as {@link #suspendUnsealedTssc} does, while the session stays alive.
     * If both the copy and the original continue, numbers are used twice and replayed messages are accepted.
     *
     * @return 60 bytes, a new array, the caller's to guard and wipe
     * @throws IllegalStateException if the configuration does not have {@link SessionConfig#withTsscExport()}, or the
     *     session was closed
     */
    public byte[] saveUnsealedTsscCopy() {
        TsscState tssc = session.toTssc();
        if (tssc == null) {
            throw new IllegalStateException(
                    "the master secret was not kept; SessionConfig.withTsscExport() keeps it from the handshake on");
        }
        try {
            return tssc.write();
        } finally {
            tssc.master().wipe();
        }
    }

    /**
     * Returns how many messages can still be wrapped. Start a new handshake before it is 0, when wrapping fails.
     *
     * @return 0 or more, at most 2^31
     * @throws IllegalStateException if the session was closed
     */
    public long remainingMessages() {
        return session.sealer().remaining();
    }

    /**
     * Returns the peer, which has proved its identity in the handshake.
     *
     * @return the id of the peer
     * @throws IllegalStateException if the peer is not known: see {@link #isPeerKnown()}
     */
    public PeerId peer() {
        return knownPeer().id();
    }

    /**
     * Returns the fingerprint of the key that the peer has proved to hold.
     *
     * @return the SHA-256 digest that {@link IdentityPublicKey#fingerprintBytes()} gives, a new array
     * @throws IllegalStateException if the peer is not known: see {@link #isPeerKnown()}
     */
    public byte[] peerFingerprint() {
        return knownPeer().fingerprint();
    }

    /**
     * Returns a value that is the same at both ends of this session and of no other, to bind something else to it: sign
     * it, show it to people, or put it into a token.
     *
     * @return 32 bytes, a new array; not a secret (PROTOCOL.md H-10)
     * @throws IllegalStateException if the peer is not known: see {@link #isPeerKnown()}
     */
    public byte[] transcriptHash() {
        return knownPeer().transcriptHash();
    }

    /**
     * Tells whether the peer has proved its identity in the handshake.
     *
     * @return true, unless the session was restored from the 60-byte form
     */
    public boolean isPeerKnown() {
        return session.peer() != null;
    }

    /**
     * Returns the peer for which the application has vouched, because nothing proves who it is.
     *
     * @return the id that was given to {@link #restoreUnsealedTsscAssumingPeer} or {@link #restoreAssumingPeer}; empty if
     *     there was none, or the peer is known
     */
    public Optional<PeerId> assumedPeer() {
        return Optional.ofNullable(session.assumedPeer());
    }

    /**
     * Returns the providers of the session's cryptography.
     *
     * @return the choice of providers
     */
    public CryptoProviders crypto() {
        return config.crypto();
    }

    /**
     * Returns the role of this end in the handshake.
     *
     * @return the role
     */
    public Role role() {
        return session.role();
    }

    /**
     * Returns the session id, with which every wrapped message begins. Two sessions may have the same one by chance; the
     * {@link #transcriptHash()} is unique.
     *
     * @return 4 bytes, a new array; not a secret
     */
    public byte[] sessionId() {
        return Bytes.int32(session.sessionId());
    }

    /**
     * Tells whether the session was closed.
     *
     * @return true once {@link #close()}, {@link #suspend} or {@link #suspendUnsealedTssc} has closed it
     */
    public boolean isClosed() {
        return session.isClosed();
    }

    /** Wipes the keys, once running calls are done; later calls fail. May be called twice, and by another thread. */
    @Override
    public void close() {
        if (session.close()) {
            Listeners.tell(config.listener(), listener -> listener.closed(this));
        }
    }

    /**
     * Describes the session for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return String.format("session %08x as %s with %s", session.sessionId(), role(), describePeer());
    }

    private String describePeer() {
        EstablishedSession.Peer peer = session.peer();
        if (peer != null) {
            return peer.id().toString();
        }
        PeerId assumed = session.assumedPeer();
        return assumed == null ? "an unknown peer" : "an unknown peer, assumed to be " + assumed;
    }

    private EstablishedSession.Peer knownPeer() {
        EstablishedSession.Peer peer = session.peer();
        if (peer == null) {
            throw new IllegalStateException(
                    "the session was restored from the 60-byte form, which does not hold the peer; nobody has proved who it is");
        }
        return peer;
    }

    private ScratchPool scratch() {
        return config.suite().aead().scratch();
    }

    /** Spreads sessions over the scratch arrays; differs from the hint of the opener, which may run at the same time. */
    private int hint() {
        return session.opener().scratchHint() + 1;
    }

    /** Returns a view of a buffer whose remaining bytes are where the payload of a message at its position belongs. */
    private static ByteBuffer placeOfPayload(ByteBuffer buffer, int messageLength) {
        ByteBuffer place = buffer.duplicate();
        advance(place, PAYLOAD_OFFSET);
        limit(place, place.position() + DataMessage.payloadLength(messageLength));
        return place;
    }

    private static void requireRoom(ByteBuffer target, int length) {
        requireWritable(target);
        if (target.remaining() < length) {
            throw new IllegalArgumentException(
                    "a buffer with room for " + target.remaining() + " bytes; it needs " + length);
        }
    }

    private static void requireWritable(ByteBuffer target) {
        if (target.isReadOnly()) {
            throw new IllegalArgumentException("a read-only buffer; it must be writable");
        }
    }

    private static boolean mayOverlap(ByteBuffer payload, ByteBuffer message, int messageLength) {
        if (payload.array() != message.array()) {
            return false;
        }
        int payloadAt = payload.arrayOffset() + payload.position();
        int messageAt = message.arrayOffset() + message.position();
        return payloadAt < messageAt + messageLength && messageAt < payloadAt + payload.remaining();
    }

    // On Android before API 28 these methods of Buffer are not overridden in ByteBuffer.

    private static void advance(Buffer buffer, int length) {
        buffer.position(buffer.position() + length);
    }

    private static void limit(Buffer buffer, int limit) {
        buffer.limit(limit);
    }
}

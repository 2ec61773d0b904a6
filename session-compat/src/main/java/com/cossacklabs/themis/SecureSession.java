package com.cossacklabs.themis;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPublicKey;
import dev.securesession.KeyRejectedException;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.SessionConfig;
import dev.securesession.StateRejectedException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.ProviderException;
import org.jspecify.annotations.Nullable;

/**
 * A session with a peer, from its handshake to its end.
 *
 * <pre>{@code
 * SecureSession client = new SecureSession("client", privateKey, callbacks);
 * byte[] request = client.generateConnectRequest();   // to the server
 * UnwrapResult result = client.unwrap(message);       // PROTOCOL_DATA goes to the peer, USER_DATA is a payload
 * byte[] message = client.wrap(payload);              // once isEstablished()
 * }</pre>
 *
 * <p>Whoever calls {@link #generateConnectRequest} first is the client; whoever unwraps the request is the server. One
 * thread at a time: the methods are synchronized, except that {@link #close} never waits.
 */
public class SecureSession {
    /** Is asked for keys and told of changes; may be {@code null}, which refuses every peer. */
    protected ISessionCallbacks callbacks;

    private final SessionConfig config;
    private final boolean restored;

    // At most one of the two is used; the session replaces the handshake. Written under the lock of this object;
    // volatile for close(), which does not take it.
    private volatile @Nullable Handshake handshake;
    private volatile dev.securesession.@Nullable SecureSession session;
    private volatile State state = State.IDLE;
    private volatile boolean closed;

    /** Where a session stands. */
    public enum State {
        /** No message yet, or restored. */
        IDLE,
        /** Messages of the handshake have been made or accepted. */
        NEGOTIATING,
        /** Payloads can be exchanged. */
        ESTABLISHED
    }

    /** The kind of result of {@code unwrap}. */
    public enum SessionDataType {
        /** Nothing: the handshake is over. */
        NO_DATA,
        /** A message of the handshake, to be sent to the peer. */
        PROTOCOL_DATA,
        /** A payload of the peer. */
        USER_DATA;

        /**
         * Returns the type of a number.
         *
         * @param src 0 to 2
         * @return the constant with that place
         * @throws SecureSessionException if there is none
         */
        public static SessionDataType fromByte(byte src) throws SecureSessionException {
            return switch (src) {
                case 0 -> NO_DATA;
                case 1 -> PROTOCOL_DATA;
                case 2 -> USER_DATA;
                default -> throw new SecureSessionException();
            };
        }
    }

    /** The result of {@code unwrap}. */
    public static class UnwrapResult {
        private final SessionDataType dataType;
        private final byte[] data;

        private UnwrapResult(SessionDataType dataType, byte[] data) {
            this.dataType = dataType;
            this.data = data;
        }

        /**
         * Returns what to do with the bytes.
         *
         * @return the type
         */
        public SessionDataType getDataType() {
            return dataType;
        }

        /**
         * Returns the bytes.
         *
         * @return a message or a payload, the caller's to keep; empty if there is neither
         */
        public byte[] getData() {
            return data;
        }
    }

    /**
     * Makes a session that can take either role.
     *
     * @param id the name that the peer looks up our key by, 1 byte or more; copied
     * @param signPrivateKey proves who we are
     * @param callbacks asked for keys and told of changes
     * @throws NullArgumentException if there is no id
     * @throws InvalidArgumentException if the id is empty
     * @throws NullPointerException if there is no key
     * @throws RuntimeException if the key is no elliptic-curve private key; the causes say what it is
     */
    public SecureSession(byte[] id, PrivateKey signPrivateKey, ISessionCallbacks callbacks) {
        Arguments.requireBytes(id, "peer ID");
        this.config = config(PeerId.of(id), signPrivateKey);
        this.restored = false;
        this.callbacks = callbacks;
    }

    /**
     * Makes a session that can take either role.
     *
     * @param id the name that the peer looks up our key by, 1 character or more; travels as big-endian UTF-16 behind a
     *     byte order mark
     * @param signPrivateKey proves who we are
     * @param callbacks asked for keys and told of changes
     * @throws NullArgumentException if there is no id
     * @throws InvalidArgumentException if the id is empty
     * @throws NullPointerException if there is no key
     * @throws RuntimeException if the key is no elliptic-curve private key; the causes say what it is
     */
    public SecureSession(String id, PrivateKey signPrivateKey, ISessionCallbacks callbacks) {
        this(
                Arguments.requireNonNull(id, "peer ID cannot be null").getBytes(StandardCharsets.UTF_16),
                signPrivateKey,
                callbacks);
    }

    private SecureSession(Restored restored, ISessionCallbacks callbacks) {
        this.config = restored.config;
        this.restored = true;
        this.session = restored.session;
        this.callbacks = callbacks;
    }

    /**
     * Restores a session that was saved, here or by another Themis peer.
     *
     * @param state 60 bytes, out of storage that is trusted; the caller's to wipe
     * @param callbacks not called; kept for compatibility
     * @return the session where it stood; {@link #isEstablished} is true, while {@link #getState} stays
     *     {@link State#IDLE}
     * @throws SecureSessionException if the bytes are no such state
     * @deprecated the form is neither encrypted nor authenticated; {@code dev.securesession.SecureSession} saves under a
     *     key
     */
    @Deprecated
    public static SecureSession restore(byte[] state, ISessionCallbacks callbacks) throws SecureSessionException {
        Arguments.requireNonNull(state, "state cannot be null");
        try {
            return new SecureSession(new Restored(state), callbacks);
        } catch (StateRejectedException e) {
            throw new SecureSessionException("failed to restore Secure Session", e);
        }
    }

    /**
     * Returns the first message of the handshake and makes this end the client. Until message 2 is accepted, further calls
     * return the same message. After that, a call starts a new handshake with new keys and closes the previous session;
     * payloads in transit are lost. A call that fails changes nothing.
     *
     * @return the message for the server, a new array
     * @throws RuntimeException if this end is the server or was restored, or a callback calls that looks up a key
     * @throws IllegalStateException if the session was closed
     */
    public synchronized byte[] generateConnectRequest() {
        requireOpen();
        Handshake current = handshake;
        dev.securesession.SecureSession established = session;
        boolean isServer = (current != null && current.role() != Role.CLIENT)
                || (established != null && established.role() != Role.CLIENT);
        if (isServer || restored || (current != null && current.awaitedPeer().isPresent())) {
            throw cannotConnect(null);
        }
        byte[] request;
        try {
            request = current == null ? startAnew() : startOrRepeat(current);
        } catch (IllegalStateException | ProviderException e) {
            requireOpen();
            throw cannotConnect(e);
        }
        changeTo(State.NEGOTIATING);
        return request;
    }

    /** The first message again; once it was answered there is none, and a new handshake begins. */
    private byte[] startOrRepeat(Handshake current) {
        try {
            return current.start();
        } catch (IllegalStateException e) {
            requireOpen();
            return startAnew();
        }
    }

    /** Computes first and changes then: a provider that fails leaves the session as it was. */
    private byte[] startAnew() {
        Handshake next = Handshake.clientAcceptingAnyKnownPeer(config);
        byte[] request = next.start();
        Handshake previous = handshake;
        dev.securesession.SecureSession established = session;
        begin(next);
        session = null;
        if (previous != null) {
            previous.close();
        }
        if (established != null) {
            established.close();
        }
        return request;
    }

    /**
     * Wraps a payload for the peer.
     *
     * @param data 1 byte or more
     * @return the message, 52 bytes longer, a new array
     * @throws SecureSessionException if the session is not established, the payload is empty, or no message number is left
     * @throws IllegalStateException if the session was closed
     */
    public synchronized byte[] wrap(byte[] data) throws SecureSessionException {
        requireOpen();
        if (data == null) {
            throw new NullArgumentException();
        }
        dev.securesession.SecureSession established = session;
        if (established == null) {
            throw new SecureSessionException(NOT_WRAPPED);
        }
        try {
            return established.wrap(data);
        } catch (IllegalArgumentException | IllegalStateException e) {
            requireOpen();
            throw new SecureSessionException(NOT_WRAPPED, e);
        }
    }

    /**
     * Takes in a message of the peer, of the handshake or after it. A refused message changes nothing: the right one is
     * accepted afterwards.
     *
     * @param wrappedData the whole message
     * @return the result; {@link SessionDataType#PROTOCOL_DATA} must be sent to the peer
     * @throws SecureSessionException if the message is refused: the cause says why
     * @throws IllegalStateException if the session was closed
     */
    public synchronized UnwrapResult unwrap(byte[] wrappedData) throws SecureSessionException {
        requireOpen();
        if (wrappedData == null) {
            throw new NullArgumentException();
        }
        dev.securesession.SecureSession established = session;
        if (established == null) {
            return negotiate(wrappedData);
        }
        try {
            return new UnwrapResult(SessionDataType.USER_DATA, established.unwrap(wrappedData));
        } catch (MessageRejectedException | IllegalStateException e) {
            requireOpen();
            throw notUnwrapped(e);
        }
    }

    /** Closes the session and wipes its keys. May be called twice, by any thread, and by callbacks. */
    public void close() {
        closed = true;
        Handshake current = handshake;
        if (current != null) {
            current.close();
        }
        dev.securesession.SecureSession established = session;
        if (established != null) {
            established.close();
        }
    }

    /** Closes the session, if nobody has. */
    @Override
    @Deprecated
    @SuppressWarnings({"removal", "Finalize", "InlineMeSuggester"})
    protected void finalize() {
        close();
    }

    /**
     * Tells whether payloads can be exchanged.
     *
     * @return true once the handshake is over, and already when the callback is told so
     * @throws IllegalStateException if the session was closed
     */
    public synchronized boolean isEstablished() {
        requireOpen();
        return session != null;
    }

    /**
     * Returns the session in the form that every Themis peer reads. Whoever has these bytes has the session: seal them, for
     * example with a {@link SecureCell}, and let only one of the two go on.
     *
     * @return 60 bytes, the caller's to guard and wipe
     * @throws RuntimeException if the session is not established
     * @throws IllegalStateException if the session was closed
     * @deprecated the form is neither encrypted nor authenticated; {@code dev.securesession.SecureSession} saves under a
     *     key
     */
    @Deprecated
    public synchronized byte[] save() {
        requireOpen();
        dev.securesession.SecureSession established = session;
        if (established == null) {
            throw new RuntimeException(new SecureSessionException("failed to serialize Secure Session"));
        }
        try {
            return established.saveUnsealedTsscCopy();
        } catch (IllegalStateException e) {
            requireOpen();
            throw e;
        }
    }

    /**
     * Returns where the session stands.
     *
     * @return the state; of a closed session the last one, of a restored one {@link State#IDLE}
     */
    public State getState() {
        return state;
    }

    /** Wraps from one buffer into another, for those who have put something in front of the message. */
    final synchronized void wrap(ByteBuffer payload, ByteBuffer message) throws SecureSessionException {
        requireOpen();
        dev.securesession.SecureSession established = session;
        if (established == null) {
            throw new SecureSessionException(NOT_WRAPPED);
        }
        try {
            established.wrap(payload, message);
        } catch (IllegalStateException e) {
            requireOpen();
            throw new SecureSessionException(NOT_WRAPPED, e);
        }
    }

    /** From now on accepts exactly the next message only: for streams, which lose nothing. The session is established. */
    final synchronized void requireOrder() {
        dev.securesession.SecureSession established = session;
        if (established != null) {
            established.requireOrder();
        }
    }

    private UnwrapResult negotiate(byte[] message) throws SecureSessionException {
        Handshake before = handshake;
        Handshake current = before == null ? begin(Handshake.server(config)) : before;
        boolean accepted = false;
        try {
            HandshakeStep step = step(current, message);
            accepted = true;
            return result(step);
        } finally {
            if (before == null && !accepted) {
                // Nothing has happened: either role can still be taken.
                handshake = null;
                current.close();
            }
        }
    }

    private HandshakeStep step(Handshake current, byte[] message) throws SecureSessionException {
        HandshakeStep step;
        try {
            step = current.receive(message);
        } catch (HandshakeException | IllegalStateException | ProviderException e) {
            requireOpen();
            throw notUnwrapped(e);
        }
        if (step instanceof HandshakeStep.Ignored && current.awaitedPeer().isPresent()) {
            throw notUnwrapped(new IllegalStateException("a message while the callback looks up a key"));
        }
        if (!(step instanceof HandshakeStep.NeedPeerKey question)) {
            return step;
        }
        IdentityPublicKey key = askForKey(current, question.peer());
        try {
            return current.resolve(question.peer(), key);
        } catch (HandshakeException | IllegalStateException | ProviderException e) {
            requireOpen();
            throw notUnwrapped(e);
        }
    }

    /** Asks the callback for a key. Its exceptions reach the caller, and the message is dropped as after every refusal. */
    private IdentityPublicKey askForKey(Handshake current, PeerId peer) throws SecureSessionException {
        IdentityPublicKey found = null;
        try {
            ISessionCallbacks asked = callbacks;
            PublicKey key = asked == null ? null : asked.getPublicKeyForId(this, peer.toBytes());
            requireOpen();
            if (key == null) {
                throw notUnwrapped(new HandshakeException(
                        HandshakeException.Reason.UNKNOWN_PEER, "the callback has no key for " + peer));
            }
            found = key.identity();
            return found;
        } catch (KeyRejectedException e) {
            throw notUnwrapped(e);
        } finally {
            if (found == null && !closed) {
                current.refusePeer(peer);
            }
        }
    }

    private UnwrapResult result(HandshakeStep step) {
        if (step instanceof HandshakeStep.Established done) {
            establish(done.session());
            changeTo(State.ESTABLISHED);
        } else {
            changeTo(State.NEGOTIATING);
        }
        return step.message()
                .map(answer -> new UnwrapResult(SessionDataType.PROTOCOL_DATA, answer))
                .orElseGet(() -> new UnwrapResult(SessionDataType.NO_DATA, new byte[0]));
    }

    private Handshake begin(Handshake current) {
        handshake = current;
        closeIfOvertaken();
        return current;
    }

    private void establish(dev.securesession.SecureSession established) {
        session = established;
        closeIfOvertaken();
        handshake = null;
    }

    /** {@code close()} sets {@code closed} and then reads the fields; this end writes a field and then reads {@code closed}. */
    private void closeIfOvertaken() {
        if (closed) {
            close();
            requireOpen();
        }
    }

    private void changeTo(State next) {
        if (state == next) {
            return;
        }
        state = next;
        ISessionCallbacks told = callbacks;
        if (told != null) {
            told.stateChanged(this);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Secure Session is closed");
        }
    }

    private static SessionConfig config(PeerId id, PrivateKey key) {
        try {
            return key.sessionConfig(id);
        } catch (KeyRejectedException e) {
            throw new RuntimeException("failed to create Secure Session", new SecureSessionException(e));
        }
    }

    private static RuntimeException cannotConnect(@Nullable Throwable cause) {
        SecureSessionException refusal =
                cause == null ? new SecureSessionException() : new SecureSessionException(cause);
        return new RuntimeException("Secure Session cannot generate connection request", refusal);
    }

    private static SecureSessionException notUnwrapped(Throwable cause) {
        return new SecureSessionException("Secure Session failed to unwrap data", cause);
    }

    private static final String NOT_WRAPPED = "Secure Session failed to wrap data";

    /** A restored session. Its configuration needs an identity, which is never used: one for all, made with the first. */
    private static final class Restored {
        static final PeerId ID = PeerId.ofUtf8("restored");
        static final PrivateKey KEY =
                new PrivateKey(IdentityKeyPair.generate().privateKey().encodeSecret());

        final SessionConfig config = SecureSession.config(ID, KEY);
        final dev.securesession.SecureSession session;

        Restored(byte[] state) throws StateRejectedException {
            session = dev.securesession.SecureSession.restoreUnsealedTssc(state, config);
        }
    }
}

package dev.securesession.cli.peer;

import dev.securesession.EarlyData;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.StateRejectedException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * One session of the conformance peer from its beginning to its end. Its first request decides its role. A refusal leaves it
 * as it was.
 *
 * <pre>{@code
 * idle  -- request, reply -->  negotiating  -- reply -->  established  -- drop -->  closed
 * }</pre>
 */
final class PeerSession {
    private final SessionConfig config;
    private @Nullable Handshake handshake;
    private @Nullable SecureSession session;
    private boolean closed;

    PeerSession(SessionConfig config) {
        this.config = config;
    }

    byte[] request() {
        requireOpen();
        if (session != null) {
            throw new IllegalStateException("the session is established");
        }
        Handshake client = handshake == null ? Handshake.clientAcceptingAnyKnownPeer(config) : handshake;
        byte[] message = client.start();
        handshake = client;
        return message;
    }

    /** Returns the answer, empty if there is none. */
    byte[] reply(byte[] message) throws HandshakeException {
        requireOpen();
        if (session != null) {
            throw new IllegalStateException("the session is established");
        }
        Handshake either = handshake == null ? Handshake.server(config) : handshake;
        HandshakeStep step = either.receive(message);
        if (step instanceof HandshakeStep.Established established) {
            session = established.session();
            handshake = null;
        } else {
            handshake = either;
        }
        return step.message().orElse(NOTHING);
    }

    String state() {
        if (closed) {
            return "closed";
        }
        if (session != null) {
            return "established";
        }
        return handshake == null ? "idle" : "negotiating";
    }

    /** Returns the id of the peer, empty if the state that the session was loaded from does not tell. */
    byte[] remote() {
        SecureSession established = established();
        return established.isPeerKnown() ? established.peer().toBytes() : NOTHING;
    }

    /** Wraps a payload; a client may do so as soon as it has answered the server (PROTOCOL.md H-9). */
    byte[] wrap(byte[] payload) {
        requireOpen();
        if (handshake != null) {
            EarlyData early = handshake.earlyData().orElse(null);
            if (early != null) {
                return early.wrap(payload);
            }
        }
        return established().wrap(payload);
    }

    byte[] unwrap(byte[] message) throws MessageRejectedException {
        return established().unwrap(message);
    }

    byte[] save() {
        return established().saveUnsealedTsscCopy();
    }

    byte[] export() {
        requireOpen();
        return handshake == null ? established().saveCopy(STATE_KEY, BINDING) : handshake.saveCopy(STATE_KEY, BINDING);
    }

    byte[] hash() {
        return established().transcriptHash();
    }

    /** Goes on from the 60-byte form; what was before is dropped. */
    void load(byte[] state) throws StateRejectedException {
        SecureSession loaded = SecureSession.restoreUnsealedTssc(state, config);
        drop();
        session = loaded;
        closed = false;
    }

    /** Goes on from our own form of a session or a handshake; what was before is dropped. */
    void load(Exported state) throws StateRejectedException {
        SecureSession loaded = null;
        Handshake loadedHandshake = null;
        try {
            loaded = restored(state.bytes());
        } catch (StateRejectedException e) {
            if (e.reason() != Reason.WRONG_KIND) {
                throw e;
            }
            loadedHandshake = Handshake.restore(state.bytes(), STATE_KEY, BINDING, config);
        }
        drop();
        session = loaded;
        handshake = loadedHandshake;
        closed = false;
    }

    private SecureSession restored(byte[] state) throws StateRejectedException {
        try {
            return SecureSession.restoreAcceptingAnyKnownPeer(state, STATE_KEY, BINDING, config);
        } catch (StateRejectedException e) {
            if (e.reason() != Reason.UNKNOWN_PEER) {
                throw e;
            }
            // The session once came from the 60-byte form: only the program at our other end knows its peer.
            return SecureSession.restoreAssumingPeer(state, STATE_KEY, BINDING, config.withoutDirectory(), ANYBODY);
        }
    }

    /** Closes the session. May be called twice. */
    void drop() {
        if (handshake != null) {
            handshake.close();
        }
        if (session != null) {
            session.close();
        }
        handshake = null;
        session = null;
        closed = true;
    }

    private SecureSession established() {
        requireOpen();
        if (session == null) {
            throw new IllegalStateException("the session is not established");
        }
        return session;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }

    /** Bytes that {@link #export} has returned. */
    static final class Exported {
        private final byte[] bytes;

        Exported(byte[] bytes) {
            this.bytes = bytes;
        }

        private byte[] bytes() {
            return bytes;
        }
    }

    private static final byte[] NOTHING = {};
    private static final PeerId ANYBODY = PeerId.ofUtf8("anybody");

    /** Public: the program that drives the peer may read its states. */
    private static final StateBinding BINDING = StateBinding.of("peer", 0);

    private static final StateKey STATE_KEY = StateKey.of(new byte[StateKey.LENGTH]);
}

package dev.securesession.transport.datagram;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * A peer of a {@link SecureDatagramServer}: one session, and the address to which its messages go.
 *
 * <p>Several threads may send. What arrives goes to the handler of the server.
 */
public final class DatagramPeer implements Closeable {
    /** Why a session of a server has ended. */
    public enum End {
        /** It was closed, with its server or by itself. */
        CLOSED,
        /** No authentic message has come for the idle timeout. */
        IDLE,
        /** The peer has made a new session, or another peer has one at the same address now. */
        REPLACED,
        /** The server has as many sessions as its limit allows, and this was the one silent for the longest time. */
        DISPLACED,
        /** More messages failed authentication than the limit allows (PROTOCOL.md D-8). */
        TOO_MANY_FAILURES
    }

    private final SecureSession session;
    private final PeerId id;
    private final int sessionId;
    private final Server server;

    // Complete, but it still answers repetitions of its last message (PROTOCOL.md DG-2).
    private final Handshake handshake;

    private volatile InetSocketAddress address;

    // The fields below belong to the ServerTable and its thread.
    private long lastReceived;
    private long newestNumber = -1;
    private @Nullable InetSocketAddress candidate;
    private byte[] question = {};
    private long allowance;

    DatagramPeer(SecureSession session, Handshake handshake, InetSocketAddress address, Server server) {
        this.session = session;
        this.handshake = handshake;
        this.id = session.peer();
        this.sessionId = HandshakeDatagrams.sessionId(session.sessionId());
        this.address = address;
        this.server = server;
    }

    /**
     * Wraps a payload and sends it in one datagram, which may get lost. Does not wait: a datagram that the system cannot
     * take at once is lost as well.
     *
     * @param payload 1 byte to {@link #maxPayloadLength}; not kept
     * @throws IOException if the system refuses the datagram, or the server is closed
     * @throws IllegalArgumentException if the payload is empty or too long; nothing was sent
     * @throws dev.securesession.SessionExhaustedException if no message number is left: the peer must start a new handshake
     * @throws IllegalStateException if the session has ended
     */
    public void send(byte[] payload) throws IOException {
        server.options().requirePayload(payload.length);
        server.send(address, session.wrap(payload));
    }

    /**
     * Returns the longest payload that can be sent.
     *
     * @return bytes
     */
    public int maxPayloadLength() {
        return server.options().maxPayloadLength();
    }

    /**
     * Returns the peer, which has proved its identity in the handshake.
     *
     * @return the id of the peer
     */
    public PeerId id() {
        return id;
    }

    /**
     * Returns the session, for its fingerprints and its state. Messages that are wrapped by it directly are the caller's to
     * send.
     *
     * @return the session; closed with this peer
     */
    public SecureSession session() {
        return session;
    }

    /**
     * Returns the address to which messages for the peer go.
     *
     * @return the address of the handshake, or a newer one if the server follows changes
     */
    public InetSocketAddress address() {
        return address;
    }

    /** Ends the session. The peer is not told. May be called twice, and by any thread. */
    @Override
    public void close() {
        session.close();
        server.closed(this);
    }

    /**
     * Describes the peer for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "peer " + id + " at " + address;
    }

    int sessionId() {
        return sessionId;
    }

    long lastReceived() {
        return lastReceived;
    }

    void received(long now) {
        lastReceived = now;
    }

    /** Notes the number of an authentic message, and tells whether it is the newest one. */
    boolean isNewest(long number) {
        boolean newest = number > newestNumber;
        newestNumber = Math.max(newestNumber, number);
        return newest;
    }

    /** Returns the answer if this repeats the last handshake message, whatever trailing bytes it has. */
    byte @Nullable [] answerTo(byte[] datagram) {
        try {
            return handshake.receive(datagram).message().orElse(null);
        } catch (HandshakeException e) {
            return null;
        }
    }

    /**
     * Notes an authentic message from another address, and returns the question to ask there, or nothing while the address
     * has sent fewer bytes than that.
     */
    byte @Nullable [] questionTo(InetSocketAddress from, int received, byte[] number) {
        if (!from.equals(candidate)) {
            candidate = from;
            question = PathCheck.question(session.sessionId(), number);
            allowance = 0;
        }
        allowance += received;
        if (allowance < question.length) {
            return null;
        }
        allowance -= question.length;
        return question;
    }

    /** Moves to the address from which the right answer has come; tells whether it was right. */
    boolean moveTo(InetSocketAddress from, byte[] answer) {
        if (!from.equals(candidate) || !MessageDigest.isEqual(answer, PathCheck.answer(question))) {
            return false;
        }
        candidate = null;
        address = from;
        return true;
    }

    /** What a peer needs of its server. */
    interface Server {
        DatagramOptions options();

        void send(InetSocketAddress to, byte[] datagram) throws IOException;

        void closed(DatagramPeer peer);
    }
}

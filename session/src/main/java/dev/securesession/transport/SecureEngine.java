package dev.securesession.transport;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityPublicKey;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.io.EOFException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A connection without I/O for any event loop: bytes of the network in, bytes for the network and payloads out.
 *
 * <pre>
 *                        resolve, refusePeer
 *                   +----------------------------+
 *                   v                            |
 *   start --&gt; HANDSHAKING --NEEDS_PEER_KEY--&gt; (key look-up)
 *                   |
 *                   +--ESTABLISHED--&gt; established --PAYLOAD--&gt; established
 *
 *   any --exception, close--&gt; closed
 * </pre>
 *
 * <p>The loop of the caller:
 *
 * <pre>{@code
 * while (network.hasRemaining() || engine.hasResult()) {
 *     switch (engine.receive(network)) {
 *         case NEEDS_BYTES -> {}
 *         case NEEDS_PEER_KEY -> lookUp(engine.awaitedPeer().orElseThrow());
 *         case ESTABLISHED -> engine.send(greeting);
 *         case PAYLOAD -> use(engine.payload());
 *     }
 * }
 * }</pre>
 *
 * <p>The stream layer over an engine is a {@link SecureStreamEngine}.
 *
 * <p>After each call write what {@link #outgoing} holds. Handshake and framing are inside; memory grows with the bytes
 * that have arrived (PROTOCOL.md P-4), and the limits of the {@link ConnectionOptions} hold. An exception is final: write
 * what is outgoing, close the engine and the connection. The engine reads no clock; ask {@link #deadline} and call
 * {@link #checkDeadline}. Belongs to one thread at a time.
 */
public final class SecureEngine implements AutoCloseable {
    /** The result of {@link SecureEngine#receive}. */
    public enum Result {
        /** All bytes were consumed, and nothing is complete: read more from the network. */
        NEEDS_BYTES,
        /**
         * The handshake waits for the keys of {@link SecureEngine#awaitedPeer}: nothing is consumed before
         * {@link SecureEngine#resolve} or {@link SecureEngine#refusePeer}. Occurs only if the configuration asks for keys.
         */
        NEEDS_PEER_KEY,
        /** The handshake is over: payloads can be sent. Reported once. */
        ESTABLISHED,
        /** A payload has arrived: see {@link SecureEngine#payload}. */
        PAYLOAD
    }

    private final Handshake handshake;
    private final ConnectionOptions options;
    private final Framing framing;
    private final long start;
    private final byte[] header;
    private final byte[] outgoingHeader;

    private @Nullable SecureSession session;
    private boolean establishedToReport;
    private int handshakeMessages;
    private boolean receivedAny;
    private boolean closed;

    // The frame that is being received. Grows as it arrives, and is used again for the next one.
    private int headerRead;
    private byte[] body = {};
    private int bodyRead;
    private int bodyLength = -1;

    private ByteBuffer opened = ByteBuffer.allocate(0);
    private ByteBuffer payload = opened;

    // The bytes from position to limit wait for the network.
    private ByteBuffer outgoing = ByteBuffer.allocate(0);

    private SecureEngine(Handshake handshake, ConnectionOptions options, long now) {
        this.handshake = handshake;
        this.options = options;
        this.framing = options.framing();
        this.start = now;
        this.header = new byte[framing.headerLength()];
        this.outgoingHeader = new byte[header.length];
    }

    /**
     * Begins as the client, with the default options. The first message is outgoing at once.
     *
     * @param config the local identity and the keys of peers; it may ask for keys
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param now the time by the caller's clock in nanoseconds, such as {@link System#nanoTime}
     * @return a new engine, the caller's to close
     */
    public static SecureEngine client(SessionConfig config, PeerId expectedPeer, long now) {
        return client(config, expectedPeer, ConnectionOptions.defaults(), now);
    }

    /**
     * Begins as the client. The first message is outgoing at once.
     *
     * @param config the local identity and the keys of peers; it may ask for keys
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options framing, limits and handshake deadlines; send and idle timeouts are the caller's
     * @param now the time by the caller's clock in nanoseconds, such as {@link System#nanoTime}
     * @return a new engine, the caller's to close
     */
    public static SecureEngine client(SessionConfig config, PeerId expectedPeer, ConnectionOptions options, long now) {
        SecureEngine engine = new SecureEngine(Handshake.client(config, expectedPeer), options, now);
        engine.enqueue(engine.handshake.start());
        return engine;
    }

    /**
     * Begins as the server, for any peer whose key is known, with the default options.
     *
     * @param config the local identity and the keys of peers; it may ask for keys
     * @param now the time by the caller's clock in nanoseconds, such as {@link System#nanoTime}
     * @return a new engine, the caller's to close
     */
    public static SecureEngine server(SessionConfig config, long now) {
        return server(config, ConnectionOptions.defaults(), now);
    }

    /**
     * Begins as the server, for any peer whose key is known.
     *
     * @param config the local identity and the keys of peers; it may ask for keys
     * @param options framing, limits and handshake deadlines; send and idle timeouts are the caller's
     * @param now the time by the caller's clock in nanoseconds, such as {@link System#nanoTime}
     * @return a new engine, the caller's to close
     */
    public static SecureEngine server(SessionConfig config, ConnectionOptions options, long now) {
        return new SecureEngine(Handshake.server(config), options, now);
    }

    /**
     * Consumes bytes of the network, up to the first result.
     *
     * @param network its position moves over what was consumed; not kept, not changed. Array-backed buffers are fastest.
     * @return the result; call again while bytes remain or {@link #hasResult}
     * @throws HandshakeException if the peer is refused
     * @throws MessageRejectedException if a message is refused
     * @throws ProtocolException if a message is too long, or the peer uses another framing
     * @throws IllegalStateException if the engine was closed or has failed
     */
    public Result receive(ByteBuffer network) throws HandshakeException, MessageRejectedException, ProtocolException {
        boolean succeeded = false;
        try {
            Result result = next(network);
            succeeded = true;
            return result;
        } finally {
            if (!succeeded) {
                close();
            }
        }
    }

    /** Like {@link #receive}, for a caller that closes the engine after a failure. */
    Result next(ByteBuffer network) throws HandshakeException, MessageRejectedException, ProtocolException {
        requireOpen();
        while (true) {
            if (establishedToReport) {
                establishedToReport = false;
                return Result.ESTABLISHED;
            }
            if (handshake.awaitedPeer().isPresent()) {
                return Result.NEEDS_PEER_KEY;
            }
            ByteBuffer message = frame(network);
            if (message == null) {
                return Result.NEEDS_BYTES;
            }
            if (session == null) {
                byte[] handshakeMessage = new byte[message.remaining()];
                message.get(handshakeMessage);
                receivedAny = true;
                HandshakeRunner.requireFew(++handshakeMessages);
                advance(handshake.receive(handshakeMessage));
            } else {
                unwrap(session, message);
                return Result.PAYLOAD;
            }
        }
    }

    /** Returns the next whole message: a view of the network's bytes, or of those collected before. */
    private @Nullable ByteBuffer frame(ByteBuffer network) throws ProtocolException {
        if (bodyLength < 0) {
            int count = Math.min(header.length - headerRead, network.remaining());
            network.get(header, headerRead, count);
            headerRead += count;
            if (headerRead < header.length) {
                return null;
            }
            int limit = session == null ? options.maxHandshakeMessageLength() : options.maxMessageLength();
            bodyLength = Frames.announcedLength(framing, header, limit);
            bodyRead = 0;
        }
        ByteBuffer message;
        if (bodyRead == 0 && network.remaining() >= bodyLength) {
            message = network.slice();
            Buffers.limit(message, bodyLength);
            Buffers.position(network, network.position() + bodyLength);
        } else {
            collect(network);
            if (bodyRead < bodyLength) {
                return null;
            }
            message = ByteBuffer.wrap(body, 0, bodyLength);
        }
        headerRead = 0;
        bodyLength = -1;
        return message;
    }

    private void collect(ByteBuffer network) {
        int count = Math.min(bodyLength - bodyRead, network.remaining());
        int needed = bodyRead + count;
        if (needed > body.length) {
            body = Arrays.copyOf(body, Frames.pieceLength(needed, bodyLength));
        }
        network.get(body, bodyRead, count);
        bodyRead = needed;
    }

    private void unwrap(SecureSession established, ByteBuffer message) throws MessageRejectedException {
        if (opened.capacity() < message.remaining()) {
            opened = ByteBuffer.allocate(message.remaining());
        }
        payload = established.unwrapInto(message, opened);
    }

    private void advance(HandshakeStep step) {
        step.message().ifPresent(this::enqueue);
        if (step instanceof HandshakeStep.Established established) {
            session = established.session();
            session.requireOrder();
            establishedToReport = true;
        }
    }

    /**
     * Tells whether {@link #receive} has a result even if no bytes arrive.
     *
     * @return true after the call that ended a handshake by {@link #resolve}
     */
    public boolean hasResult() {
        return establishedToReport && !closed;
    }

    /**
     * Returns the payload that the last {@link Result#PAYLOAD} announced.
     *
     * @return the payload, valid until the next call of {@link #receive} or {@link #close}; its array is used again
     */
    public ByteBuffer payload() {
        return payload;
    }

    /**
     * Wraps a payload; its message is then outgoing.
     *
     * @param source 1 byte or more; its position moves to its limit
     * @throws IllegalArgumentException if the payload is empty, or longer than {@link #maxPayloadLength}
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the handshake is not over, or the engine was closed
     */
    public void send(ByteBuffer source) {
        SecureSession established = requireEstablished();
        int length = source.remaining();
        if (length == 0 || length > maxPayloadLength()) {
            throw new IllegalArgumentException(
                    "a payload of " + length + " bytes; it must be 1 to " + maxPayloadLength() + " here");
        }
        int messageLength = length + SecureSession.OVERHEAD;
        ByteBuffer target = room(header.length + messageLength);
        int at = target.position();
        Buffers.position(target, at + header.length);
        established.wrap(source, target);
        finish(target, at, messageLength);
    }

    /**
     * Wraps one byte and the next bytes of a buffer as one payload, which is put together where it is wrapped.
     *
     * @param count 0 or more; the position of the source moves by so many bytes
     */
    void send(byte first, ByteBuffer source, int count) {
        SecureSession established = requireEstablished();
        int messageLength = 1 + count + SecureSession.OVERHEAD;
        ByteBuffer target = room(header.length + messageLength);
        int at = target.position();
        ByteBuffer part = source.duplicate();
        Buffers.limit(part, part.position() + count);
        Buffers.position(target, at + header.length + SecureSession.PAYLOAD_OFFSET);
        target.put(first).put(part);
        Buffers.position(target, at + header.length);
        Buffers.limit(target, at + header.length + messageLength);
        established.wrapInPlace(target);
        finish(target, at, messageLength);
        Buffers.position(source, source.position() + count);
    }

    /** Writes the header in front of a message that is in the buffer already, and adds both to the outgoing bytes. */
    private void finish(ByteBuffer target, int at, int messageLength) {
        framing.writeHeader(messageLength, outgoingHeader);
        Buffers.position(target, at);
        target.put(outgoingHeader);
        Buffers.limit(outgoing, at + header.length + messageLength);
    }

    private SecureSession requireEstablished() {
        requireOpen();
        SecureSession established = session;
        if (established == null) {
            throw new IllegalStateException("a payload before the end of the handshake; wait for ESTABLISHED");
        }
        return established;
    }

    /**
     * Returns the longest payload that can be sent.
     *
     * @return bytes
     */
    public int maxPayloadLength() {
        return Math.min(options.maxMessageLength(), framing.maxMessageLength()) - SecureSession.OVERHEAD;
    }

    /**
     * Returns the bytes for the network: the engine wants to write while some remain. Stop sending payloads while many
     * remain, because they are kept in memory.
     *
     * @return from position to limit; move the position over what was written. Valid until the next call that may add to
     *     it.
     */
    public ByteBuffer outgoing() {
        return outgoing;
    }

    /**
     * Returns the peer whose keys are expected.
     *
     * @return the id that it claims, or empty if no keys are expected
     */
    public Optional<PeerId> awaitedPeer() {
        return closed ? Optional.empty() : handshake.awaitedPeer();
    }

    /**
     * Continues with the keys that {@link Result#NEEDS_PEER_KEY} asked for; call {@link #receive} afterwards.
     *
     * @param peer the id in question
     * @param keys its keys, at most {@link dev.securesession.PeerDirectory#MAX_KEYS}
     * @throws HandshakeException if the peer is refused; close the engine
     * @throws IllegalArgumentException if there are too many keys
     * @throws IllegalStateException if no key of that peer is expected, or the engine was closed
     */
    public void resolve(PeerId peer, List<IdentityPublicKey> keys) throws HandshakeException {
        requireOpen();
        try {
            advance(handshake.resolve(peer, keys));
        } catch (HandshakeException refusal) {
            close();
            throw refusal;
        }
    }

    /**
     * Answers {@link Result#NEEDS_PEER_KEY}: the peer is refused, and the engine closed. Takes as long as a wrong key.
     *
     * @param peer the id in question
     * @throws IllegalStateException if no key of that peer is expected, or the engine was closed
     */
    public void refusePeer(PeerId peer) {
        requireOpen();
        handshake.refusePeer(peer);
        close();
    }

    /**
     * Returns the session, for its peer and its fingerprints.
     *
     * @return the session; closed with the engine; or empty before the end of the handshake
     */
    public Optional<SecureSession> session() {
        return Optional.ofNullable(session);
    }

    /**
     * Returns the time at which {@link #checkDeadline} is to be called, by the clock of the caller.
     *
     * @return nanoseconds, to be compared by subtraction; or empty once no deadline applies
     */
    public OptionalLong deadline() {
        if (session != null || closed) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(start + limit().toNanos());
    }

    private Duration limit() {
        Duration whole = options.handshakeDeadline();
        Duration first = options.firstMessageDeadline();
        boolean awaitsFirst = handshake.role() == Role.SERVER && !receivedAny;
        return awaitsFirst && first.compareTo(whole) < 0 ? first : whole;
    }

    /**
     * Closes the engine if a handshake deadline has passed (PROTOCOL.md H-7).
     *
     * @param now the time by the clock of the caller
     * @throws SocketTimeoutException if it has: close the connection
     */
    public void checkDeadline(long now) throws SocketTimeoutException {
        OptionalLong end = deadline();
        if (end.isPresent() && now - end.getAsLong() >= 0) {
            Duration limit = limit();
            close();
            throw new SocketTimeoutException("handshake timed out after " + Deadline.text(limit)
                    + (receivedAny ? " waiting for the next message" : " waiting for the first message"));
        }
    }

    /**
     * Notes the end of the network's bytes.
     *
     * @throws EOFException if it came within the handshake or within a message
     */
    public void endOfInput() throws EOFException {
        requireOpen();
        if (session == null) {
            throw new EOFException(
                    "the peer ended the connection during the handshake; it may have refused this identity");
        }
        if (headerRead > 0) {
            throw new EOFException("the connection ended within a message; the message is lost");
        }
    }

    /** Wipes the keys and the last payload. What is outgoing stays, and may still be written. May be called twice. */
    @Override
    public void close() {
        closed = true;
        handshake.close();
        if (session != null) {
            session.close();
        }
        Arrays.fill(opened.array(), (byte) 0);
        Buffers.position(payload, payload.limit());
    }

    /**
     * Describes the engine for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "engine of " + (session == null ? handshake : session);
    }

    private void enqueue(byte[] message) {
        ByteBuffer target = room(header.length + message.length);
        framing.writeHeader(message.length, outgoingHeader);
        target.put(outgoingHeader).put(message);
        Buffers.limit(outgoing, target.position());
    }

    /** Returns a view of the outgoing buffer that begins after the outgoing bytes and has room for {@code length} more. */
    private ByteBuffer room(int length) {
        if (outgoing.capacity() - outgoing.limit() < length) {
            ByteBuffer moved = outgoing;
            int needed = Math.addExact(outgoing.remaining(), length);
            if (needed > outgoing.capacity()) {
                moved = ByteBuffer.allocate(
                        (int) Math.max(needed, Math.min(2L * outgoing.capacity(), MAX_SPARE_LENGTH)));
            }
            ByteBuffer waiting = outgoing.duplicate();
            Buffers.clear(moved);
            moved.put(waiting);
            Buffers.flip(moved);
            outgoing = moved;
        }
        ByteBuffer target = outgoing.duplicate();
        Buffers.limit(target, target.capacity());
        Buffers.position(target, outgoing.limit());
        return target;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the engine is closed, or has failed");
        }
    }

    private static final int MAX_SPARE_LENGTH = 1 << 20;
}

package dev.securesession.transport;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;

/**
 * The stream layer without I/O, from payloads to payloads: for adapters of event loops and frameworks that move the
 * messages of a session themselves. Applications use {@link SecureStream}.
 *
 * <pre>{@code
 * ByteBuffer data = layer.receive(payload);       // of each payload of the peer
 * layer.requireSendable();                         // then send DATA and the data
 * send(layer.end());                              // no data follow in this direction
 * send(layer.acknowledge());                      // when everything up to the end of the peer is where it belongs
 * }</pre>
 *
 * <p>Sending methods return payloads for the session, in their order. After a failure send {@link #abort} once, unless the
 * peer has aborted, and close the connection. Belongs to one thread at a time.
 *
 * <p>PROTOCOL.md, Part 4.
 */
public final class StreamLayer {
    /** The first byte of a payload that carries data. */
    public static final byte DATA = StreamFrame.DATA;

    /** The data that a payload should have at most: long enough to be efficient, short enough for CPU caches. */
    public static final int MAX_CHUNK_LENGTH = StreamFrame.MAX_CHUNK_LENGTH;

    private StreamState state = new StreamState();
    private boolean between;
    private boolean connectionEnded;

    /**
     * Begins a stream with both directions open.
     *
     * @param maxPayloadLength bytes that a payload of the session may have
     * @throws IllegalArgumentException if they are less than 258, the length of an abort
     */
    public StreamLayer(int maxPayloadLength) {
        StreamFrame.requireRoom(maxPayloadLength);
    }

    /**
     * Accepts a payload of the peer.
     *
     * @param payload the whole payload; its position does not move
     * @return the data in it, a view; empty if it has none. See then {@link #isEndReceived} and
     *     {@link #isAcknowledged}.
     * @throws StreamAbortedException if the peer aborts: close the connection
     * @throws ProtocolException if the peer violates the protocol: send {@link #abort} and close the connection
     * @throws IOException if the stream has failed before
     */
    public ByteBuffer receive(ByteBuffer payload) throws IOException {
        ByteBuffer data = state.receive(payload);
        if (data.hasRemaining() || state.isEndReceived()) {
            between = false;
        }
        return data;
    }

    /**
     * Refuses to send data after {@link #end} or a failure; otherwise send {@link #DATA} and the data. The stream has begun then:
     * it is no longer {@linkplain #isBetweenStreams between two}.
     *
     * @throws IOException if the stream has failed
     * @throws IllegalStateException if this direction has ended
     */
    public void requireSendable() throws IOException {
        state.requireSendable();
        between = false;
    }

    /**
     * Ends our direction.
     *
     * @return the payload to send after all data, a new array
     * @throws IOException if the stream has failed
     * @throws IllegalStateException if this direction has ended already
     */
    public byte[] end() throws IOException {
        requireSendable();
        state.sentEnd();
        return StreamFrame.end();
    }

    /**
     * Tells the peer that everything up to its end has arrived where it belongs. If that has failed, {@link #abort} instead.
     *
     * @return the payload to send, a new array
     * @throws IOException if the stream has failed
     * @throws IllegalStateException if the peer has not ended its direction, or it is acknowledged already
     */
    public byte[] acknowledge() throws IOException {
        state.requireEndReceived();
        if (state.isAckSent()) {
            throw new IllegalStateException("the end of the peer is acknowledged already");
        }
        state.sentAck();
        return StreamFrame.acknowledgement();
    }

    /**
     * Returns a payload without data, so that idle timeouts start again.
     *
     * @return the payload to send, a new array
     * @throws IOException if the stream has failed
     */
    public byte[] keepAlive() throws IOException {
        state.requireAlive();
        return StreamFrame.keepAlive();
    }

    /**
     * Ends both directions for a reason of the application.
     *
     * @param code {@link StreamAbortedException#FIRST_APPLICATION_CODE} to 65,535
     * @param reason a short text for the logs of the peer; at most 255 bytes of its UTF-8 form are sent
     * @return the payload to send, a new array
     * @throws IOException if the stream has failed before
     * @throws IllegalArgumentException if the code is outside its range
     */
    public byte[] abort(int code, String reason) throws IOException {
        StreamFrame.requireApplicationCode(code);
        return fail(StreamAbortedException.locally(code, reason));
    }

    /**
     * Ends both directions because the peer has violated the protocol.
     *
     * @param reason a short text for the logs of the peer
     * @return the payload to send, a new array
     * @throws IOException if the stream has failed before
     */
    public byte[] abortForViolation(String reason) throws IOException {
        return fail(StreamAbortedException.locally(StreamAbortedException.PROTOCOL_ERROR, reason));
    }

    /**
     * Ends both directions because the stream is closed before it is {@linkplain #isSettled settled}.
     *
     * @return the payload to send, a new array
     * @throws IOException if the stream has failed before
     */
    public byte[] abortForClose() throws IOException {
        return fail(StreamAbortedException.closed());
    }

    private byte[] fail(StreamAbortedException abort) throws IOException {
        state.requireAlive();
        state.fail(abort);
        return StreamFrame.abort(abort.code(), abort.reason());
    }

    /**
     * Begins the next stream of the session, if the peer does so too (PROTOCOL.md ST-10).
     *
     * @throws IllegalStateException if the stream before is not {@linkplain #isComplete complete}, or the connection has ended
     */
    public void beginNext() {
        if (connectionEnded) {
            throw new IllegalStateException("no stream can follow: the connection has ended");
        }
        if (!isComplete()) {
            throw new IllegalStateException("no stream can follow before this one is complete: " + this);
        }
        state = new StreamState();
        between = true;
    }

    /**
     * Tells whether neither data nor an end has been sent or received since {@link #beginNext}: the connection may end without an
     * abort.
     *
     * @return true between two streams
     */
    public boolean isBetweenStreams() {
        return between && !isFailed();
    }

    /**
     * Notes that the connection has ended, or the direction of the peer. Between two streams that is no failure.
     *
     * @throws EOFException if the peer had not ended its direction, or not acknowledged the end of ours: the stream is
     *     incomplete
     * @throws IOException if the stream has failed before
     */
    public void connectionEnded() throws IOException {
        connectionEnded = true;
        if (!isBetweenStreams()) {
            state.connectionEnded();
        }
    }

    /**
     * Tells whether the peer has ended its direction.
     *
     * @return true after its end
     */
    public boolean isEndReceived() {
        return state.isEndReceived();
    }

    /**
     * Tells whether our direction has ended.
     *
     * @return true after {@link #end}
     */
    public boolean isEndSent() {
        return state.isEndSent();
    }

    /**
     * Tells whether the peer has everything that was sent, up to our end.
     *
     * @return true after its acknowledgement
     */
    public boolean isAcknowledged() {
        return state.isAckReceived();
    }

    /**
     * Tells whether our direction has ended and that of the peer is acknowledged: closing takes nothing away from the peer.
     *
     * @return true after {@link #end} and {@link #acknowledge}, unless the stream has failed
     */
    public boolean isSettled() {
        return state.isSettled();
    }

    /**
     * Tells whether both directions have ended and are acknowledged: close the connection, or {@link #beginNext}.
     *
     * @return true if it is {@linkplain #isSettled settled} and {@linkplain #isAcknowledged acknowledged}
     */
    public boolean isComplete() {
        return state.isComplete();
    }

    /**
     * Tells whether the stream has failed, here or at the peer.
     *
     * @return true after an abort, a violation, or the end of an incomplete stream
     */
    public boolean isFailed() {
        return state.failure() != null;
    }

    /**
     * Describes the stream for people to read.
     *
     * @return a description
     */
    @Override
    public String toString() {
        return "stream layer, "
                + (isFailed()
                        ? "failed"
                        : "from the peer " + word(isEndReceived(), state.isAckSent()) + ", to the peer "
                                + word(isEndSent(), isAcknowledged()));
    }

    private static String word(boolean ended, boolean acknowledged) {
        return acknowledged ? "acknowledged" : ended ? "ended" : "open";
    }
}

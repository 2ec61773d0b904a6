package dev.securesession.transport;

import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;

/**
 * A stream of bytes in each direction for any event loop, each with an authenticated end: the stream layer over a
 * {@link SecureEngine}.
 *
 * <pre>
 *   handshake --ESTABLISHED--&gt; both directions open
 *
 *   from the peer   open --its END arrives: END--&gt; ended --acknowledge()------------------------&gt; acknowledged
 *   to the peer     open --end()--------------------&gt; ended --its ACK arrives: ACKNOWLEDGED--&gt; delivered
 *
 *   ended to the peer and acknowledged from it:   close() sends nothing
 *   any   --ABORT of the peer, violation, endOfInput() before its END and ACK, exception--&gt; failed
 *   any   --abort(), close() before that--&gt; failed; ABORT is outgoing
 * </pre>
 *
 * <p>The loop of the caller:
 *
 * <pre>{@code
 * while (network.hasRemaining() || stream.hasResult()) {
 *     switch (stream.receive(network)) {
 *         case NEEDS_BYTES -> {}
 *         case NEEDS_PEER_KEY -> lookUp(stream.engine().awaitedPeer().orElseThrow());
 *         case ESTABLISHED -> stream.send(greeting);
 *         case DATA -> use(stream.data());
 *         case END -> {
 *             stream.acknowledge();
 *             stream.end();
 *         }
 *         case ACKNOWLEDGED -> done();
 *     }
 * }
 * }</pre>
 *
 * <p>After each call write what {@link #outgoing} holds, also after an exception: it may hold the abort that tells the peer
 * why. An exception of {@link #receive} or {@link #endOfInput} is final: close the stream and the connection. Only the
 * result {@link Result#END} is the end of the peer's bytes; a network that ends without it has truncated them. Only
 * {@link Result#ACKNOWLEDGED} says that the peer has everything that was sent.
 *
 * <p>Understood by {@link SecureStream} at the other end. Reads no clock: deadlines, timeouts and the times of
 * {@link #sendKeepAlive} are the caller's. Belongs to one thread at a time.
 *
 * <p>PROTOCOL.md, Part 4.
 */
public final class SecureStreamEngine implements AutoCloseable {
    /** The result of {@link SecureStreamEngine#receive}. */
    public enum Result {
        /** All bytes were consumed, and nothing is complete: read more from the network. */
        NEEDS_BYTES,
        /**
         * The handshake waits for the keys of {@link SecureEngine#awaitedPeer}: nothing is consumed before
         * {@link SecureEngine#resolve} or {@link SecureEngine#refusePeer} of the {@link SecureStreamEngine#engine}.
         */
        NEEDS_PEER_KEY,
        /** The handshake is over: data can be sent. Reported once. */
        ESTABLISHED,
        /** Data have arrived: see {@link SecureStreamEngine#data}. */
        DATA,
        /** The peer has ended its direction after everything that it sent. Reported once. */
        END,
        /** The peer has everything that was sent to it, up to {@link SecureStreamEngine#end}. Reported once. */
        ACKNOWLEDGED
    }

    private final SecureEngine engine;
    private final StreamState state = new StreamState();
    private final int maxChunkLength;
    private final ByteBuffer nothing = ByteBuffer.allocate(0);
    private ByteBuffer data = nothing;

    private SecureStreamEngine(SecureEngine engine) {
        this.engine = engine;
        this.maxChunkLength =
                Math.min(engine.maxPayloadLength() - StreamFrame.HEADER_LENGTH, StreamFrame.MAX_CHUNK_LENGTH);
    }

    /**
     * Begins a stream over an engine, before or after its handshake.
     *
     * @param engine belongs to the stream from now on, which closes it; not to be used for payloads any more
     * @return the stream, the caller's to close
     * @throws IllegalArgumentException if the engine allows payloads of less than 258 bytes, the length of an abort
     */
    public static SecureStreamEngine over(SecureEngine engine) {
        StreamFrame.requireRoom(engine.maxPayloadLength());
        return new SecureStreamEngine(engine);
    }

    /**
     * Consumes bytes of the network, up to the first result.
     *
     * @param network its position moves over what was consumed; not kept, not changed. Array-backed buffers are fastest.
     * @return the result; call again while bytes remain or {@link #hasResult}
     * @throws HandshakeException if the peer is refused
     * @throws StreamAbortedException if the peer aborts; or if it violates the protocol, and the abort that tells it so is
     *     outgoing; or if the stream was aborted or closed before
     * @throws IOException if a handshake message is too long, or the peer uses another framing, or the stream has failed
     *     before
     * @throws IllegalStateException if the stream was closed when it was complete
     */
    public Result receive(ByteBuffer network) throws HandshakeException, IOException {
        state.requireAlive();
        data = nothing;
        boolean succeeded = false;
        try {
            Result result = next(network);
            succeeded = true;
            return result;
        } finally {
            if (!succeeded) {
                engine.close();
            }
        }
    }

    private Result next(ByteBuffer network) throws HandshakeException, IOException {
        try {
            while (true) {
                switch (engine.next(network)) {
                    case NEEDS_BYTES -> {
                        return Result.NEEDS_BYTES;
                    }
                    case NEEDS_PEER_KEY -> {
                        return Result.NEEDS_PEER_KEY;
                    }
                    case ESTABLISHED -> {
                        return Result.ESTABLISHED;
                    }
                    case PAYLOAD -> {
                        boolean endedBefore = state.isEndReceived();
                        boolean acknowledgedBefore = state.isAckReceived();
                        data = state.receive(engine.payload());
                        if (data.hasRemaining()) {
                            return Result.DATA;
                        }
                        if (state.isEndReceived() != endedBefore) {
                            return Result.END;
                        }
                        if (state.isAckReceived() != acknowledgedBefore) {
                            return Result.ACKNOWLEDGED;
                        }
                    }
                }
            }
        } catch (MessageRejectedException refusal) {
            throw violation("a message was refused: " + refusal.getMessage(), refusal);
        } catch (ProtocolException violation) {
            if (!engine.session().isPresent()) {
                throw state.fail(violation);
            }
            throw violation(String.valueOf(violation.getMessage()), violation);
        } catch (HandshakeException refusal) {
            state.fail(new IOException("the handshake has failed: " + refusal.getMessage(), refusal));
            throw refusal;
        }
    }

    private StreamAbortedException violation(String what, Exception cause) {
        StreamAbortedException abort = StreamAbortedException.locally(StreamAbortedException.PROTOCOL_ERROR, what);
        abort.initCause(cause);
        endWith(abort);
        return abort;
    }

    /**
     * Tells whether {@link #receive} has a result even if no bytes arrive.
     *
     * @return true after the call that ended a handshake by {@link SecureEngine#resolve}
     */
    public boolean hasResult() {
        return engine.hasResult();
    }

    /**
     * Returns the data that the last {@link Result#DATA} announced.
     *
     * @return valid until the next call of {@link #receive} or {@link #close}; its array is used again
     */
    public ByteBuffer data() {
        return data;
    }

    /**
     * Wraps data, in chunks of up to 32 KiB; their messages are then outgoing. Stop while many bytes are outgoing, because
     * they are kept in memory.
     *
     * @param source any number of bytes; its position moves to its limit
     * @throws IOException if the stream has failed; a {@link StreamAbortedException} if it was aborted
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new connection
     * @throws IllegalStateException if the handshake is not over, or after {@link #end}
     */
    public void send(ByteBuffer source) throws IOException {
        state.requireSendable();
        while (source.hasRemaining()) {
            send(StreamFrame.DATA, source, Math.min(source.remaining(), maxChunkLength));
        }
    }

    /**
     * Ends our direction: the peer learns that everything that was sent is complete. Receiving goes on, and
     * {@link Result#ACKNOWLEDGED} says when the peer has everything. May be called twice.
     *
     * @throws IOException if the stream has failed; a {@link StreamAbortedException} if it was aborted
     * @throws dev.securesession.SessionExhaustedException if no message number is left: abort
     * @throws IllegalStateException if the handshake is not over
     */
    public void end() throws IOException {
        if (state.isEndSent()) {
            return;
        }
        state.requireSendable();
        send(StreamFrame.END, nothing, 0);
        state.sentEnd();
    }

    /**
     * Tells the peer that everything up to its end has arrived where it belongs: to be called after {@link Result#END}, when
     * the application has nothing left to do that may fail. If it has failed, {@link #abort} instead. May be called twice.
     *
     * @throws IOException if the stream has failed; a {@link StreamAbortedException} if it was aborted
     * @throws dev.securesession.SessionExhaustedException if no message number is left: abort
     * @throws IllegalStateException if the peer has not ended its direction
     */
    public void acknowledge() throws IOException {
        state.requireEndReceived();
        if (!state.isAckSent()) {
            send(StreamFrame.ACK, nothing, 0);
            state.sentAck();
        }
    }

    /**
     * Wraps a message without data, so that idle timeouts of the peer and of the network start again. To be called at
     * times that the caller chooses.
     *
     * @throws IOException if the stream has failed; a {@link StreamAbortedException} if it was aborted
     * @throws dev.securesession.SessionExhaustedException if no message number is left: abort
     * @throws IllegalStateException if the handshake is not over
     */
    public void sendKeepAlive() throws IOException {
        state.requireAlive();
        send(StreamFrame.KEEP_ALIVE, nothing, 0);
    }

    /**
     * Ends both directions at once and closes the engine. The abort is outgoing: write it, then close the connection.
     *
     * @param code {@link StreamAbortedException#FIRST_APPLICATION_CODE} to 65,535, with a meaning of the application
     * @param reason a short text for the logs of the peer; at most 255 bytes of its UTF-8 form are sent
     * @throws IllegalArgumentException if the code is outside its range
     */
    public void abort(int code, String reason) {
        StreamFrame.requireApplicationCode(code);
        endWith(StreamAbortedException.locally(code, reason));
    }

    /**
     * Notes the end of the network's bytes. After {@link Result#END} and {@link Result#ACKNOWLEDGED} it is nothing special.
     *
     * @throws EOFException if it came before the end of the handshake, before the peer's END, in which case what has arrived
     *     is incomplete, or before its ACK, in which case what was sent may be
     * @throws IOException if the stream has failed before
     */
    public void endOfInput() throws IOException {
        state.requireAlive();
        try {
            if (!state.isEndReceived()) {
                engine.endOfInput();
            }
            state.connectionEnded();
        } catch (EOFException truncation) {
            engine.close();
            throw state.fail(truncation);
        }
    }

    /**
     * Tells whether the peer has ended its direction.
     *
     * @return true once {@link Result#END} was reported
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
     * Tells whether the peer has everything that was sent, up to {@link #end}.
     *
     * @return true once {@link Result#ACKNOWLEDGED} was reported
     */
    public boolean isAcknowledged() {
        return state.isAckReceived();
    }

    /**
     * Returns the bytes for the network: the stream wants to write while some remain.
     *
     * @return from position to limit; move the position over what was written. Valid until the next call that may add to
     *     it, and after {@link #close}.
     */
    public ByteBuffer outgoing() {
        return engine.outgoing();
    }

    /**
     * Returns the engine under the stream, for keys that are asked for, deadlines and the session.
     *
     * @return the engine; closed with the stream; not to be used for payloads
     */
    public SecureEngine engine() {
        return engine;
    }

    /**
     * Closes the engine. Before {@link #end} and {@link #acknowledge} the stream is incomplete and the peer is told so: an
     * abort with the code {@link StreamAbortedException#CLOSED} is outgoing. What is outgoing may still be written. May be
     * called twice.
     */
    @Override
    public void close() {
        if (state.isSettled() || state.failure() != null) {
            engine.close();
        } else {
            endWith(StreamAbortedException.closed());
        }
        data = nothing;
    }

    /**
     * Describes the stream for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "stream over " + engine;
    }

    private void send(byte type, ByteBuffer source, int count) {
        try {
            engine.send(type, source, count);
        } catch (RuntimeException | Error e) {
            if (engine.session().isPresent()) {
                // The message has no number yet: the peer would not notice that it is missing.
                state.fail(new IOException("sending failed: " + e, e));
                engine.close();
            }
            throw e;
        }
    }

    /** Fails both directions, tells the peer if that is possible, and closes the engine. */
    private void endWith(StreamAbortedException abort) {
        try {
            if (state.fail(abort) == abort && engine.session().isPresent()) {
                engine.send(ByteBuffer.wrap(StreamFrame.abort(abort.code(), abort.reason())));
            }
        } catch (IllegalStateException e) {
            // No number is left, or the session was closed: the peer learns from the end of the connection.
        } finally {
            engine.close();
        }
    }
}

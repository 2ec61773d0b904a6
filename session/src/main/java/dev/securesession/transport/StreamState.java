package dev.securesession.transport;

import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The state of both directions of a stream, without I/O: the rules that {@link SecureStream} and {@link SecureStreamEngine}
 * share.
 *
 * <pre>
 *   to the peer      open --END is sent--&gt; ended --ACK arrives--&gt; delivered
 *   from the peer    open --END arrives--&gt; ended --ACK is sent--&gt; acknowledged
 *   both             any  --ABORT, violation, end of the connection before END and ACK of the peer--&gt; failed
 * </pre>
 *
 * <p>The sending part belongs to one thread at a time, the receiving part to one thread at a time; a failure ends both.
 * PROTOCOL.md ST-3 to ST-9.
 */
final class StreamState {
    private volatile boolean endSent;
    private volatile boolean endReceived;
    private volatile boolean ackSent;
    private volatile boolean ackReceived;
    private volatile @Nullable IOException failure;

    /** Refuses to send data after an END or a failure. */
    void requireSendable() throws IOException {
        requireAlive();
        if (endSent) {
            throw new IllegalStateException("data after the end of this direction; nothing can follow shutdownOutput");
        }
    }

    /** Notes that END is sent; before it is, where another thread may receive the answer. */
    void sentEnd() {
        endSent = true;
    }

    /** Refuses to acknowledge what has not ended. */
    void requireEndReceived() throws IOException {
        requireAlive();
        if (!endReceived) {
            throw new IllegalStateException("the peer's direction has not ended; read the input to its end first");
        }
    }

    /** Notes that ACK was sent. */
    void sentAck() {
        ackSent = true;
    }

    /**
     * Notes the arrival of a frame.
     *
     * @return the data in the frame, a view of it; empty if it has none
     * @throws StreamAbortedException if the peer aborts
     * @throws ProtocolException if the peer violates the protocol: abort
     */
    ByteBuffer receive(ByteBuffer frame) throws IOException {
        requireAlive();
        byte type = StreamFrame.readType(frame);
        ByteBuffer data = frame.duplicate();
        Buffers.position(data, frame.limit());
        switch (type) {
            case StreamFrame.DATA -> {
                requireNoEndBefore("data");
                Buffers.position(data, frame.position() + StreamFrame.HEADER_LENGTH);
            }
            case StreamFrame.END -> {
                requireNoEndBefore("an end");
                endReceived = true;
            }
            case StreamFrame.ACK -> {
                requireAwaitedAck();
                ackReceived = true;
            }
            case StreamFrame.ABORT -> throw fail(StreamFrame.readAbort(frame));
            default -> {
                // A keep-alive has done its work by arriving.
            }
        }
        return data;
    }

    /** Notes that the connection ended. */
    void connectionEnded() throws IOException {
        requireAlive();
        if (!endReceived) {
            throw fail(new EOFException("the connection ended before the peer ended the stream; it is incomplete"));
        }
        if (!ackReceived) {
            throw fail(new EOFException("the connection ended before the peer acknowledged what was sent to it; it may "
                    + "have arrived in part"));
        }
    }

    /** Ends both directions. The first failure is the one that is reported from now on; it is returned. */
    synchronized IOException fail(IOException cause) {
        if (failure == null) {
            failure = cause;
        }
        return failure;
    }

    boolean isEndReceived() {
        return endReceived;
    }

    boolean isEndSent() {
        return endSent;
    }

    boolean isAckSent() {
        return ackSent;
    }

    boolean isAckReceived() {
        return ackReceived;
    }

    /** Tells whether there is nothing left to send but keep-alives: closing takes nothing away from the peer. */
    boolean isSettled() {
        return endSent && ackSent && failure == null;
    }

    /** Tells whether both directions have ended and are acknowledged: there is nothing left to send or to wait for. */
    boolean isComplete() {
        return isSettled() && ackReceived;
    }

    @Nullable
    IOException failure() {
        return failure;
    }

    void requireAlive() throws IOException {
        IOException cause = failure;
        if (cause == null) {
            return;
        }
        // A new exception each time, with the stack of the caller; an abort keeps its code.
        if (cause instanceof StreamAbortedException abort) {
            throw abort.isByPeer()
                    ? StreamAbortedException.byPeer(abort.code(), abort.reason())
                    : StreamAbortedException.locally(abort.code(), abort.reason());
        }
        throw new IOException("the stream has failed before: " + cause.getMessage(), cause);
    }

    private void requireAwaitedAck() throws ProtocolException {
        if (!endSent) {
            throw new ProtocolException("an acknowledgement before the end that it is for");
        }
        if (ackReceived) {
            throw new ProtocolException("a second acknowledgement");
        }
    }

    private void requireNoEndBefore(String what) throws ProtocolException {
        if (endReceived) {
            throw new ProtocolException(what + " after the end of the peer's direction");
        }
    }
}

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
 *   each direction   open --END--&gt; ended
 *   both             any  --ABORT, violation, end of the connection without END--&gt; failed
 * </pre>
 *
 * <p>The sending part belongs to one thread at a time, the receiving part to one thread at a time; a failure ends both.
 * PROTOCOL.md ST-3 to ST-6.
 */
final class StreamState {
    private volatile boolean endSent;
    private volatile boolean endReceived;
    private volatile @Nullable IOException failure;

    /** Refuses to send data after an END or a failure. */
    void requireSendable() throws IOException {
        requireAlive();
        if (endSent) {
            throw new IllegalStateException("data after the end of this direction; nothing can follow shutdownOutput");
        }
    }

    /** Notes that END was sent. */
    void sentEnd() {
        endSent = true;
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

    boolean isComplete() {
        return endSent && endReceived && failure == null;
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

    private void requireNoEndBefore(String what) throws ProtocolException {
        if (endReceived) {
            throw new ProtocolException(what + " after the end of the peer's direction");
        }
    }
}

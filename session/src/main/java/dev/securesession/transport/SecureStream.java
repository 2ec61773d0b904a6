package dev.securesession.transport;

import dev.securesession.Delivery;
import dev.securesession.MessageRejectedException;
import dev.securesession.SecureSession;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream of bytes in each direction over a connection, each with an authenticated end.
 *
 * <pre>{@code
 * try (SecureStream stream = SecureStream.over(connection)) {
 *     stream.output().write(request);
 *     stream.shutdownOutput();
 *     byte[] answer = stream.input().readAllBytes();
 *     stream.acknowledge(); // we have the answer
 *     stream.awaitAcknowledgement(); // the peer has the request
 * }
 * }</pre>
 *
 * <p>Reading answers the end of the stream only if the peer has sent it. A connection that ends in any other way is an
 * exception, so a truncated stream is never mistaken for a complete one. For the same reason {@link #close} is neither an
 * end nor an acknowledgement: call {@link #shutdownOutput} when everything is written, and {@link #acknowledge} when
 * everything that was read is where it belongs.
 *
 * <p>Both peers must use the stream layer; peers that exchange plain messages do not understand it. Any number of threads
 * may read, and any number write. A thread that waits in a read or write fails when another thread closes the stream. No
 * thread holds a monitor while it waits, so virtual threads do not pin their carriers here.
 *
 * <p>PROTOCOL.md, Part 4.
 */
public final class SecureStream implements Closeable {
    private static final long ABORT_PATIENCE_MILLIS = 1000;
    private static final Duration ABORT_PATIENCE = Duration.ofMillis(ABORT_PATIENCE_MILLIS);

    private final SecureConnection connection;
    private final StreamState state = new StreamState();
    private final @Nullable KeepAlive keepAlive;
    private final InputStream input = new Input();
    private final OutputStream output = new Output();
    private final ByteChannel channel = new Channel();

    // Held while the connection sends or receives, and while nothing else is called.
    private final ReentrantLock reading = new ReentrantLock();
    private final ReentrantLock writing = new ReentrantLock();

    private final int maxChunkLength;
    private final ByteBuffer nothing = ByteBuffer.allocate(0);
    private ByteBuffer received = nothing;

    // The payload that what was received is a part of; of the thread that reads, as long as its array is not used
    // again.
    private @Nullable ByteBuffer lent;

    private volatile Duration readTimeout = Duration.ZERO;
    private volatile boolean closed;

    private SecureStream(SecureConnection connection) {
        this.connection = connection;
        this.maxChunkLength =
                Math.min(connection.maxPayloadLength() - StreamFrame.HEADER_LENGTH, StreamFrame.MAX_CHUNK_LENGTH);
        long keepAliveNanos = connection.options().keepAlive().toNanos();
        this.keepAlive = keepAliveNanos == 0 ? null : new KeepAlive(keepAliveNanos, this::keepAliveIfIdle);
    }

    /**
     * Begins a stream over a connection.
     *
     * @param connection belongs to the stream from now on, which closes it; not to be used for messages any more
     * @return the stream, the caller's to close
     * @throws IllegalArgumentException if the transport may lose or reorder messages, or allows payloads of less than
     *     258 bytes, the length of an abort
     */
    public static SecureStream over(SecureConnection connection) {
        if (connection.transport().delivery() != Delivery.ORDERED) {
            throw new IllegalArgumentException("a stream over datagrams; it needs a transport that keeps the order");
        }
        StreamFrame.requireRoom(connection.maxPayloadLength());
        SecureStream stream = new SecureStream(connection);
        connection.carries(stream);
        return stream;
    }

    /** Refuses options whose connections could not carry a stream. */
    static void requireRoom(ConnectionOptions options) {
        StreamFrame.requireRoom(options.maxMessageLength() - SecureSession.OVERHEAD);
    }

    /**
     * Returns the bytes of the peer. A read answers -1 after the authenticated end, and throws after anything else:
     * {@link StreamAbortedException} if the peer aborted, {@link java.io.EOFException} if the connection ended without an
     * end of the stream, {@link SocketTimeoutException} at the read timeout, after which reading may go on. Closing it
     * closes the stream.
     *
     * @return always the same object
     */
    public InputStream input() {
        return input;
    }

    /**
     * Returns the way to write to the peer. Each write is sent at once, in chunks of up to 32 KiB; wrap a
     * {@link java.io.BufferedOutputStream} around it for many small writes. Closing it is {@link #shutdownOutput}.
     *
     * @return always the same object
     */
    public OutputStream output() {
        return output;
    }

    /**
     * Returns both directions as a blocking channel. Closing it closes the stream.
     *
     * @return always the same object
     */
    public ByteChannel channel() {
        return channel;
    }

    /**
     * Sets how long a read waits for the next bytes of the peer; keep-alives count as waiting.
     *
     * @param timeout zero (no limit, the default) or more
     * @throws IllegalArgumentException if the timeout is negative
     */
    public void setReadTimeout(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("a read timeout of " + timeout + "; it must be 0 (none) or more");
        }
        readTimeout = timeout;
    }

    /**
     * Ends our direction: the peer's reads answer the end of the stream after everything that was written. Reading goes
     * on. May be called twice. It is no proof that anything has arrived: see {@link #awaitAcknowledgement}.
     *
     * @throws IOException if the stream has failed, or the connection fails
     */
    public void shutdownOutput() throws IOException {
        writing.lock();
        try {
            if (state.isEndSent()) {
                return;
            }
            requireOpen();
            state.requireSendable();
            // Before it is sent: another thread may receive the acknowledgement.
            state.sentEnd();
            send(StreamFrame.END, nothing, 0);
        } finally {
            writing.unlock();
        }
    }

    /**
     * Tells the peer that everything up to its end has arrived where it belongs. Call it after a read has answered -1, when
     * nothing is left to do with the bytes that may fail; if something has failed, {@link #abort} instead. Does not depend on
     * our direction, which may go on. May be called twice.
     *
     * @throws IOException if the stream has failed, or the connection fails
     * @throws IllegalStateException if the peer has not ended its direction
     */
    public void acknowledge() throws IOException {
        writing.lock();
        try {
            requireOpen();
            state.requireEndReceived();
            if (!state.isAckSent()) {
                state.sentAck();
                sendAck();
            }
        } finally {
            writing.unlock();
        }
    }

    private void sendAck() throws IOException {
        try {
            connection.send(StreamFrame.ACK, nothing, 0);
        } catch (IllegalStateException closedMeanwhile) {
            throw failed(new IOException("the connection was closed", closedMeanwhile));
        } catch (IOException e) {
            // A peer that has acknowledged our end may have left without waiting for this. If it has not acknowledged,
            // the next write or wait reports a failure.
        }
    }

    /**
     * Waits until the peer has told that everything that was written, up to {@link #shutdownOutput}, has arrived where it
     * belongs: only this proves it. Another thread may still be writing meanwhile. Waits for as long as the read timeout
     * allows.
     *
     * @throws StreamAbortedException if the peer aborted: what was written may be lost
     * @throws java.io.EOFException if the connection ended before the acknowledgement
     * @throws SocketTimeoutException at the read timeout; it can be waited for again
     * @throws IOException if the stream has failed, or the connection fails
     * @throws IllegalStateException before {@link #acknowledge}: two peers that wait for each other would wait for ever
     */
    public void awaitAcknowledgement() throws IOException {
        if (!state.isAckSent()) {
            state.requireAlive();
            throw new IllegalStateException("acknowledge the end of the peer before waiting for its acknowledgement");
        }
        Deadline deadline = Deadline.after(readTimeout);
        lockReading(deadline);
        try {
            while (!state.isAckReceived()) {
                requireOpen();
                state.requireAlive();
                next(deadline);
                recycle();
            }
        } finally {
            reading.unlock();
        }
    }

    /**
     * Ends both directions at once. The reads of the peer fail with the code and reason; data on their way are lost.
     * Waits for other writing threads up to a second, and without success closes the connection only. Then drops what the
     * peer still sends, until it has ended the connection too or for a second at most: otherwise a reset could overtake the
     * abort. A peer that writes for longer learns of the abort from the write that fails then.
     *
     * @param code {@link StreamAbortedException#FIRST_APPLICATION_CODE} to 65,535, with a meaning of the application
     * @param reason a short text for the logs of the peer; at most 255 bytes of its UTF-8 form are sent
     * @throws IOException if the connection cannot be closed
     * @throws IllegalArgumentException if the code is outside its range
     */
    public void abort(int code, String reason) throws IOException {
        StreamFrame.requireApplicationCode(code);
        endWith(StreamAbortedException.locally(code, reason), ABORT_PATIENCE);
    }

    /**
     * Sends a message without data, so that idle timeouts of the peer and of the network start again.
     * {@link ConnectionOptions#withKeepAlive} does that without a call.
     *
     * @throws IOException if the stream has failed, or the connection fails
     */
    public void sendKeepAlive() throws IOException {
        writing.lock();
        try {
            requireOpen();
            state.requireAlive();
            send(StreamFrame.KEEP_ALIVE, nothing, 0);
        } finally {
            writing.unlock();
        }
    }

    private boolean keepAliveIfIdle() throws IOException {
        if (!writing.tryLock()) {
            // Whoever writes keeps the connection alive.
            return true;
        }
        try {
            if (closed || state.failure() != null || state.isComplete()) {
                return false;
            }
            send(StreamFrame.KEEP_ALIVE, nothing, 0);
            return true;
        } finally {
            writing.unlock();
        }
    }

    private void stopKeepAlive() {
        if (keepAlive != null) {
            keepAlive.stop();
        }
    }

    /**
     * Returns the connection under the stream, for its peer and addresses.
     *
     * @return the connection; closed with the stream
     */
    public SecureConnection connection() {
        return connection;
    }

    /**
     * Closes the connection. After {@link #shutdownOutput} and {@link #acknowledge} that is all. Otherwise the stream is
     * incomplete and the peer is told so, by an abort with the code {@link StreamAbortedException#CLOSED}, for which this waits
     * as {@link #abort} does: two seconds at most, and a third while other threads write. Does not wait for the acknowledgement
     * of the peer. May be called twice, and by any thread.
     */
    @Override
    public void close() throws IOException {
        close(ABORT_PATIENCE);
    }

    /** Closes as {@link #close()} does, and drops for so long what the peer still sends after an abort. */
    void close(Duration drain) throws IOException {
        closed = true;
        stopKeepAlive();
        IOException failure = state.failure();
        if (state.isSettled() || (failure != null && !isOurAbort(failure))) {
            connection.close();
        } else {
            endWith(StreamAbortedException.closed(), drain);
        }
    }

    /** Ends both directions because the program that used the stream has failed. Does nothing if the stream was closed. */
    void abortForFailure() {
        if (closed || state.isSettled() || state.failure() != null) {
            return;
        }
        try {
            endWith(
                    StreamAbortedException.locally(
                            StreamAbortedException.CLOSED, "the handler of the server has failed"),
                    ABORT_PATIENCE);
        } catch (IOException e) {
            // The connection is abandoned, closed or not.
        }
    }

    /**
     * Closes the connection as a socket is closed: our direction ends if it can within a second, and so does that of the
     * peer, acknowledged, if it was read to its end; otherwise the peer is not told that we read no further.
     *
     * @param closing runs when nothing more is to be sent, before the connection is closed
     */
    void finish(Runnable closing) throws IOException {
        stopKeepAlive();
        try {
            if (writing.tryLock(ABORT_PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
                    if (state.failure() == null && !closed) {
                        sendLast();
                    }
                } finally {
                    writing.unlock();
                }
            }
        } catch (IOException | IllegalStateException e) {
            // The peer learns from the end of the connection, which is not an end of the stream.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closed = true;
            closing.run();
            connection.close();
        }
    }

    private void sendLast() throws IOException {
        Duration patience = Duration.ofMillis(ABORT_PATIENCE_MILLIS);
        if (state.isEndReceived() && !state.isAckSent()) {
            state.sentAck();
            connection.send(ByteBuffer.wrap(StreamFrame.acknowledgement()), patience);
        }
        if (!state.isEndSent()) {
            state.sentEnd();
            connection.send(ByteBuffer.wrap(StreamFrame.end()), patience);
        }
    }

    boolean isOutputShutdown() {
        return state.isEndSent();
    }

    /**
     * Describes the stream for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "stream over " + connection;
    }

    /** Reads 1 to so many bytes, or -1 at the end. */
    private int read(ByteBuffer target) throws IOException {
        if (!target.hasRemaining()) {
            return 0;
        }
        Deadline deadline = Deadline.after(readTimeout);
        lockReading(deadline);
        try {
            while (!received.hasRemaining()) {
                requireOpen();
                state.requireAlive();
                if (state.isEndReceived()) {
                    return -1;
                }
                received = next(deadline);
                if (!received.hasRemaining()) {
                    recycle();
                }
            }
            int count = Math.min(target.remaining(), received.remaining());
            ByteBuffer part = received.duplicate();
            Buffers.limit(part, part.position() + count);
            target.put(part);
            Buffers.position(received, received.position() + count);
            if (!received.hasRemaining()) {
                received = nothing;
                recycle();
            }
            return count;
        } finally {
            reading.unlock();
        }
    }

    /** Lets the array of the payload that was read be used again. Called under the lock that reads, as it is lent under it. */
    private void recycle() {
        ByteBuffer payload = lent;
        lent = null;
        if (payload != null) {
            BufferPool.recycle(payload);
        }
    }

    private void lockReading(Deadline deadline) throws IOException {
        try {
            deadline.lock(reading, "other threads to read");
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    private ByteBuffer next(Deadline deadline) throws IOException {
        try {
            ByteBuffer payload = connection.receiveInPlace(deadline);
            lent = payload;
            if (payload != null) {
                return state.receive(payload);
            }
            state.connectionEnded();
            return nothing;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (MessageRejectedException refusal) {
            throw violation("a message was refused: " + refusal.getMessage(), refusal);
        } catch (ProtocolException violation) {
            throw violation(String.valueOf(violation.getMessage()), violation);
        } catch (StreamAbortedException abort) {
            stopKeepAlive();
            // After an abort of our own, the aborting thread closes the connection when the peer has the abort.
            if (abort.isByPeer()) {
                connection.close();
            }
            throw abort;
        } catch (IllegalStateException closedMeanwhile) {
            throw failed(new IOException("the connection was closed", closedMeanwhile));
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** After another thread has aborted or closed the stream, its reason is what the caller must learn. */
    private IOException failed(IOException cause) throws IOException {
        stopKeepAlive();
        if (state.fail(cause) != cause) {
            state.requireAlive();
        }
        return cause;
    }

    private StreamAbortedException violation(String what, Exception cause) throws IOException {
        StreamAbortedException abort = StreamAbortedException.locally(StreamAbortedException.PROTOCOL_ERROR, what);
        abort.initCause(cause);
        endWith(abort, Duration.ZERO);
        return abort;
    }

    private void write(ByteBuffer data) throws IOException {
        writing.lock();
        try {
            requireOpen();
            state.requireSendable();
            while (data.hasRemaining()) {
                send(StreamFrame.DATA, data, Math.min(data.remaining(), maxChunkLength));
            }
        } finally {
            writing.unlock();
        }
    }

    private void send(byte type, ByteBuffer source, int count) throws IOException {
        try {
            connection.send(type, source, count);
            if (keepAlive != null) {
                keepAlive.sent();
            }
        } catch (IllegalStateException closedMeanwhile) {
            throw failed(new IOException("the connection was closed", closedMeanwhile));
        } catch (IOException e) {
            throw failedToSend(e);
        } catch (RuntimeException | Error e) {
            // The message has no number yet: the peer would not notice that it is missing.
            state.fail(new IOException("sending failed: " + e, e));
            connection.close();
            throw e;
        }
    }

    /**
     * Fails both directions because a message could not be sent. A peer that has ended the connection may have sent an abort
     * before that, which a program that only writes has not read.
     */
    private IOException failedToSend(IOException cause) throws IOException {
        if (cause instanceof InterruptedIOException) {
            // At a timeout, or when the thread was interrupted: the peer has not ended the connection.
            return failed(cause);
        }
        boolean locked = false;
        try {
            locked = reading.tryLock(ABORT_PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            if (locked) {
                receiveAbort();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            // Under the lock: data that were looked through are lost to other readers.
            return failed(cause);
        } finally {
            if (locked) {
                reading.unlock();
            }
        }
    }

    /** Looks for an abort in what has arrived, and drops everything else. */
    @SuppressWarnings("EmptyCatch") // The failure to send says enough.
    private void receiveAbort() {
        Deadline deadline = Deadline.after(ABORT_PATIENCE);
        try {
            while (state.failure() == null) {
                ByteBuffer frame = connection.receiveInPlace(deadline);
                if (frame == null) {
                    return;
                }
                try {
                    if (StreamFrame.readType(frame) == StreamFrame.ABORT) {
                        state.fail(StreamFrame.readAbort(frame));
                        connection.close();
                    }
                } finally {
                    BufferPool.recycle(frame);
                }
            }
        } catch (IOException | MessageRejectedException | IllegalStateException e) {
            return;
        }
    }

    /**
     * Fails both directions, tells the peer if that is possible, and closes the connection. The failure is noted under the
     * lock that sends: who sees it and closes the stream waits for the abort, and does not cut it off.
     */
    private void endWith(StreamAbortedException abort, Duration drain) throws IOException {
        stopKeepAlive();
        boolean sending = false;
        try {
            sending = writing.tryLock(ABORT_PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            if (state.fail(abort) == abort && sending) {
                connection.send(
                        ByteBuffer.wrap(StreamFrame.abort(abort.code(), abort.reason())),
                        Duration.ofMillis(ABORT_PATIENCE_MILLIS));
            }
        } catch (IOException | IllegalStateException e) {
            // The peer cannot be told; it learns from the end of the connection, which is not an end of the stream.
        } catch (InterruptedException e) {
            state.fail(abort);
            Thread.currentThread().interrupt();
        } finally {
            if (sending) {
                writing.unlock();
                if (!drain.isZero()) {
                    connection.drain(drain);
                }
            }
            connection.close();
        }
    }

    private static boolean isOurAbort(IOException failure) {
        return failure instanceof StreamAbortedException abort && !abort.isByPeer();
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    private static IOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for other threads");
    }

    /** The bytes of the peer. */
    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, target.length);
            return SecureStream.this.read(ByteBuffer.wrap(target, offset, length));
        }

        @Override
        public int available() {
            if (!reading.tryLock()) {
                return 0;
            }
            try {
                return received.remaining();
            } finally {
                reading.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            SecureStream.this.close();
        }
    }

    /** The bytes to the peer. */
    private final class Output extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] source, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, source.length);
            SecureStream.this.write(ByteBuffer.wrap(source, offset, length));
        }

        @Override
        public void close() throws IOException {
            shutdownOutput();
        }
    }

    /** Both directions. */
    private final class Channel implements ByteChannel {
        @Override
        public int read(ByteBuffer target) throws IOException {
            return SecureStream.this.read(target);
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            int length = source.remaining();
            SecureStream.this.write(source);
            return length;
        }

        @Override
        public boolean isOpen() {
            return !closed;
        }

        @Override
        public void close() throws IOException {
            SecureStream.this.close();
        }
    }
}

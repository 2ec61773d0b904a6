package dev.securesession.transport;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A session and the transport under it: performs the handshake, sends payloads and receives them.
 *
 * <pre>{@code
 * PeerId server = PeerId.ofUtf8("server");
 * try (SecureConnection connection = SecureConnection.connect(new Socket(host, port), config, server)) {
 *     connection.send("hello".getBytes(UTF_8));
 *     byte[] answer = connection.receive().orElseThrow(EOFException::new);
 * }
 * }</pre>
 *
 * <p>Any number of threads may send, and any number receive; each payload goes to one of them. All of them may be
 * interrupted while they wait for each other. The {@link #session()} may be used directly in between. Nothing
 * distinguishes an end by the peer from an end by an attacker: where it matters, let the last payload say that it is the
 * last.
 *
 * <p>A timeout that ends a wait for a message leaves the connection as it was. A send that times out, and the idle
 * timeout, close it.
 */
public final class SecureConnection implements Closeable {
    private static final int LARGE_MESSAGE_LENGTH = 64 * 1024;

    private final Transport transport;
    private final SecureSession session;
    private final ConnectionOptions options;
    private final ConnectionTimer timer;
    private final AtomicLong dropped = new AtomicLong();
    private volatile boolean warmedUp;
    // Of the latest send that has one.
    private volatile Deadline sendDeadline = Deadline.NEVER;
    private volatile @Nullable SecureStream stream;

    // Messages must reach the transport in the order of their numbers (PROTOCOL.md D-2), so these two locks are held,
    // and no others, while the transport sends or receives.
    private final ReentrantLock sending = new ReentrantLock();
    private final ReentrantLock receiving = new ReentrantLock();

    // Used while receiving is held: what a timeout names, made once.
    private @Nullable String awaitedMessage;

    // Used while receiving is held: a message that did not fit into the buffer of a caller.
    private @Nullable ByteBuffer waiting;

    private SecureConnection(Transport transport, SecureSession session, ConnectionOptions options) {
        this.transport = transport;
        this.session = session;
        this.options = options;
        this.timer = new ConnectionTimer(transport, options.idleTimeout());
    }

    /**
     * Performs the handshake as the client over a connected socket, with default options.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds its deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(Socket socket, SessionConfig config, PeerId expectedPeer)
            throws IOException, HandshakeException {
        return connect(socket, config, expectedPeer, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the client over a connected socket.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options framing, limits and timeouts
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds its deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(
            Socket socket, SessionConfig config, PeerId expectedPeer, ConnectionOptions options)
            throws IOException, HandshakeException {
        return connect(overSocket(socket, options), config, expectedPeer, options);
    }

    /**
     * Performs the handshake as the client over any transport, with default options.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds its deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(Transport transport, SessionConfig config, PeerId expectedPeer)
            throws IOException, HandshakeException {
        return connect(transport, config, expectedPeer, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the client over any transport.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options limits and timeouts
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds its deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(
            Transport transport, SessionConfig config, PeerId expectedPeer, ConnectionOptions options)
            throws IOException, HandshakeException {
        return establish(transport, config, Handshake.client(config, expectedPeer), expectedPeer.toString(), options);
    }

    /**
     * Performs the handshake as the client with whichever known peer answers. Any peer of the directory can impersonate the
     * intended one: check {@link SecureSession#peer()} of the {@link #session()} before anything is sent.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers
     * @param options limits and timeouts
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds its deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connectToAnyKnownPeer(
            Transport transport, SessionConfig config, ConnectionOptions options)
            throws IOException, HandshakeException {
        return establish(transport, config, Handshake.clientAcceptingAnyKnownPeer(config), "any known peer", options);
    }

    /**
     * Performs the handshake as the server over a connected socket, with default options.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds a deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection accept(Socket socket, SessionConfig config) throws IOException, HandshakeException {
        return accept(socket, config, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the server over a connected socket.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param options framing, limits and timeouts
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds a deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection accept(Socket socket, SessionConfig config, ConnectionOptions options)
            throws IOException, HandshakeException {
        return accept(overSocket(socket, options), config, options);
    }

    /**
     * Performs the handshake as the server over any transport, with default options.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds a deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection accept(Transport transport, SessionConfig config)
            throws IOException, HandshakeException {
        return accept(transport, config, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the server over any transport.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config the local identity and the keys of peers, each of whom is accepted
     * @param options limits and timeouts
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws SocketTimeoutException if the handshake exceeds a deadline
     * @throws IOException if the transport fails
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection accept(Transport transport, SessionConfig config, ConnectionOptions options)
            throws IOException, HandshakeException {
        return establish(transport, config, Handshake.server(config), "a client", options);
    }

    /**
     * Continues over a transport with a session that was established or restored by other means, with default options.
     *
     * @param transport belongs to the connection from now on
     * @param session belongs to the connection from now on; over a stream it accepts messages in sequence only from now on
     * @return the connection, the caller's to close
     */
    public static SecureConnection over(Transport transport, SecureSession session) {
        return over(transport, session, ConnectionOptions.defaults());
    }

    /**
     * Continues over a transport with a session that was established or restored by other means.
     *
     * @param transport belongs to the connection from now on
     * @param session belongs to the connection from now on; over a stream it accepts messages in sequence only from now on
     * @param options limits and timeouts
     * @return the connection, the caller's to close
     */
    public static SecureConnection over(Transport transport, SecureSession session, ConnectionOptions options) {
        boolean ordered;
        try {
            ordered = transport.delivery() == Delivery.ORDERED;
        } catch (Throwable failure) {
            session.close();
            throw failure;
        }
        if (ordered) {
            session.requireOrder();
        }
        return new SecureConnection(transport, session, options);
    }

    private static SecureConnection establish(
            Transport transport, SessionConfig config, Handshake handshake, String peer, ConnectionOptions options)
            throws IOException, HandshakeException {
        try (handshake) {
            HandshakeRunner.requireDirectory(config);
            SecureSession session = new HandshakeRunner(transport, handshake, peer, options).run();
            return over(transport, session, options);
        } catch (Throwable failure) {
            closeAfter(failure, transport);
            throw failure;
        }
    }

    private static StreamTransport overSocket(Socket socket, ConnectionOptions options) throws IOException {
        try {
            return StreamTransport.of(socket, options.framing());
        } catch (IOException e) {
            closeAfter(e, socket);
            throw e;
        }
    }

    /** Closes what a failure has left open; an exception of closing must not replace the failure. */
    private static void closeAfter(Throwable failure, Closeable left) {
        try {
            left.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Sends a payload within the send timeout of the options.
     *
     * @param payload 1 byte or more; not kept
     * @throws SocketTimeoutException if the peer does not read for so long, or other threads are sending for so long; in
     *     the first case the connection is closed
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads; nothing was sent
     * @throws IOException if the transport fails; close the connection
     * @throws IllegalArgumentException if the payload is empty, or longer than the limit of the options or the transport
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the connection or its session was closed
     */
    public void send(byte[] payload) throws IOException {
        send(ByteBuffer.wrap(payload));
    }

    /**
     * Sends the bytes that remain in a buffer as one payload, within the send timeout of the options.
     *
     * @param payload 1 byte or more; its position moves to its limit
     * @throws SocketTimeoutException if the peer does not read for so long, or other threads are sending for so long; in
     *     the first case the connection is closed
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads; nothing was sent
     * @throws IOException if the transport fails; close the connection
     * @throws IllegalArgumentException if the payload is empty, or longer than the limit of the options or the transport
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the connection or its session was closed
     */
    public void send(ByteBuffer payload) throws IOException {
        send(payload, options.sendTimeout());
    }

    /**
     * Sends the bytes that remain in a buffer as one payload, within a timeout.
     *
     * @param payload 1 byte or more; its position moves to its limit
     * @param timeout how long sending may take, or zero for no limit
     * @throws SocketTimeoutException if the peer does not read for so long, or other threads are sending for so long; in
     *     the first case the connection is closed
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads; nothing was sent
     * @throws IOException if the transport fails; close the connection
     * @throws IllegalArgumentException if the payload is empty, or longer than the limit of the options or the transport
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the connection or its session was closed
     */
    public void send(ByteBuffer payload, Duration timeout) throws IOException {
        int longest = maxPayloadLength();
        if (!payload.hasRemaining() || payload.remaining() > longest) {
            throw new IllegalArgumentException("a payload of " + payload.remaining() + " bytes; it must be 1 to "
                    + longest + " on this connection");
        }
        Deadline deadline = Deadline.after(timeout);
        lock(sending, deadline, "other threads to finish sending to " + name());
        try {
            byte[] message = new byte[payload.remaining() + SecureSession.OVERHEAD];
            session.wrap(payload, ByteBuffer.wrap(message));
            beginSend(deadline);
            try {
                transport.send(message);
            } finally {
                timer.endSend();
            }
        } catch (IOException e) {
            throw explained(e);
        } finally {
            sending.unlock();
        }
    }

    /**
     * Sends one byte and the next bytes of a buffer as one payload, which is put together where it is wrapped.
     *
     * @param count 0 or more, 1 less than {@link #maxPayloadLength} at most; the position of the source moves by so many
     *     bytes
     */
    void send(byte first, ByteBuffer source, int count) throws IOException {
        Deadline deadline = Deadline.after(options.sendTimeout());
        if (!sending.tryLock()) {
            lock(sending, deadline, "other threads to finish sending to " + name());
        }
        try {
            int start = transport instanceof InPlaceTransport inPlace ? inPlace.headerLength() : 0;
            int messageLength = 1 + count + SecureSession.OVERHEAD;
            byte[] framed = start > 0 ? BufferPool.acquire(start + messageLength) : new byte[messageLength];
            framed[start + SecureSession.PAYLOAD_OFFSET] = first;
            source.duplicate().get(framed, start + SecureSession.PAYLOAD_OFFSET + 1, count);
            // If this fails, the array is left to the garbage collector, with its payload.
            session.wrapInPlace(ByteBuffer.wrap(framed, start, messageLength));
            beginSend(deadline);
            try {
                if (start > 0) {
                    ((InPlaceTransport) transport).sendInPlace(framed, start + messageLength);
                    BufferPool.release(framed);
                } else {
                    transport.send(framed);
                }
            } finally {
                timer.endSend();
            }
            Buffers.position(source, source.position() + count);
        } catch (IOException e) {
            throw explained(e);
        } finally {
            sending.unlock();
        }
    }

    /**
     * Returns the length of the longest payload that can be sent.
     *
     * @return bytes, by the limits of the options and of the transport
     */
    public int maxPayloadLength() {
        return Math.min(transport.maxMessageLength(), options.maxMessageLength()) - SecureSession.OVERHEAD;
    }

    /**
     * Waits for the next payload of the peer without a timeout. On a datagram transport refused messages are dropped and
     * counted; on a stream the first one ends the connection.
     *
     * @return the payload, a new array; or empty if the connection has ended between two messages
     * @throws MessageRejectedException if a message on a stream was refused, or too many were not authentic; the
     *     connection is closed
     * @throws SocketTimeoutException if the idle timeout of the options has closed the connection
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads
     * @throws IOException if the transport fails, or a message is too long or cut off; close the connection
     * @throws IllegalStateException if the session was closed
     */
    public Optional<byte[]> receive() throws IOException, MessageRejectedException {
        return receive(Duration.ZERO);
    }

    /**
     * Waits for the next payload of the peer, as {@link #receive()}, within a timeout. After a timeout it can be waited
     * for again.
     *
     * @param timeout how long to wait in all, including for other receivers and past dropped messages; or zero for no limit
     * @return the payload, a new array; or empty if the connection has ended between two messages
     * @throws SocketTimeoutException at the timeout, and the connection is as it was; or if the idle timeout of the
     *     options has closed it
     * @throws MessageRejectedException if a message on a stream was refused, or too many were not authentic; the
     *     connection is closed
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads
     * @throws IOException if the transport fails, or a message is too long or cut off; close the connection
     * @throws IllegalStateException if the session was closed
     */
    public Optional<byte[]> receive(Duration timeout) throws IOException, MessageRejectedException {
        try {
            return next(Deadline.after(timeout));
        } catch (MessageRejectedException refusal) {
            closeAfter(refusal, this);
            throw refusal;
        }
    }

    /**
     * Waits for the next payload of the peer, as {@link #receive()}, and puts it into a buffer of the caller. Over sockets and
     * streams no array is allocated for a message: it arrives in an array that all connections share and that is wiped
     * before it is used again.
     *
     * @param target gets the payload from its position on, which moves past the payload; direct buffers are fine, and what is
     *     beyond the payload stays as it is
     * @return the length of the payload in bytes, 1 or more; or -1 if the connection has ended between two messages
     * @throws BufferOverflowException if fewer bytes remain in the buffer than the payload has: the buffer is as it was, and
     *     the message waits for the next receive, with room for {@link #maxPayloadLength} at most
     * @throws java.nio.ReadOnlyBufferException if the buffer is read-only; nothing was received
     * @throws MessageRejectedException if a message on a stream was refused, or too many were not authentic; the
     *     connection is closed, and the buffer as it was
     * @throws SocketTimeoutException if the idle timeout of the options has closed the connection
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads
     * @throws IOException if the transport fails, or a message is too long or cut off; close the connection
     * @throws IllegalStateException if the session was closed
     */
    public int receive(ByteBuffer target) throws IOException, MessageRejectedException {
        return receive(target, Duration.ZERO);
    }

    /**
     * Waits for the next payload of the peer and puts it into a buffer of the caller, as {@link #receive(ByteBuffer)}, within a
     * timeout. After a timeout it can be waited for again.
     *
     * @param target gets the payload from its position on, which moves past the payload
     * @param timeout how long to wait in all, including for other receivers and past dropped messages; or zero for no limit
     * @return the length of the payload in bytes, 1 or more; or -1 if the connection has ended between two messages
     * @throws BufferOverflowException if fewer bytes remain in the buffer than the payload has: the buffer is as it was, and
     *     the message waits for the next receive
     * @throws java.nio.ReadOnlyBufferException if the buffer is read-only; nothing was received
     * @throws SocketTimeoutException at the timeout, and the connection is as it was; or if the idle timeout of the
     *     options has closed it
     * @throws MessageRejectedException if a message on a stream was refused, or too many were not authentic; the
     *     connection is closed, and the buffer as it was
     * @throws InterruptedIOException if the thread is interrupted while it waits for other threads
     * @throws IOException if the transport fails, or a message is too long or cut off; close the connection
     * @throws IllegalStateException if the session was closed
     */
    public int receive(ByteBuffer target, Duration timeout) throws IOException, MessageRejectedException {
        if (target.isReadOnly()) {
            throw new ReadOnlyBufferException();
        }
        try {
            return next(target, Deadline.after(timeout));
        } catch (MessageRejectedException refusal) {
            closeAfter(refusal, this);
            throw refusal;
        }
    }

    private int next(ByteBuffer target, Deadline deadline) throws IOException, MessageRejectedException {
        lockReceiving(deadline);
        try {
            while (true) {
                ByteBuffer message = messageInPlace(deadline);
                if (message == null) {
                    return -1;
                }
                if (message.remaining() - SecureSession.OVERHEAD > target.remaining()) {
                    waiting = message;
                    throw new BufferOverflowException();
                }
                int before = target.position();
                if (unwrapped(message, target)) {
                    return target.position() - before;
                }
            }
        } catch (IOException e) {
            throw explained(e);
        } finally {
            receiving.unlock();
        }
    }

    private Optional<byte[]> copyOfWaiting(ByteBuffer message) {
        byte[] copy = new byte[message.remaining()];
        message.get(copy);
        waiting = null;
        release(message);
        return Optional.of(copy);
    }

    /** Unwraps a message into a buffer; returns false if it was refused and is to be dropped. */
    private boolean unwrapped(ByteBuffer message, ByteBuffer target) throws MessageRejectedException {
        try {
            session.unwrap(message, target);
            return true;
        } catch (MessageRejectedException refusal) {
            drop(refusal);
            return false;
        } finally {
            release(message);
        }
    }

    /** Counts a refused message that a datagram transport may lose; throws where the connection has to end. */
    private void drop(MessageRejectedException refusal) throws MessageRejectedException {
        if (transport.delivery() == Delivery.ORDERED || refusal.reason() == Reason.TOO_MANY_FAILURES) {
            throw refusal;
        }
        dropped.incrementAndGet();
    }

    private void lockReceiving(Deadline deadline) throws IOException {
        if (!receiving.tryLock()) {
            lock(receiving, deadline, "a message from " + name());
        }
    }

    /** Returns what a receiver waits for, in words; guarded by the lock for receiving. */
    private String awaited() {
        String words = awaitedMessage;
        if (words == null) {
            words = "a message from " + name();
            awaitedMessage = words;
        }
        return words;
    }

    private Optional<byte[]> next(Deadline deadline) throws IOException, MessageRejectedException {
        lockReceiving(deadline);
        try {
            while (true) {
                Optional<byte[]> message =
                        waiting == null ? receiveMessage(deadline, awaited()) : copyOfWaiting(waiting);
                if (!message.isPresent()) {
                    return message;
                }
                timer.active();
                warmUpFor(message.get().length);
                try {
                    return Optional.of(session.unwrap(message.get()));
                } catch (MessageRejectedException refusal) {
                    drop(refusal);
                }
            }
        } catch (IOException e) {
            throw explained(e);
        } finally {
            receiving.unlock();
        }
    }

    /**
     * Waits for the next payload over a transport that keeps the order, within a deadline.
     *
     * @return the payload, the caller's to {@link BufferPool#recycle}; null if the connection has ended between two messages
     * @throws MessageRejectedException if the message is refused: close the connection
     */
    @Nullable
    ByteBuffer receiveInPlace(Deadline deadline) throws IOException, MessageRejectedException {
        lockReceiving(deadline);
        try {
            ByteBuffer message = messageInPlace(deadline);
            if (message == null) {
                return null;
            }
            try {
                return session.unwrapInto(message, ByteBuffer.wrap(BufferPool.acquire(message.remaining())));
            } finally {
                release(message);
            }
        } catch (IOException e) {
            throw explained(e);
        } finally {
            receiving.unlock();
        }
    }

    /** Returns the message that waits for a larger buffer, or the next one, or null at the end. */
    private @Nullable ByteBuffer messageInPlace(Deadline deadline) throws IOException {
        ByteBuffer kept = waiting;
        if (kept != null) {
            waiting = null;
            return kept;
        }
        ByteBuffer message;
        if (transport instanceof InPlaceTransport inPlace) {
            deadline.leftNanos(awaited());
            message = inPlace.receiveInPlace(options.maxMessageLength(), deadline);
        } else {
            message = receiveMessage(deadline, awaited()).map(ByteBuffer::wrap).orElse(null);
        }
        if (message != null) {
            timer.active();
            warmUpFor(message.remaining());
        }
        return message;
    }

    /**
     * Drops what the peer still sends, until it ends the connection or the timeout ends: a socket that is closed with unread
     * bytes resets the connection, and the peer would lose what was sent last. Waits for another thread that receives.
     */
    @SuppressWarnings("EmptyCatch") // The connection has ended, which is what was waited for.
    void drain(Duration patience) {
        Deadline deadline = Deadline.after(patience);
        try {
            if (!receiving.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        try {
            for (ByteBuffer message = messageInPlace(deadline); message != null; message = messageInPlace(deadline)) {
                release(message);
            }
        } catch (IOException | IllegalStateException ended) {
            return;
        } finally {
            receiving.unlock();
        }
    }

    /** Lets the array of a message be used again. Must be called once only. */
    @SuppressWarnings("ByteBufferBackingArray") // The whole array is the pool's, wherever the message begins in it.
    private void release(ByteBuffer message) {
        if (transport instanceof InPlaceTransport) {
            BufferPool.release(message.array());
        }
    }

    private Optional<byte[]> receiveMessage(Deadline deadline, String awaited) throws IOException {
        Duration left = deadline.left(awaited);
        try {
            return transport.receive(options.maxMessageLength(), left);
        } catch (SocketTimeoutException e) {
            // The transport knows what was left of the time, not how long the caller has waited.
            SocketTimeoutException exceeded = deadline.isLimited() ? deadline.exceeded(awaited) : e;
            if (exceeded != e) {
                exceeded.initCause(e);
            }
            throw exceeded;
        }
    }

    ConnectionOptions options() {
        return options;
    }

    /** Warms up the cipher in the background when the first large message arrives. */
    private void warmUpFor(int messageLength) {
        if (messageLength >= LARGE_MESSAGE_LENGTH && !warmedUp) {
            warmedUp = true;
            session.crypto().warmUpInBackground();
        }
    }

    private void beginSend(Deadline deadline) {
        if (deadline.isLimited()) {
            sendDeadline = deadline;
        }
        timer.beginSend(deadline);
    }

    /** Replaces the exception of a transport that was closed by a timeout. */
    private IOException explained(IOException e) {
        SocketTimeoutException timeout;
        switch (timer.cause()) {
            case SEND -> timeout = sendDeadline.exceeded(name() + " to read what was sent; the connection is closed");
            case IDLE ->
                timeout = new SocketTimeoutException("idle timeout: nothing was exchanged with " + name() + " for "
                        + Deadline.text(options.idleTimeout()) + "; the connection is closed");
            default -> {
                return e;
            }
        }
        timeout.initCause(e);
        return timeout;
    }

    private static void lock(ReentrantLock lock, Deadline deadline, String awaited) throws IOException {
        try {
            deadline.lock(lock, awaited);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for " + awaited);
        }
    }

    /**
     * Returns the session under the connection, to wrap and unwrap with it directly. On a stream messages must travel in
     * the order in which they were wrapped: do not wrap here while another thread sends, nor unwrap while one receives.
     *
     * @return the session; closed with the connection
     */
    public SecureSession session() {
        return session;
    }

    /** Notes the stream that uses the connection. */
    void carries(SecureStream newStream) {
        stream = newStream;
    }

    /** Returns the stream that uses the connection, or null if it carries messages. */
    @Nullable
    SecureStream stream() {
        return stream;
    }

    /**
     * Returns the transport under the connection, to send and receive by it directly.
     *
     * @return the transport; closed with the connection
     */
    public Transport transport() {
        return transport;
    }

    /**
     * Returns the address of the peer, for logs.
     *
     * @return the address, or empty if the transport has none
     */
    public Optional<SocketAddress> remoteAddress() {
        return transport.remoteAddress();
    }

    /**
     * Returns how many messages were refused and dropped, on a datagram transport.
     *
     * @return 0 or more
     */
    public long droppedMessages() {
        return dropped.get();
    }

    /**
     * Ends the connection and wipes the keys of its session. A thread that sends or receives fails. May be called twice,
     * and by any thread.
     */
    @Override
    public void close() throws IOException {
        timer.stop();
        try {
            transport.close();
        } finally {
            session.close();
        }
    }

    /**
     * Describes the connection for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "connection with " + name();
    }

    private String name() {
        String peer = session.isPeerKnown() ? session.peer().toString() : "an unknown peer";
        return peer + remoteAddress().map(address -> " (" + address + ")").orElse("");
    }
}

package dev.securesession.transport;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.io.Closeable;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A session and the transport under it: negotiates, sends payloads and receives them.
 *
 * <pre>{@code
 * try (SecureConnection connection = SecureConnection.connect(new Socket(host, port), config)) {
 *     connection.send("hello".getBytes(UTF_8));
 *     byte[] answer = connection.receive().orElseThrow();
 * }
 * }</pre>
 *
 * <p>Any number of threads may send, and any number receive; each payload goes to one of them. The {@link #session()} may
 * be used directly in between. Nothing tells an end by the peer from an end by an attacker: where it matters, let
 * the last payload say that it is the last.
 */
public final class SecureConnection implements Closeable {
    private final Transport transport;
    private final SecureSession session;
    private final ConnectionOptions options;
    private final AtomicLong dropped = new AtomicLong();

    // The numbers of messages must be in the order in which the transport gets them (PROTOCOL.md D-2), so these two are
    // held while it works, and nothing else is.
    private final ReentrantLock sending = new ReentrantLock();
    private final ReentrantLock receiving = new ReentrantLock();

    private SecureConnection(Transport transport, SecureSession session, ConnectionOptions options) {
        this.transport = transport;
        this.session = session;
        this.options = options;
    }

    /**
     * Performs the handshake as the client over a connected socket, with default options.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config who we are and whom we know; better with {@link SessionConfig#withExpectedPeer}
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(Socket socket, SessionConfig config) throws IOException, HandshakeException {
        return connect(socket, config, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the client over a connected socket.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config who we are and whom we know; better with {@link SessionConfig#withExpectedPeer}
     * @param options framing and limits
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(Socket socket, SessionConfig config, ConnectionOptions options)
            throws IOException, HandshakeException {
        return connect(overSocket(socket, options), config, options);
    }

    /**
     * Performs the handshake as the client over any transport, with default options.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config who we are and whom we know; better with {@link SessionConfig#withExpectedPeer}
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(Transport transport, SessionConfig config)
            throws IOException, HandshakeException {
        return connect(transport, config, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the client over any transport.
     *
     * @param transport belongs to the connection from now on; closed if the handshake fails
     * @param config who we are and whom we know; better with {@link SessionConfig#withExpectedPeer}
     * @param options limits
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection connect(Transport transport, SessionConfig config, ConnectionOptions options)
            throws IOException, HandshakeException {
        return negotiate(transport, config, Handshake.client(config), options);
    }

    /**
     * Performs the handshake as the server over a connected socket, with default options.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config who we are and whom we know
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection accept(Socket socket, SessionConfig config) throws IOException, HandshakeException {
        return accept(socket, config, ConnectionOptions.defaults());
    }

    /**
     * Performs the handshake as the server over a connected socket.
     *
     * @param socket belongs to the connection from now on; closed if the handshake fails
     * @param config who we are and whom we know
     * @param options framing and limits
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
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
     * @param config who we are and whom we know
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
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
     * @param config who we are and whom we know
     * @param options limits
     * @return the connection, the caller's to close
     * @throws HandshakeException if the peer is refused: see the reason
     * @throws IOException if the transport fails, or the handshake takes too long
     * @throws IllegalArgumentException if the configuration has no directory of peers
     */
    public static SecureConnection accept(Transport transport, SessionConfig config, ConnectionOptions options)
            throws IOException, HandshakeException {
        return negotiate(transport, config, Handshake.server(config), options);
    }

    /**
     * Goes on over a transport with a session that was negotiated or restored by other means, with default options.
     *
     * @param transport belongs to the connection from now on
     * @param session belongs to the connection from now on; over a stream it accepts messages in sequence only from now on
     * @return the connection, the caller's to close
     */
    public static SecureConnection over(Transport transport, SecureSession session) {
        return over(transport, session, ConnectionOptions.defaults());
    }

    /**
     * Goes on over a transport with a session that was negotiated or restored by other means.
     *
     * @param transport belongs to the connection from now on
     * @param session belongs to the connection from now on; over a stream it accepts messages in sequence only from now on
     * @param options limits
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

    private static SecureConnection negotiate(
            Transport transport, SessionConfig config, Handshake handshake, ConnectionOptions options)
            throws IOException, HandshakeException {
        try (handshake) {
            HandshakeRunner.requireDirectory(config);
            SecureSession session = new HandshakeRunner(transport, handshake, options).run();
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

    /** Closes what a failure leaves behind; what closing throws must not take its place. */
    private static void closeAfter(Throwable failure, Closeable left) {
        try {
            left.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Sends a payload.
     *
     * @param payload 1 byte or more; not kept
     * @throws IOException if the transport fails; the connection is then of no use
     * @throws IllegalArgumentException if the payload is empty, or too long for the transport
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the connection or its session was closed
     */
    public void send(byte[] payload) throws IOException {
        send(ByteBuffer.wrap(payload));
    }

    /**
     * Sends the bytes that remain in a buffer as one payload.
     *
     * @param payload 1 byte or more; its position moves to its limit
     * @throws IOException if the transport fails; the connection is then of no use
     * @throws IllegalArgumentException if the payload is empty, or too long for the transport
     * @throws dev.securesession.SessionExhaustedException if no message number is left: start a new handshake
     * @throws IllegalStateException if the connection or its session was closed
     */
    public void send(ByteBuffer payload) throws IOException {
        int longest = transport.maxMessageLength() - SecureSession.OVERHEAD;
        if (!payload.hasRemaining() || payload.remaining() > longest) {
            throw new IllegalArgumentException("a payload of " + payload.remaining() + " bytes; it must be 1 to "
                    + longest + " on this connection");
        }
        sending.lock();
        try {
            byte[] message = new byte[payload.remaining() + SecureSession.OVERHEAD];
            session.wrap(payload, ByteBuffer.wrap(message));
            transport.send(message);
        } finally {
            sending.unlock();
        }
    }

    /**
     * Waits for the next payload of the peer, as long as it takes. On a datagram transport messages that are refused are
     * dropped and counted; on a stream the first one ends the connection.
     *
     * @return the payload, a new array; or empty if the connection has ended between two messages
     * @throws MessageRejectedException if a message on a stream was refused, or too many were forged; the connection is
     *     closed
     * @throws IOException if the transport fails, or a message is too long or cut off; the connection is then of no use
     * @throws IllegalStateException if the session was closed
     */
    public Optional<byte[]> receive() throws IOException, MessageRejectedException {
        return receive(Duration.ZERO);
    }

    /**
     * Waits for the next payload of the peer, as {@link #receive()}, for a limited time. After a timeout it can be waited
     * for again.
     *
     * @param timeout how long to wait, whatever is dropped meanwhile; or zero for as long as it takes
     * @return the payload, a new array; or empty if the connection has ended between two messages
     * @throws java.net.SocketTimeoutException if the time is over; the connection is as it was
     * @throws MessageRejectedException if a message on a stream was refused, or too many were forged; the connection is
     *     closed
     * @throws IOException if the transport fails, or a message is too long or cut off; the connection is then of no use
     * @throws IllegalStateException if the session was closed
     */
    public Optional<byte[]> receive(Duration timeout) throws IOException, MessageRejectedException {
        try {
            return next(timeout);
        } catch (MessageRejectedException refusal) {
            closeAfter(refusal, this);
            throw refusal;
        }
    }

    private Optional<byte[]> next(Duration timeout) throws IOException, MessageRejectedException {
        receiving.lock();
        try {
            TimeLeft timeLeft = TimeLeft.of(timeout);
            while (true) {
                Optional<byte[]> message = transport.receive(options.messageLimit(), timeLeft.orThrow());
                if (!message.isPresent()) {
                    return message;
                }
                try {
                    return Optional.of(session.unwrap(message.get()));
                } catch (MessageRejectedException refusal) {
                    if (transport.delivery() == Delivery.ORDERED || refusal.reason() == Reason.TOO_MANY_FAILURES) {
                        throw refusal;
                    }
                    dropped.incrementAndGet();
                }
            }
        } finally {
            receiving.unlock();
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

    /**
     * Returns the transport under the connection, to send and receive by it directly.
     *
     * @return the transport; closed with the connection
     */
    public Transport transport() {
        return transport;
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
        try {
            transport.close();
        } finally {
            session.close();
        }
    }
}

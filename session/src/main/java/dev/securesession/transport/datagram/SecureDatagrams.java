package dev.securesession.transport.datagram;

import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A session with one server over UDP: performs the handshake, repeating messages that get lost, and then sends and receives
 * payloads, each of which is one datagram.
 *
 * <pre>{@code
 * try (SecureDatagrams datagrams = SecureDatagrams.connect(address, config, PeerId.ofUtf8("server"))) {
 *     datagrams.send(question);
 *     Optional<byte[]> answer = datagrams.receive(Duration.ofSeconds(1)); // empty: send the question again
 * }
 * }</pre>
 *
 * <p>Payloads may get lost or overtake each other; none arrives twice, altered, or from anybody else. A client
 * does not notice that a server has stopped or has dropped the session: if no answers arrive, connect again. Several threads
 * may send while one receives; other receivers wait.
 *
 * <p>PROTOCOL.md, Part 6; DG-1 to DG-8.
 */
public final class SecureDatagrams implements Closeable {
    private static final int MAX_UDP_LENGTH = 65_535;

    private final DatagramSocket socket;
    private final SecureSession session;
    private final DatagramOptions options;
    private final AtomicLong dropped = new AtomicLong();

    // Guards receiving: the packet and what has arrived early. No user code runs under it.
    private final ReentrantLock receiving = new ReentrantLock();
    private final DatagramPacket packet;
    private final Deque<byte[]> early;

    private SecureDatagrams(
            DatagramSocket socket,
            SecureSession session,
            DatagramOptions options,
            DatagramPacket packet,
            Deque<byte[]> early) {
        this.socket = socket;
        this.session = session;
        this.options = options;
        this.packet = packet;
        this.early = early;
    }

    /**
     * Connects to a server, with default options.
     *
     * @param server its address
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @return an established session, the caller's to close
     * @throws SocketTimeoutException if the handshake exceeds its deadline: no answer, or none that is right
     * @throws HandshakeException if too many messages of a wrong peer arrive (PROTOCOL.md H-3)
     * @throws IOException if the socket fails
     * @throws IllegalArgumentException if the address is unresolved, the configuration asks for keys, or its id is too long
     *     for datagrams
     */
    public static SecureDatagrams connect(InetSocketAddress server, SessionConfig config, PeerId expectedPeer)
            throws IOException, HandshakeException {
        return connect(server, config, expectedPeer, DatagramOptions.defaults());
    }

    /**
     * Connects to a server.
     *
     * @param server its address
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options lengths and deadlines
     * @return an established session, the caller's to close
     * @throws SocketTimeoutException if the handshake exceeds its deadline: no answer, or none that is right
     * @throws HandshakeException if too many messages of a wrong peer arrive (PROTOCOL.md H-3)
     * @throws IOException if the socket fails
     * @throws IllegalArgumentException if the address is unresolved, the configuration asks for keys, or its id is too long
     *     for datagrams
     */
    public static SecureDatagrams connect(
            InetSocketAddress server, SessionConfig config, PeerId expectedPeer, DatagramOptions options)
            throws IOException, HandshakeException {
        if (server.isUnresolved()) {
            throw new IllegalArgumentException(
                    "no address is known for " + server.getHostString() + "; check the name, or pass an address");
        }
        DatagramSocket socket = new DatagramSocket();
        try {
            socket.connect(server);
            return connect(socket, config, expectedPeer, options);
        } catch (IOException | HandshakeException | RuntimeException | Error e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Connects over a socket of the caller.
     *
     * @param socket connected to the server; belongs to the session from now on, which closes it
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options lengths and deadlines
     * @return an established session, the caller's to close
     * @throws SocketTimeoutException if the handshake exceeds its deadline: no answer, or none that is right
     * @throws HandshakeException if too many messages of a wrong peer arrive (PROTOCOL.md H-3)
     * @throws IOException if the socket fails
     * @throws IllegalArgumentException if the socket is not connected, the configuration asks for keys, or its id is too
     *     long for datagrams
     */
    public static SecureDatagrams connect(
            DatagramSocket socket, SessionConfig config, PeerId expectedPeer, DatagramOptions options)
            throws IOException, HandshakeException {
        if (!socket.isConnected()) {
            throw new IllegalArgumentException("a socket without a remote address; connect it to the server first");
        }
        if (config.asksForKeys()) {
            throw new IllegalArgumentException(
                    "a configuration that asks for keys; a session over datagrams needs one with a directory");
        }
        ClientHandshake handshake = new ClientHandshake(config, expectedPeer, options, System.nanoTime());
        try {
            return run(socket, handshake, options);
        } catch (IOException | HandshakeException | RuntimeException | Error e) {
            socket.close();
            throw e;
        } finally {
            handshake.close();
        }
    }

    private static SecureDatagrams run(DatagramSocket socket, ClientHandshake handshake, DatagramOptions options)
            throws IOException, HandshakeException {
        DatagramPacket packet = new DatagramPacket(new byte[MAX_UDP_LENGTH], MAX_UDP_LENGTH);
        while (true) {
            Optional<byte[]> due = handshake.due(System.nanoTime());
            if (due.isPresent()) {
                sendOrLose(socket, due.get());
            }
            byte[] datagram = next(socket, packet, handshake.nextDeadline());
            if (datagram == null) {
                continue;
            }
            Optional<byte[]> answer = handshake.receive(datagram, System.nanoTime());
            if (answer.isPresent()) {
                sendOrLose(socket, answer.get());
            }
            Optional<SecureSession> session = handshake.session();
            if (session.isPresent()) {
                return new SecureDatagrams(socket, session.get(), options, packet, handshake.early());
            }
        }
    }

    private static void sendOrLose(DatagramSocket socket, byte[] datagram) throws IOException {
        try {
            socket.send(new DatagramPacket(datagram, datagram.length));
        } catch (PortUnreachableException e) {
            // An earlier datagram found no server; it may be about to start, and the report may be false.
        }
    }

    /** Waits for a datagram until a deadline; returns null if there was none. */
    private static byte @Nullable [] next(DatagramSocket socket, DatagramPacket packet, long deadline)
            throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()) + 1;
        socket.setSoTimeout((int) Math.max(1, Math.min(millis, Integer.MAX_VALUE)));
        return next(socket, packet);
    }

    private static byte @Nullable [] next(DatagramSocket socket, DatagramPacket packet) throws IOException {
        packet.setLength(MAX_UDP_LENGTH);
        try {
            socket.receive(packet);
        } catch (SocketTimeoutException | PortUnreachableException e) {
            return null;
        }
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    /**
     * Wraps a payload and sends it in one datagram, which may get lost.
     *
     * @param payload 1 byte to {@link #maxPayloadLength}; not kept
     * @throws IOException if the system refuses the datagram, or the socket is closed
     * @throws IllegalArgumentException if the payload is empty or too long; nothing was sent
     * @throws dev.securesession.SessionExhaustedException if no message number is left: connect again
     * @throws IllegalStateException if the session was closed
     */
    public void send(byte[] payload) throws IOException {
        options.requirePayload(payload.length);
        byte[] message = session.wrap(payload);
        sendOrLose(socket, message);
    }

    /**
     * Waits for a payload of the server. Datagrams that are refused, of whomever, are dropped and counted.
     *
     * @param timeout how long to wait, or zero for as long as it takes
     * @return the payload, a new array; or empty if none came in time
     * @throws MessageRejectedException if more messages failed authentication than the limit allows (PROTOCOL.md D-8): the
     *     session is closed
     * @throws IOException if the socket is closed, or fails
     * @throws IllegalArgumentException if the timeout is negative
     * @throws IllegalStateException if the session was closed
     */
    public Optional<byte[]> receive(Duration timeout) throws IOException, MessageRejectedException {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("a timeout of " + timeout + "; it must be 0 (none) or more");
        }
        receiving.lock();
        try {
            long deadline = System.nanoTime() + limited(timeout).toNanos();
            while (true) {
                byte[] datagram = early.poll();
                if (datagram == null) {
                    datagram = next(socket, packet, deadline);
                }
                Optional<byte[]> payload = datagram == null ? Optional.empty() : unwrap(datagram);
                if (payload.isPresent() || (!timeout.isZero() && System.nanoTime() - deadline >= 0)) {
                    return payload;
                }
                if (timeout.isZero()) {
                    deadline = System.nanoTime() + MAX_WAIT.toNanos();
                }
            }
        } finally {
            receiving.unlock();
        }
    }

    private static Duration limited(Duration timeout) {
        return timeout.isZero() || timeout.compareTo(MAX_WAIT) > 0 ? MAX_WAIT : timeout;
    }

    private Optional<byte[]> unwrap(byte[] datagram) throws IOException, MessageRejectedException {
        if (PathCheck.isQuestion(datagram, session.sessionId())) {
            sendOrLose(socket, PathCheck.answer(datagram));
            return Optional.empty();
        }
        try {
            return Optional.of(session.unwrap(datagram));
        } catch (MessageRejectedException e) {
            dropped.incrementAndGet();
            if (e.reason() == MessageRejectedException.Reason.TOO_MANY_FAILURES) {
                close();
                throw e;
            }
            return Optional.empty();
        }
    }

    /**
     * Returns the longest payload that can be sent.
     *
     * @return bytes
     */
    public int maxPayloadLength() {
        return options.maxPayloadLength();
    }

    /**
     * Returns the session, for its peer and its fingerprints. Messages that are wrapped by it directly are the caller's to
     * send.
     *
     * @return the session; closed with this object
     */
    public SecureSession session() {
        return session;
    }

    /**
     * Returns the address of the server.
     *
     * @return the address
     */
    public InetSocketAddress remoteAddress() {
        return (InetSocketAddress) socket.getRemoteSocketAddress();
    }

    /**
     * Returns how many datagrams were refused since the handshake: repetitions, junk, messages of others.
     *
     * @return the number
     */
    public long droppedMessages() {
        return dropped.get();
    }

    /** Closes the session and the socket; a thread that receives fails. The server is not told. May be called twice. */
    @Override
    public void close() {
        session.close();
        socket.close();
    }

    /**
     * Describes the session for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        return "datagrams of " + session + " at " + socket.getRemoteSocketAddress();
    }

    private static final Duration MAX_WAIT = Duration.ofDays(1);
}

package dev.securesession.interop;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A Themis peer at a UDP socket, and what its application has to do there (PROTOCOL.md, Part 6, Interoperability): keep its
 * handshake messages, send the same bytes again until the next message has come, and answer a repetition with the bytes of
 * the first answer. For one thread.
 */
final class ThemisOverUdp implements AutoCloseable {
    private static final Duration REPETITION = Duration.ofMillis(50);
    private static final int REPETITIONS = 200;
    private static final byte[] TAG = "TSPM".getBytes(US_ASCII);

    private final DatagramSocket socket;
    private final Supplier<ForeignPeer.Session> sessions;
    private final UnaryOperator<List<byte[]>> incoming;
    private final UnaryOperator<List<byte[]>> outgoing;
    private final Map<ByteBuffer, byte[]> answers = new HashMap<>();
    private final Deque<byte[]> arrived = new ArrayDeque<>();

    private ForeignPeer.Session session;
    private InetSocketAddress ours;
    private int refused;
    private boolean isClient;

    /** The two networks get a datagram, and return those that come out at that moment. */
    ThemisOverUdp(
            Supplier<ForeignPeer.Session> sessions,
            UnaryOperator<List<byte[]>> incoming,
            UnaryOperator<List<byte[]>> outgoing)
            throws IOException {
        this.socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        this.sessions = sessions;
        this.session = sessions.get();
        this.incoming = incoming;
        this.outgoing = outgoing;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    /** Returns how many messages Themis has refused. */
    int refused() {
        return refused;
    }

    /** Performs a handshake as the client, with a new session. */
    void connect(InetSocketAddress server) throws Exception {
        isClient = true;
        ours = server;
        renew();
        byte[] unanswered = session.request();
        for (int i = 0; i < REPETITIONS; i++) {
            send(unanswered);
            for (Optional<byte[]> next = next(REPETITION); next.isPresent(); next = next(REPETITION)) {
                byte[] message = next.get();
                if (isHandshake(message) && !answers.containsKey(ByteBuffer.wrap(message))) {
                    unanswered = reply(message);
                    if (session.isEstablished()) {
                        return;
                    }
                    send(unanswered);
                }
            }
        }
        throw new SocketTimeoutException("no answer after " + REPETITIONS + " repetitions");
    }

    /** Waits for a datagram, and returns its payload if it has one that Themis takes. Answers handshake messages. */
    Optional<byte[]> receive(Duration timeout) throws IOException {
        Optional<byte[]> next = next(timeout);
        if (next.isEmpty()) {
            return next;
        }
        byte[] message = next.get();
        byte[] formerAnswer = answers.get(ByteBuffer.wrap(message));
        if (formerAnswer != null) {
            send(formerAnswer);
        } else if (isHandshake(message)) {
            // A client's first message that arrives twice, late, begins a second handshake at the server: not for this
            // session.
            if (!isClient) {
                if (session.isEstablished()) {
                    renew();
                }
                send(reply(message));
            }
        } else {
            try {
                return Optional.of(session.unwrap(message));
            } catch (ForeignPeerException e) {
                refused++;
            }
        }
        return Optional.empty();
    }

    void sendPayload(byte[] payload) throws IOException {
        send(session.wrap(payload));
    }

    private void renew() {
        session.close();
        session = sessions.get();
        answers.clear();
    }

    private byte[] reply(byte[] message) {
        byte[] answer = session.reply(message);
        answers.put(ByteBuffer.wrap(message), answer);
        return answer;
    }

    private void send(byte[] message) throws IOException {
        if (message.length == 0) {
            return;
        }
        for (byte[] datagram : outgoing.apply(List.of(message))) {
            socket.send(new DatagramPacket(datagram, datagram.length, ours));
        }
    }

    private Optional<byte[]> next(Duration timeout) throws IOException {
        if (arrived.isEmpty()) {
            DatagramPacket packet = new DatagramPacket(new byte[2048], 2048);
            socket.setSoTimeout((int) timeout.toMillis());
            try {
                socket.receive(packet);
            } catch (SocketTimeoutException e) {
                return Optional.empty();
            }
            ours = (InetSocketAddress) packet.getSocketAddress();
            arrived.addAll(incoming.apply(List.of(Arrays.copyOf(packet.getData(), packet.getLength()))));
        }
        return Optional.ofNullable(arrived.poll());
    }

    private static boolean isHandshake(byte[] message) {
        return message.length > TAG.length && Arrays.equals(message, 0, TAG.length, TAG, 0, TAG.length);
    }

    @Override
    public void close() {
        socket.close();
        session.close();
    }
}

package dev.securesession.transport;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.Optional;

/** Runs a handshake over a transport within its deadline (PROTOCOL.md H-3, H-7). */
final class HandshakeRunner {
    /** How many messages a datagram transport drops after public-key operations were spent on them. */
    private static final int MAX_COSTLY_REFUSALS = 16;

    private final Transport transport;
    private final Handshake handshake;
    private final ConnectionOptions options;
    private final Deadline deadline;
    private final Deadline firstMessage;
    private final Watchdog watchdog;
    private boolean receivedAny;
    private int costlyRefusals;

    /** Starts the deadlines. */
    HandshakeRunner(Transport transport, Handshake handshake, ConnectionOptions options) {
        this(
                transport,
                handshake,
                options,
                Deadline.after(options.handshakeDeadline()),
                Deadline.after(options.firstMessageDeadline()));
    }

    /** Continues with deadlines that have started before. */
    HandshakeRunner(
            Transport transport,
            Handshake handshake,
            ConnectionOptions options,
            Deadline deadline,
            Deadline firstMessage) {
        this.transport = transport;
        this.handshake = handshake;
        this.options = options;
        this.deadline = deadline;
        this.firstMessage = firstMessage;
        this.watchdog = new Watchdog(transport, deadline);
    }

    /** Refuses a configuration whose handshakes would ask for keys: nobody is here to answer. */
    static void requireDirectory(SessionConfig config) {
        if (config.asksForKeys()) {
            throw new IllegalArgumentException(
                    "a configuration that asks for keys; a connection needs one with a directory");
        }
    }

    SecureSession run() throws IOException, HandshakeException {
        try {
            SecureSession session = exchange();
            if (!watchdog.stop()) {
                session.close();
                throw exceeded();
            }
            return session;
        } catch (IOException e) {
            if (watchdog.stop() || e instanceof SocketTimeoutException) {
                throw e;
            }
            SocketTimeoutException exceeded = exceeded();
            exceeded.initCause(e);
            throw exceeded;
        } finally {
            watchdog.stop();
        }
    }

    private SecureSession exchange() throws IOException, HandshakeException {
        if (handshake.role() == Role.CLIENT) {
            transport.send(handshake.start());
        }
        while (true) {
            Optional<HandshakeStep> step = process(nextMessage());
            if (!step.isPresent()) {
                continue;
            }
            Optional<byte[]> reply = step.get().message();
            if (step.get() instanceof HandshakeStep.Established established) {
                sendLast(reply, established.session());
                return established.session();
            }
            if (reply.isPresent()) {
                transport.send(reply.get());
            }
        }
    }

    private void sendLast(Optional<byte[]> message, SecureSession session) throws IOException {
        boolean sent = false;
        try {
            if (message.isPresent()) {
                transport.send(message.get());
            }
            sent = true;
        } finally {
            if (!sent) {
                session.close();
            }
        }
    }

    private byte[] nextMessage() throws IOException {
        boolean first = handshake.role() == Role.SERVER && !receivedAny;
        Deadline limit = first ? deadline.earliest(firstMessage) : deadline;
        Optional<byte[]> message;
        try {
            message = transport.receive(options.maxHandshakeMessageLength(), limit.left(awaited()));
        } catch (SocketTimeoutException e) {
            SocketTimeoutException exceeded = new SocketTimeoutException(
                    "handshake " + limit.exceeded(awaited()).getMessage());
            exceeded.initCause(e);
            throw exceeded;
        }
        receivedAny = true;
        return message.orElseThrow(() -> new EOFException(
                "the peer ended the connection during the handshake; it may have refused this identity"));
    }

    private SocketTimeoutException exceeded() {
        return new SocketTimeoutException(
                "handshake " + deadline.exceeded(awaited()).getMessage());
    }

    private String awaited() {
        String from =
                transport.remoteAddress().map(address -> " from " + address).orElse("");
        return "a handshake message" + from;
    }

    /** Processes a message; a bad one ends a stream and is dropped from datagrams, within limits. */
    private Optional<HandshakeStep> process(byte[] message) throws HandshakeException {
        try {
            return Optional.of(handshake.receive(message));
        } catch (HandshakeException e) {
            if (transport.delivery() == Delivery.ORDERED) {
                throw e;
            }
            if (e.reason().isAfterPublicKeyWork() && costlyRefusals++ == MAX_COSTLY_REFUSALS) {
                throw e;
            }
            return Optional.empty();
        }
    }
}

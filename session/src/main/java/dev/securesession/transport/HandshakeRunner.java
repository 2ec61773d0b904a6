package dev.securesession.transport;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.internal.base.HandshakeLimits;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.util.Optional;

/** Runs a handshake over a transport within its deadline (PROTOCOL.md H-3, H-7). */
final class HandshakeRunner {
    /** How many messages a datagram transport drops after public-key operations were spent on them. */
    private static final int MAX_COSTLY_REFUSALS = 16;

    private final Transport transport;
    private final Handshake handshake;
    private final String peer;
    private final ConnectionOptions options;
    private final Deadline deadline;
    private final Deadline firstMessage;
    private final Watchdog watchdog;
    // The number of the message that comes next: 1 and 3 to the server, 2 and 4 to the client.
    private int next;
    private int costlyRefusals;
    private int messages;

    /** Starts the deadlines; the peer is named in messages of exceptions. */
    HandshakeRunner(Transport transport, Handshake handshake, String peer, ConnectionOptions options) {
        this(
                transport,
                handshake,
                peer,
                options,
                Deadline.after(options.handshakeDeadline()),
                Deadline.after(options.firstMessageDeadline()));
    }

    /** Continues with deadlines that have started before. */
    HandshakeRunner(
            Transport transport,
            Handshake handshake,
            String peer,
            ConnectionOptions options,
            Deadline deadline,
            Deadline firstMessage) {
        this.transport = transport;
        this.handshake = handshake;
        this.peer = peer;
        this.options = options;
        this.deadline = deadline;
        this.firstMessage = firstMessage;
        this.watchdog = new Watchdog(transport, deadline);
        this.next = handshake.role() == Role.CLIENT ? 2 : 1;
    }

    /** Refuses a configuration whose handshakes would ask for keys: here no one can answer. */
    static void requireDirectory(SessionConfig config) {
        if (config.asksForKeys()) {
            throw new IllegalArgumentException(
                    "a configuration that asks for keys; a connection needs one with a directory");
        }
    }

    /** Refuses a peer that repeats messages on a stream. */
    static void requireFew(int messages) throws ProtocolException {
        if (messages > HandshakeLimits.MAX_MESSAGES) {
            throw new ProtocolException("the peer has sent " + messages
                    + " handshake messages over a stream; the limit is " + HandshakeLimits.MAX_MESSAGES);
        }
    }

    SecureSession run() throws IOException, HandshakeException {
        return run(() -> {});
    }

    /** Runs the handshake; runs an action after each message that arrives. */
    SecureSession run(Runnable messageArrived) throws IOException, HandshakeException {
        try {
            SecureSession session = exchange(messageArrived);
            if (!watchdog.stop()) {
                session.close();
                throw exceeded(deadline);
            }
            return session;
        } catch (IOException e) {
            if (watchdog.stop() || e instanceof SocketTimeoutException) {
                throw e;
            }
            SocketTimeoutException exceeded = exceeded(deadline);
            exceeded.initCause(e);
            throw exceeded;
        } finally {
            watchdog.stop();
        }
    }

    private SecureSession exchange(Runnable messageArrived) throws IOException, HandshakeException {
        if (handshake.role() == Role.CLIENT) {
            transport.send(handshake.start());
        }
        while (true) {
            byte[] message = nextMessage();
            messageArrived.run();
            // A transport is asked how it delivers only where that matters.
            if (++messages > HandshakeLimits.MAX_MESSAGES && transport.delivery() == Delivery.ORDERED) {
                requireFew(messages);
            }
            Optional<HandshakeStep> step = process(message);
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
                next = handshake.role() == Role.CLIENT ? 4 : 3;
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
        Deadline limit = next == 1 ? deadline.earliest(firstMessage) : deadline;
        Optional<byte[]> message;
        try {
            message = transport.receive(options.maxHandshakeMessageLength(), limit.left(awaited()));
        } catch (SocketTimeoutException e) {
            SocketTimeoutException exceeded = exceeded(limit);
            exceeded.initCause(e);
            throw exceeded;
        }
        return message.orElseThrow(() -> new EOFException("the peer ended the connection during the handshake with "
                + peer + ", where message " + next + " was expected; it may have refused this identity"));
    }

    private SocketTimeoutException exceeded(Deadline limit) {
        return new SocketTimeoutException(
                "the handshake with " + peer + " " + limit.exceeded(awaited()).getMessage());
    }

    private String awaited() {
        String from =
                transport.remoteAddress().map(address -> " from " + address).orElse("");
        return "message " + next + from;
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

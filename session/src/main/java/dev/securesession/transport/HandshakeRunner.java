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

/** Runs a handshake over a transport within its deadline. */
final class HandshakeRunner {
    private static final int MAX_DROPPED = 16;

    private final Transport transport;
    private final Handshake handshake;
    private final ConnectionOptions options;
    private final Deadline deadline;
    private int dropped;

    HandshakeRunner(Transport transport, Handshake handshake, ConnectionOptions options) {
        this.transport = transport;
        this.handshake = handshake;
        this.options = options;
        this.deadline = new Deadline(transport, options.handshakeDeadline());
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
            if (!deadline.stop()) {
                session.close();
                throw deadline.exceeded();
            }
            return session;
        } catch (IOException e) {
            if (deadline.stop() || e instanceof SocketTimeoutException) {
                throw e;
            }
            SocketTimeoutException exceeded = deadline.exceeded();
            exceeded.initCause(e);
            throw exceeded;
        } finally {
            deadline.stop();
        }
    }

    private SecureSession exchange() throws IOException, HandshakeException {
        if (handshake.role() == Role.CLIENT) {
            transport.send(handshake.start());
        }
        while (true) {
            Optional<HandshakeStep> step = take(nextMessage());
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
        Optional<byte[]> message = transport.receive(options.handshakeMessageLimit(), deadline.left());
        return message.orElseThrow(() -> new EOFException("the peer ended the connection during the handshake"));
    }

    /** Takes in a message; a bad one ends a stream and is dropped from datagrams, up to a bound (PROTOCOL.md H-3). */
    private Optional<HandshakeStep> take(byte[] message) throws HandshakeException {
        try {
            return Optional.of(handshake.receive(message));
        } catch (HandshakeException e) {
            if (transport.delivery() == Delivery.ORDERED || dropped == MAX_DROPPED) {
                throw e;
            }
            dropped++;
            return Optional.empty();
        }
    }
}

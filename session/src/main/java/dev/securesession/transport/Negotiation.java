package dev.securesession.transport;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;

/** Runs a handshake over a transport within its deadline. */
final class Negotiation {
    private static final int MOST_DROPPED = 16;

    private final Transport transport;
    private final Handshake handshake;
    private final ConnectionOptions options;
    private final long deadline;
    private int dropped;

    Negotiation(Transport transport, Handshake handshake, ConnectionOptions options) {
        this.transport = transport;
        this.handshake = handshake;
        this.options = options;
        this.deadline = System.nanoTime() + options.negotiationDeadline().toNanos();
    }

    SecureSession run() throws IOException, HandshakeException {
        if (handshake.role() == Role.CLIENT) {
            transport.send(handshake.start());
        }
        while (true) {
            Optional<HandshakeStep> step = take(nextMessage());
            if (step.isPresent()) {
                Optional<byte[]> reply = step.get().message();
                if (reply.isPresent()) {
                    transport.send(reply.get());
                }
                if (step.get() instanceof HandshakeStep.Established established) {
                    return established.session();
                }
            }
        }
    }

    private byte[] nextMessage() throws IOException {
        Duration left = Duration.ofNanos(deadline - System.nanoTime());
        if (left.isNegative() || left.isZero()) {
            throw new SocketTimeoutException("the negotiation took longer than " + options.negotiationDeadline());
        }
        return transport
                .receive(options.negotiationMessageLimit(), left)
                .orElseThrow(() -> new EOFException("the peer ended the connection during the negotiation"));
    }

    /** Takes in a message; a bad one ends a stream and is dropped from datagrams, up to a bound (PROTOCOL.md H-3). */
    private Optional<HandshakeStep> take(byte[] message) throws HandshakeException {
        try {
            HandshakeStep step = handshake.receive(message);
            if (step instanceof HandshakeStep.NeedPeerKey) {
                throw new IllegalArgumentException(
                        "a configuration that asks for keys; a connection needs one with a directory");
            }
            return Optional.of(step);
        } catch (HandshakeException e) {
            if (transport.delivery() == Delivery.ORDERED || dropped == MOST_DROPPED) {
                throw e;
            }
            dropped++;
            return Optional.empty();
        }
    }
}

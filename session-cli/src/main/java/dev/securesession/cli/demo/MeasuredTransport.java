package dev.securesession.cli.demo;

import dev.securesession.Delivery;
import dev.securesession.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Counts the messages of a transport. */
final class MeasuredTransport implements Transport {
    private final Transport transport;
    private final DemoFacts facts;
    private boolean inHandshake = true;
    private boolean lastWasSent;
    private int roundTrips;
    private long messagesSent;

    /**
     * @param facts receives a fact for each message until {@link #handshakeDone}
     */
    MeasuredTransport(Transport transport, DemoFacts facts) {
        this.transport = transport;
        this.facts = facts;
    }

    @Override
    public void send(byte[] message) throws IOException {
        transport.send(message);
        lastWasSent = true;
        messagesSent += inHandshake ? 0 : 1;
        tell(DemoFacts.SENT, message);
    }

    @Override
    public Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException {
        Optional<byte[]> message = transport.receive(maxLength, timeout);
        if (message.isPresent()) {
            roundTrips += lastWasSent ? 1 : 0;
            lastWasSent = false;
            tell(DemoFacts.RECEIVED, message.get());
        }
        return message;
    }

    /** Returns the number of times that a message was received after one was sent. */
    int roundTrips() {
        return roundTrips;
    }

    /** Returns the number of messages sent since {@link #handshakeDone}. */
    long messagesSent() {
        return messagesSent;
    }

    void handshakeDone() {
        inHandshake = false;
    }

    @Override
    public Delivery delivery() {
        return transport.delivery();
    }

    @Override
    public void close() throws IOException {
        transport.close();
    }

    private void tell(String what, byte[] message) {
        if (inHandshake) {
            facts.tell(what, message.length);
        }
    }
}

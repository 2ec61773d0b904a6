package dev.securesession.cli.demo;

import dev.securesession.Delivery;
import dev.securesession.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Counts what passes a transport. */
final class MeasuredTransport implements Transport {
    private final Transport transport;
    private final DemoFacts facts;
    private boolean negotiating = true;
    private boolean lastWasSent;
    private int roundTrips;
    private long messagesSent;

    /**
     * @param facts is told of each message until {@link #negotiated}
     */
    MeasuredTransport(Transport transport, DemoFacts facts) {
        this.transport = transport;
        this.facts = facts;
    }

    @Override
    public void send(byte[] message) throws IOException {
        transport.send(message);
        lastWasSent = true;
        messagesSent += negotiating ? 0 : 1;
        tell(DemoFacts.SENT, message);
    }

    @Override
    public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
        Optional<byte[]> message = transport.receive(longest, timeout);
        if (message.isPresent()) {
            roundTrips += lastWasSent ? 1 : 0;
            lastWasSent = false;
            tell(DemoFacts.RECEIVED, message.get());
        }
        return message;
    }

    /** Returns how often something was sent and something else came back. */
    int roundTrips() {
        return roundTrips;
    }

    /** Returns the number of messages sent since {@link #negotiated}. */
    long messagesSent() {
        return messagesSent;
    }

    void negotiated() {
        negotiating = false;
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
        if (negotiating) {
            facts.tell(what, message.length);
        }
    }
}

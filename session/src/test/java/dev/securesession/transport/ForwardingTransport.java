package dev.securesession.transport;

import dev.securesession.Delivery;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** A transport that leaves everything to another, for tests that change one thing. */
class ForwardingTransport implements Transport {
    private final Transport transport;

    ForwardingTransport(Transport transport) {
        this.transport = transport;
    }

    @Override
    public void send(byte[] message) throws IOException {
        transport.send(message);
    }

    @Override
    public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
        return transport.receive(longest, timeout);
    }

    @Override
    public Delivery delivery() {
        return transport.delivery();
    }

    @Override
    public void close() throws IOException {
        transport.close();
    }
}

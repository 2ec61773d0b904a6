package dev.securesession.transport;

import dev.securesession.Delivery;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;

/** Passes everything on to a transport and notes the first message that has arrived. */
final class FirstBytes implements Transport {
    private final Transport transport;
    private final Runnable arrived;

    FirstBytes(Transport transport, Runnable arrived) {
        this.transport = transport;
        this.arrived = arrived;
    }

    @Override
    public void send(byte[] message) throws IOException {
        transport.send(message);
    }

    @Override
    public Optional<byte[]> receive(int maxLength, Duration timeout) throws IOException {
        Optional<byte[]> message = transport.receive(maxLength, timeout);
        arrived.run();
        return message;
    }

    @Override
    public Delivery delivery() {
        return transport.delivery();
    }

    @Override
    public int maxMessageLength() {
        return transport.maxMessageLength();
    }

    @Override
    public Optional<SocketAddress> remoteAddress() {
        return transport.remoteAddress();
    }

    @Override
    public void close() throws IOException {
        transport.close();
    }
}

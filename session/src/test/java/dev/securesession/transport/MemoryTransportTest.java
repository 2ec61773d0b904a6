package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.testkit.MemoryTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The transport that other tests stand on keeps the contract of {@link Transport}. */
class MemoryTransportTest {
    private static final int LIMIT = 100;

    @ParameterizedTest
    @EnumSource
    void movesMessagesBothWaysInOrder(Delivery delivery) throws Exception {
        MemoryTransport client = MemoryTransport.create(delivery);
        MemoryTransport server = client.peer();
        byte[] first = {1};

        client.send(first);
        first[0] = 9;
        client.send(new byte[] {2, 2});
        server.send(new byte[0]);

        assertThat(receive(server)).hasValue(new byte[] {1});
        assertThat(receive(server)).hasValue(new byte[] {2, 2});
        assertThat(receive(client)).hasValue(new byte[0]);
        assertThat(client.delivery()).isEqualTo(delivery).isEqualTo(server.delivery());
        assertThat(server.peer()).isSameAs(client);
    }

    @Test
    void endsAfterWhatWasSentBefore() throws Exception {
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);
        client.send(new byte[1]);
        client.close();
        client.close();

        assertThat(client.isClosed()).isTrue();
        assertThat(client.peer().isClosed()).isFalse();
        assertThat(receive(client.peer())).isPresent();
        assertThat(receive(client.peer())).isEmpty();
        assertThatThrownBy(() -> client.peer().send(new byte[1])).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> client.send(new byte[1])).isInstanceOf(SocketException.class);
        assertThatThrownBy(() -> receive(client)).isInstanceOf(SocketException.class);
    }

    @Test
    void refusesAMessageThatIsTooLong() throws Exception {
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);
        client.send(new byte[LIMIT + 1]);

        assertThatThrownBy(() -> receive(client.peer()))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("101");
    }

    @Test
    void waitsNoLongerThanAllowed() {
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);

        assertThatThrownBy(() -> client.receive(LIMIT, Duration.ofMillis(1)))
                .isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void sendingWaitsForRoom() throws Exception {
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED, 1);
        client.send(new byte[1]);
        try (Threads threads = new Threads()) {
            Future<?> sending = threads.run(() -> {
                client.send(new byte[2]);
                return "sent";
            });

            assertThat(receive(client.peer())).hasValue(new byte[1]);
            Threads.await(sending);
            assertThat(receive(client.peer())).hasValue(new byte[2]);
        }
    }

    @Test
    void closingEitherEndWakesWhoSends() throws Exception {
        for (boolean own : new boolean[] {true, false}) {
            MemoryTransport client = MemoryTransport.create(Delivery.ORDERED, 1);
            client.send(new byte[1]);
            try (Threads threads = new Threads()) {
                Future<?> sending = threads.run(() -> {
                    client.send(new byte[2]);
                    return "sent";
                });
                (own ? client : client.peer()).close();

                assertThat(Threads.awaitFailure(sending)).isInstanceOf(SocketException.class);
            }
        }
    }

    @Test
    void whoIsInterruptedWaitsNoLonger() {
        MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);

        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> receive(client)).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void refusesToHoldNothing() {
        assertThatThrownBy(() -> MemoryTransport.create(Delivery.ORDERED, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Optional<byte[]> receive(Transport transport) throws IOException {
        return transport.receive(LIMIT, Duration.ZERO);
    }
}

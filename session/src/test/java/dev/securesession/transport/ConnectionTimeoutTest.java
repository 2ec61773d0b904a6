package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.testkit.MemoryTransport;
import dev.securesession.testkit.Pair;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No wait of a connection lasts longer than its timeout, whatever the peer and other threads do. */
@Timeout(60)
@SuppressWarnings("try") // Some connections are closed early, on purpose.
class ConnectionTimeoutTest {
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final ConnectionOptions DEFAULTS = ConnectionOptions.defaults();

    private final Pair pair = Pair.create();

    @Test
    void sendingToAPeerThatDoesNotReadTimesOutAndCloses() throws Exception {
        try (Loopback loopback = Loopback.open(4096);
                SecureConnection connection = over(loopback, DEFAULTS.withSendTimeout(SHORT))) {
            byte[] payload = new byte[connection.maxPayloadLength()];

            assertThatThrownBy(() -> connection.send(payload))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("timed out after 100 ms waiting for \"server\" (")
                    .hasMessageContaining("to read what was sent");
            assertThat(loopback.client.isClosed()).isTrue();
        }
    }

    /** Whoever waits for the peer meanwhile learns the timeout of the send, and not that of its own wait. */
    @Test
    void aReceiverLearnsTheTimeoutThatTheSenderExceeded() throws Exception {
        try (Loopback loopback = Loopback.open(4096);
                Threads threads = new Threads();
                SecureConnection connection = over(loopback, DEFAULTS.withSendTimeout(SHORT))) {
            Future<?> receiving = threads.run(() -> connection.receive());

            assertThatThrownBy(() -> connection.send(new byte[connection.maxPayloadLength()]))
                    .isInstanceOf(SocketTimeoutException.class);

            assertThat(Threads.awaitFailure(receiving))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("timed out after 100 ms waiting for \"server\" (");
        }
    }

    /** A timer that an earlier one replaces must not stay, or a busy connection would gather timers. */
    @Test
    void aConnectionHasOneTimer() throws Exception {
        int before = BackgroundThreads.TIMERS.getQueue().size();
        ConnectionTimer timer = new ConnectionTimer(MemoryTransport.create(Delivery.ORDERED), Duration.ofHours(1));
        for (int i = 0; i < 50; i++) {
            timer.beginSend(Deadline.after(Duration.ofMillis(1)));
            timer.endSend();
            long passed = System.nanoTime() + Duration.ofMillis(3).toNanos();
            while (System.nanoTime() - passed < 0) {
                Thread.onSpinWait();
            }
        }
        assertThat(BackgroundThreads.TIMERS.getQueue().size() - before).isLessThanOrEqualTo(1);
        timer.stop();
        assertThat(BackgroundThreads.TIMERS.getQueue().size() - before).isLessThanOrEqualTo(0);
    }

    @Test
    void threadsThatWaitForASenderTimeOutAndCanBeInterrupted() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED, 1);
        try (Threads threads = new Threads();
                SecureConnection connection =
                        SecureConnection.over(transport, pair.establish().client(), DEFAULTS)) {
            connection.send(new byte[] {1});
            CountDownLatch sending = new CountDownLatch(1);
            Future<?> blocked = threads.run(() -> {
                sending.countDown();
                connection.send(ByteBuffer.wrap(new byte[] {2}), Duration.ZERO);
                return null;
            });
            sending.await();
            // The other thread holds the lock at some moment from now on: until then this one may get it and block
            // itself, for
            // its timeout at the longest.
            assertThatThrownBy(() -> connection.send(ByteBuffer.wrap(new byte[] {3}), SHORT))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("timed out after 100 ms waiting for");

            connection.close();
            assertThat(Threads.awaitFailure(blocked)).isNotNull();
        }
    }

    @Test
    void aTimeoutOfReceiveSaysWhatWasAwaitedAndForHowLong() throws Exception {
        try (Loopback loopback = Loopback.open();
                SecureConnection connection = over(loopback, DEFAULTS)) {
            assertThatThrownBy(() -> connection.receive(SHORT))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("timed out after 100 ms waiting for a message from \"server\" ("
                            + loopback.client.getRemoteSocketAddress() + ")");
        }
    }

    @Test
    void receivingTimesOutWhileAnotherThreadReceives() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Threads threads = new Threads();
                SecureConnection connection =
                        SecureConnection.over(transport, pair.establish().client(), DEFAULTS)) {
            Future<?> receiving = threads.run(() -> connection.receive());
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> connection.receive(SHORT)).isInstanceOf(SocketTimeoutException.class);
            }
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> connection.receive(Duration.ofSeconds(50)))
                    .isInstanceOf(InterruptedIOException.class);
            assertThat(Thread.interrupted()).isTrue();

            connection.close();
            assertThat(Threads.awaitFailure(receiving)).isNotNull();
        }
    }

    @Test
    void anIdleConnectionIsClosed() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (SecureConnection connection =
                SecureConnection.over(transport, pair.establish().client(), DEFAULTS.withIdleTimeout(SHORT))) {
            assertThatThrownBy(() -> connection.receive(Duration.ofSeconds(50)))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("idle timeout: nothing was exchanged with \"server\" for 100 ms; the connection is"
                            + " closed");
            assertThat(transport.isClosed()).isTrue();
        }
    }

    /** Ten times as long as the idle timeout, and alive. */
    @Test
    void aBusyConnectionOutlivesItsIdleTimeout() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        Pair.Sessions sessions = pair.establish();
        ConnectionOptions options =
                DEFAULTS.withIdleTimeout(Duration.ofMillis(400)).withSendTimeout(SHORT);
        try (SecureConnection client = SecureConnection.over(transport, sessions.client(), options);
                SecureConnection server = SecureConnection.over(transport.peer(), sessions.server(), options)) {
            long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
            while (System.nanoTime() < end) {
                client.send(new byte[] {1});
                assertThat(server.receive(SHORT)).isPresent();
                assertThatThrownBy(() -> server.receive(Duration.ofMillis(20)))
                        .isInstanceOf(SocketTimeoutException.class);
            }
        }
    }

    @Test
    void refusesNegativeTimeoutsAndPayloadsBeyondTheLimit() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (SecureConnection connection =
                SecureConnection.over(transport, pair.establish().client(), DEFAULTS.withMaxMessageLength(100))) {
            assertThat(connection.maxPayloadLength()).isEqualTo(48);
            connection.send(new byte[48]);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> connection.send(new byte[49]))
                    .withMessageContaining("1 to 48");
            assertThatIllegalArgumentException().isThrownBy(() -> connection.receive(Duration.ofSeconds(-1)));
            assertThat(connection.toString()).isEqualTo("connection with \"server\"");
            assertThat(connection.remoteAddress()).isEmpty();
        }
    }

    @Test
    void streamsRefuseSettingsThatCannotBe() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (SecureConnection connection =
                        SecureConnection.over(transport, pair.establish().client(), DEFAULTS);
                SecureStream stream = SecureStream.over(connection)) {
            assertThat(stream.connection()).isSameAs(connection);
            assertThat(stream.toString()).isEqualTo("stream over " + connection);
            assertThatIllegalArgumentException().isThrownBy(() -> stream.setReadTimeout(Duration.ofSeconds(-1)));

            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> stream.input().read()).isInstanceOf(InterruptedIOException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void connectsToAnyKnownPeerOnlyIfAskedTo() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Threads threads = new Threads()) {
            Future<SecureConnection> accepted =
                    threads.run(() -> SecureConnection.accept(transport.peer(), pair.server()));
            try (SecureConnection client = SecureConnection.connectToAnyKnownPeer(transport, pair.client(), DEFAULTS);
                    SecureConnection server = Threads.await(accepted)) {
                assertThat(client.session().peer()).isEqualTo(Pair.SERVER_ID);
                assertThat(server.session().peer()).isEqualTo(Pair.CLIENT_ID);
            }
        }
    }

    private SecureConnection over(Loopback loopback, ConnectionOptions options) throws Exception {
        return SecureConnection.over(
                StreamTransport.of(loopback.client, Framing.lengthPrefix()),
                pair.establish().client(),
                options);
    }
}

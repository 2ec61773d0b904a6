package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.MessageRejectedException;
import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionListener;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.FaultyTransport;
import dev.securesession.testkit.FaultyTransport.Fault;
import dev.securesession.testkit.MemoryTransport;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections over transports that lose nothing. */
class SecureConnectionTest {
    private static final byte[] PAYLOAD = "payload".getBytes(UTF_8);

    private static final Duration PATIENCE = Duration.ofSeconds(Threads.PATIENCE_SECONDS);

    private final Pair pair = Pair.create();

    static List<Framing> framings() {
        return List.of(Framing.lengthPrefix(), Framing.themisSocket());
    }

    @Test
    void receivesIntoABufferOfTheCaller() throws Exception {
        for (boolean inPlace : new boolean[] {true, false}) {
            try (Loopback loopback = Loopback.open();
                    Connected peers = inPlace ? overSockets(loopback) : overMemory(Delivery.ORDERED)) {
                ByteBuffer direct = ByteBuffer.allocateDirect(100);
                for (int length : new int[] {1, 7, 92}) {
                    byte[] payload = new byte[length];
                    new Random(length).nextBytes(payload);
                    peers.client.send(payload);

                    assertThat(peers.server.receive(direct)).isEqualTo(length);
                    byte[] received = new byte[length];
                    ByteBuffer part = direct.duplicate();
                    part.position(direct.position() - length);
                    part.get(received);
                    assertThat(received).isEqualTo(payload);
                }
                assertThat(direct.hasRemaining()).isFalse();
                assertThatThrownBy(() -> peers.server.receive(direct.clear(), Duration.ofMillis(20)))
                        .isInstanceOf(SocketTimeoutException.class);
                assertThat(direct.position()).isZero();
                peers.client.close();
                assertThat(peers.server.receive(direct)).isEqualTo(-1);
            }
        }
    }

    @Test
    void aPayloadThatDoesNotFitWaitsForTheNextReceive() throws Exception {
        for (boolean inPlace : new boolean[] {true, false}) {
            try (Loopback loopback = Loopback.open();
                    Connected peers = inPlace ? overSockets(loopback) : overMemory(Delivery.ORDERED)) {
                for (int i = 0; i < 3; i++) {
                    peers.client.send(PAYLOAD);
                }
                ByteBuffer small = ByteBuffer.allocate(PAYLOAD.length - 1);
                for (int i = 0; i < 2; i++) {
                    assertThatThrownBy(() -> peers.server.receive(small)).isInstanceOf(BufferOverflowException.class);
                    assertThat(small.position()).isZero();
                }
                assertThat(peers.server.receive(PATIENCE)).hasValue(PAYLOAD);
                assertThatThrownBy(() -> peers.server.receive(small)).isInstanceOf(BufferOverflowException.class);
                ByteBuffer exact = ByteBuffer.allocate(PAYLOAD.length);
                assertThat(peers.server.receive(exact)).isEqualTo(PAYLOAD.length);
                assertThat(exact.array()).isEqualTo(PAYLOAD);
                assertThatThrownBy(() -> peers.server.receive(exact.clear().asReadOnlyBuffer()))
                        .isInstanceOf(ReadOnlyBufferException.class);
                assertThat(peers.server.receive(exact)).isEqualTo(PAYLOAD.length);
            }
        }
    }

    @Test
    @Rule(value = "D-4", kind = Kind.REFUSES)
    void aRefusedMessageLeavesTheBufferAsItWas() throws Exception {
        try (Connected peers = overMemory(Delivery.ORDERED)) {
            byte[] message = peers.client.session().wrap(PAYLOAD);
            message[message.length - 1] ^= 1;
            peers.client.transport().send(message);
            ByteBuffer target = ByteBuffer.allocate(100);

            assertThatThrownBy(() -> peers.server.receive(target)).isInstanceOf(MessageRejectedException.class);
            assertThat(target).isEqualTo(ByteBuffer.allocate(100));
            assertThat(peers.server.session().isClosed()).isTrue();
        }
        try (Connected peers = overMemory(Delivery.UNORDERED)) {
            byte[] message = peers.client.session().wrap(PAYLOAD);
            message[message.length - 1] ^= 1;
            peers.client.transport().send(message);
            peers.client.send(PAYLOAD);
            ByteBuffer target = ByteBuffer.allocate(100);

            assertThat(peers.server.receive(target, PATIENCE)).isEqualTo(PAYLOAD.length);
            assertThat(peers.server.droppedMessages()).isEqualTo(1);
            assertThat(Arrays.copyOf(target.array(), PAYLOAD.length)).isEqualTo(PAYLOAD);
        }
    }

    private Connected overMemory(Delivery delivery) throws Exception {
        MemoryTransport transport = MemoryTransport.create(delivery);
        return Connected.over(pair, transport, transport.peer());
    }

    @ParameterizedTest
    @MethodSource("framings")
    void exchangesPayloadsOverSockets(Framing framing) throws Exception {
        ConnectionOptions options = ConnectionOptions.defaults().withFraming(framing);
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open()) {
            Future<SecureConnection> accepted =
                    threads.run(() -> SecureConnection.accept(loopback.server, pair.server(), options));
            try (SecureConnection client =
                            SecureConnection.connect(loopback.client, pair.client(), Pair.SERVER_ID, options);
                    SecureConnection server = Threads.await(accepted)) {
                exchange(client, server);
                assertThat(loopback.client.getTcpNoDelay()).isTrue();
                assertThat(client.session().role()).isEqualTo(Role.CLIENT);
                assertThat(server.session().peer()).isEqualTo(Pair.CLIENT_ID);
                assertThat(server.transport().delivery()).isEqualTo(Delivery.ORDERED);
            }
            assertThat(loopback.client.isClosed()).isTrue();
            assertThat(loopback.server.isClosed()).isTrue();
        }
    }

    @Test
    void defaultOptionsServeForSocketsToo() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open()) {
            Future<SecureConnection> accepted =
                    threads.run(() -> SecureConnection.accept(loopback.server, pair.server()));
            try (SecureConnection client = SecureConnection.connect(loopback.client, pair.client(), Pair.SERVER_ID);
                    SecureConnection server = Threads.await(accepted)) {
                exchange(client, server);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void exchangesPayloadsOverAnyTransport(Delivery delivery) throws Exception {
        MemoryTransport transport = MemoryTransport.create(delivery);
        try (Threads threads = new Threads();
                Connected ends = Connected.establish(threads, pair, transport, transport.peer())) {
            exchange(ends.client, ends.server);
            assertThat(ends.client.transport()).isSameAs(transport);
        }
    }

    @Test
    void goesOnWithASessionThatIsThere() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            exchange(ends.client, ends.server);
        }
    }

    @Test
    void mixesWithMovingTheBytesOneself() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            SecureSession client = ends.client.session();
            SecureSession server = ends.server.session();

            ends.client.send(PAYLOAD);
            assertThat(server.unwrap(
                            transport.peer().receive(1000, Duration.ZERO).orElseThrow()))
                    .isEqualTo(PAYLOAD);

            ByteBuffer message = ByteBuffer.allocate(100);
            client.wrap(ByteBuffer.wrap(PAYLOAD), message);
            transport.send(Arrays.copyOf(message.array(), message.position()));
            assertThat(ends.server.receive()).hasValue(PAYLOAD);

            assertThat(client.unwrap(server.wrap(PAYLOAD))).isEqualTo(PAYLOAD);
            ends.server.send(ByteBuffer.wrap(PAYLOAD));
            assertThat(ends.client.receive()).hasValue(PAYLOAD);
        }
    }

    @Test
    void randomMixturesOfBothWaysStayInStep() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of randomMixturesOfBothWaysStayInStep: " + seed);
        Random random = new Random(seed);
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            for (int step = 0; step < 2_000; step++) {
                boolean up = random.nextBoolean();
                SecureConnection from = up ? ends.client : ends.server;
                SecureConnection to = up ? ends.server : ends.client;
                byte[] payload = new byte[1 + random.nextInt(100)];
                random.nextBytes(payload);
                switch (random.nextInt(3)) {
                    case 0 -> from.send(payload);
                    case 1 -> from.send(ByteBuffer.wrap(payload));
                    default -> from.transport().send(from.session().wrap(payload));
                }
                byte[] received = random.nextBoolean()
                        ? to.receive().orElseThrow()
                        : to.session()
                                .unwrap(to.transport()
                                        .receive(1000, Duration.ZERO)
                                        .orElseThrow());

                assertThat(received).as("seed %d, step %d", seed, step).isEqualTo(payload);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void manySendersKeepTheOrderOfNumbers(Delivery delivery) throws Exception {
        int senders = 4;
        int each = 200;
        MemoryTransport transport = MemoryTransport.create(delivery, 3);
        // A window of one message: whatever is overtaken is refused, datagrams too.
        Pair strict = pair.with(config -> config.withReplayWindow(1));
        try (Threads threads = new Threads();
                Connected ends = Connected.over(strict, transport, transport.peer())) {
            List<Future<?>> sending = new ArrayList<>();
            for (int sender = 0; sender < senders; sender++) {
                byte[] payload = {(byte) sender, 0};
                sending.add(threads.run(() -> {
                    for (int i = 0; i < each; i++) {
                        payload[1] = (byte) i;
                        if (i % 2 == 0) {
                            ends.client.send(payload);
                        } else {
                            ends.client.send(ByteBuffer.wrap(payload));
                        }
                    }
                    return "sent";
                }));
            }
            int[] next = new int[senders];
            for (int i = 0; i < senders * each; i++) {
                byte[] payload = ends.server.receive().orElseThrow();
                assertThat(payload[1]).isEqualTo((byte) next[payload[0]]++);
            }
            for (Future<?> sender : sending) {
                Threads.await(sender);
            }
            assertThat(ends.server.droppedMessages()).isZero();
        }
    }

    @Test
    void manyReceiversGetEachPayloadOnce() throws Exception {
        int count = 400;
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED, 8);
        try (Threads threads = new Threads();
                Connected ends = Connected.over(pair, transport, transport.peer())) {
            List<Future<List<Integer>>> receiving = new ArrayList<>();
            for (int receiver = 0; receiver < 4; receiver++) {
                receiving.add(threads.run(() -> {
                    List<Integer> received = new ArrayList<>();
                    for (Optional<byte[]> next = ends.server.receive();
                            next.isPresent();
                            next = ends.server.receive()) {
                        received.add(ByteBuffer.wrap(next.get()).getInt());
                    }
                    return received;
                }));
            }
            for (int i = 0; i < count; i++) {
                ends.client.send(ByteBuffer.allocate(4).putInt(0, i));
            }
            ends.client.close();

            List<Integer> all = new ArrayList<>();
            for (Future<List<Integer>> receiver : receiving) {
                all.addAll(Threads.await(receiver));
            }
            assertThat(all).hasSize(count).doesNotHaveDuplicates();
        }
    }

    @Test
    void theBufferThatIsSentMovesToItsLimit() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            ByteBuffer payload =
                    ByteBuffer.allocateDirect(10).put(5, (byte) 7).position(5).limit(6);

            ends.client.send(payload);

            assertThat(payload.remaining()).isZero();
            assertThat(ends.server.receive()).hasValue(new byte[] {7});
        }
    }

    @Test
    void anEmptyPayloadIsRefusedAndCostsNothing() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            assertThatThrownBy(() -> ends.client.send(new byte[0])).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> ends.client.send(ByteBuffer.allocate(0)))
                    .isInstanceOf(IllegalArgumentException.class);

            exchange(ends.client, ends.server);
        }
    }

    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void refusesAWrappedMessageBeyondTheLimit() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        Pair.Sessions sessions = pair.establish();
        ConnectionOptions options = ConnectionOptions.defaults().withMaxMessageLength(SecureSession.OVERHEAD + 10);
        try (SecureConnection client = SecureConnection.over(transport, sessions.client());
                SecureConnection server = SecureConnection.over(transport.peer(), sessions.server(), options)) {
            client.send(new byte[10]);
            client.send(new byte[11]);

            assertThat(server.receive().orElseThrow()).hasSize(10);
            assertThatThrownBy(server::receive).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void receivesTheEndOfTheConnection() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            ends.client.send(PAYLOAD);
            ends.client.close();

            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertThat(ends.server.receive()).isEmpty();
            assertThat(ends.server.receive()).isEmpty();
        }
    }

    @Test
    void closingWipesTheSessionAndMayBeDoneTwice() throws Exception {
        List<SecureSession> closed = new ArrayList<>();
        Pair told = pair.withClient(config -> config.withListener(new SessionListener() {
            @Override
            public void closed(SecureSession session) {
                closed.add(session);
            }
        }));
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(told, transport, transport.peer())) {
            ends.client.close();
            ends.client.close();

            assertThat(transport.isClosed()).isTrue();
            assertThat(ends.client.session().isClosed()).isTrue();
            assertThat(closed).containsExactly(ends.client.session());
            assertThatThrownBy(() -> ends.client.send(PAYLOAD)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> ends.client.session().wrap(PAYLOAD)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(ends.client::receive).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void closingWipesTheSessionEvenIfTheTransportFails() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.ORDERED);
        SecureSession session = pair.establish().client();
        SecureConnection connection = SecureConnection.over(
                new ForwardingTransport(inner) {
                    @Override
                    public void close() throws IOException {
                        throw new IOException("cannot close");
                    }
                },
                session);

        assertThatThrownBy(connection::close).isInstanceOf(IOException.class).hasMessage("cannot close");
        assertThat(session.isClosed()).isTrue();
    }

    @Test
    void closingEndsAWaitForAMessageOnASocket() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open();
                Connected ends = overSockets(loopback)) {
            Future<?> receiving = threads.run(ends.server::receive);
            ends.server.close();

            assertThat(Threads.awaitFailure(receiving)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void closingEndsAWaitForAPeerThatDoesNotRead() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open(4096);
                Connected ends = overSockets(loopback)) {
            CountDownLatch begun = new CountDownLatch(1);
            Future<?> sending = threads.run(() -> {
                begun.countDown();
                // More than all buffers of the network hold.
                ends.client.send(new byte[ends.client.maxPayloadLength()]);
                return "sent";
            });
            begun.await();
            ends.client.close();

            assertThat(Threads.awaitFailure(sending)).isInstanceOfAny(IOException.class, IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "D-8", kind = Kind.REFUSES)
    void aStreamEndsAtTheFirstForgedMessage() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.ORDERED);
        Transport damaging = FaultyTransport.of(inner, number -> Fault.flip(-1));
        try (Connected ends = Connected.over(pair, damaging, inner.peer())) {
            ends.client.send(PAYLOAD);

            assertRefused(ends.server, Reason.NOT_AUTHENTIC);
            assertThat(inner.peer().isClosed()).isTrue();
            assertThat(ends.server.session().isClosed()).isTrue();
            assertThat(ends.server.droppedMessages()).isZero();
        }
    }

    @Test
    @Rule(value = "D-2", kind = Kind.REFUSES)
    void aStreamEndsWhenAMessageIsMissing() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.ORDERED);
        Transport lossy = FaultyTransport.of(inner, number -> number == 1 ? Fault.drop() : Fault.none());
        try (Connected ends = Connected.over(pair, lossy, inner.peer())) {
            ends.client.send(PAYLOAD);
            ends.client.send(PAYLOAD);
            ends.client.send(PAYLOAD);

            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertRefused(ends.server, Reason.OUT_OF_ORDER);
            assertThat(inner.peer().isClosed()).isTrue();
        }
    }

    @Test
    @Rule(value = "D-2", kind = Kind.REFUSES)
    void aStreamEndsWhenAMessageComesTwice() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.ORDERED);
        Transport doubling = FaultyTransport.of(inner, number -> Fault.duplicate());
        try (Connected ends = Connected.over(pair, doubling, inner.peer())) {
            ends.client.send(PAYLOAD);

            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertRefused(ends.server, Reason.REPLAYED);
        }
    }

    @Test
    @Rule(value = "D-2", kind = Kind.REFUSES)
    void aStreamEndsWhenMessagesAreSwapped() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.ORDERED);
        Transport swapping = FaultyTransport.of(inner, number -> number == 0 ? Fault.delay(1) : Fault.none());
        try (Connected ends = Connected.over(pair, swapping, inner.peer())) {
            ends.client.send(PAYLOAD);
            ends.client.send(PAYLOAD);

            assertRefused(ends.server, Reason.OUT_OF_ORDER);
        }
    }

    @Test
    @Rule(value = "D-2", kind = Kind.ACCEPTS)
    @Rule(value = "D-8", kind = Kind.ACCEPTS)
    void aStreamGoesOnWhileEveryMessageFollowsTheOneBefore() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            for (int i = 0; i < 100; i++) {
                exchange(ends.client, ends.server);
            }
        }
    }

    @Test
    void anEmptyMessageEndsAStream() throws Exception {
        MemoryTransport transport = MemoryTransport.create(Delivery.ORDERED);
        try (Connected ends = Connected.over(pair, transport, transport.peer())) {
            transport.send(new byte[0]);

            assertRefused(ends.server, Reason.MALFORMED);
        }
    }

    @Test
    void aRefusalIsNotHiddenByATransportThatCannotClose() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.ORDERED);
        IOException cannotClose = new IOException("cannot close");
        SecureConnection server = SecureConnection.over(
                new ForwardingTransport(inner.peer()) {
                    @Override
                    public void close() throws IOException {
                        throw cannotClose;
                    }
                },
                pair.establish().server());
        inner.send(new byte[0]);

        assertThatThrownBy(server::receive)
                .isInstanceOf(MessageRejectedException.class)
                .hasSuppressedException(cannotClose);
    }

    @Test
    @Rule(value = "H-11", kind = Kind.ACCEPTS)
    void theTransportMayUseTheSessionWhileItSendsAndReceives() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.UNORDERED);
        Pair.Sessions sessions = pair.establish();
        AtomicReference<SecureConnection> client = new AtomicReference<>();
        try (Threads threads = new Threads()) {
            Transport curious = new ForwardingTransport(inner) {
                @Override
                public void send(byte[] message) throws IOException {
                    fromAnotherThread();
                    super.send(message);
                }

                @Override
                public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
                    fromAnotherThread();
                    return super.receive(longest, timeout);
                }

                private void fromAnotherThread() throws IOException {
                    try {
                        Threads.await(threads.run(() -> {
                            SecureSession session = client.get().session();
                            sessions.server().unwrap(session.wrap(PAYLOAD));
                            return session.unwrap(sessions.server().wrap(PAYLOAD));
                        }));
                    } catch (Exception e) {
                        throw new IOException(e);
                    }
                }
            };
            client.set(SecureConnection.over(curious, sessions.client()));

            client.get().send(PAYLOAD);
            inner.peer().send(sessions.server().wrap(PAYLOAD));

            assertThat(client.get().receive()).hasValue(PAYLOAD);
            client.get().close();
        }
    }

    @Test
    @Rule(value = "H-11", kind = Kind.REFUSES)
    void whatATransportThrowsLeavesTheSessionAsItWas() throws Exception {
        MemoryTransport inner = MemoryTransport.create(Delivery.UNORDERED);
        Pair.Sessions sessions = pair.establish();
        SecureConnection client = SecureConnection.over(
                new ForwardingTransport(inner) {
                    @Override
                    public void send(byte[] message) {
                        throw new IllegalArgumentException("of the transport");
                    }

                    @Override
                    public Optional<byte[]> receive(int longest, Duration timeout) {
                        throw new IllegalArgumentException("of the transport");
                    }
                },
                sessions.client());

        assertThatThrownBy(() -> client.send(PAYLOAD)).hasMessage("of the transport");
        assertThatThrownBy(() -> client.send(ByteBuffer.wrap(PAYLOAD))).hasMessage("of the transport");
        assertThatThrownBy(client::receive).hasMessage("of the transport");

        assertThat(sessions.toServer(PAYLOAD)).isEqualTo(PAYLOAD);
        assertThat(sessions.toClient(PAYLOAD)).isEqualTo(PAYLOAD);
        client.close();
    }

    @Test
    void refusesAPayloadTooLongForTheFramingAndUsesNoNumber() throws Exception {
        try (Loopback loopback = Loopback.open();
                Connected connected = Connected.over(
                        pair,
                        StreamTransport.of(loopback.client, Framing.themisSocket()),
                        StreamTransport.of(loopback.server, Framing.themisSocket()))) {
            int longest = 0xFFFF - SecureSession.OVERHEAD;
            long numbers = connected.client.session().remainingMessages();

            assertThatThrownBy(() -> connected.client.send(new byte[longest + 1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a payload of 65484 bytes; it must be 1 to 65483 on this connection");

            assertThat(connected.client.session().remainingMessages()).isEqualTo(numbers);
            connected.client.send(new byte[longest]);
            assertThat(connected.server.receive()).hasValue(new byte[longest]);
        }
    }

    @Test
    void waitsForALimitedTimeAndThenAgain() throws Exception {
        try (Loopback loopback = Loopback.open();
                Connected connected = overSockets(loopback)) {
            assertThatThrownBy(() -> connected.server.receive(Duration.ofMillis(1)))
                    .isInstanceOf(SocketTimeoutException.class);

            connected.client.send(PAYLOAD);
            assertThat(connected.server.receive(Duration.ofSeconds(30))).hasValue(PAYLOAD);
        }
    }

    private static Connected overSockets(Loopback loopback) throws Exception {
        return Connected.over(
                Pair.create(),
                StreamTransport.of(loopback.client, Framing.lengthPrefix()),
                StreamTransport.of(loopback.server, Framing.lengthPrefix()));
    }

    private static void exchange(SecureConnection client, SecureConnection server) throws Exception {
        client.send(PAYLOAD);
        assertThat(server.receive()).hasValue(PAYLOAD);
        server.send(ByteBuffer.wrap(PAYLOAD));
        assertThat(client.receive()).hasValue(PAYLOAD);
    }

    private static void assertRefused(SecureConnection connection, Reason reason) {
        assertThatThrownBy(connection::receive)
                .isInstanceOfSatisfying(
                        MessageRejectedException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }
}

package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionListener;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.FaultyTransport;
import dev.securesession.testkit.FaultyTransport.Fault;
import dev.securesession.testkit.HostilePeer;
import dev.securesession.testkit.MemoryTransport;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ProtocolException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How connections perform handshakes, and how they give up. */
@Timeout(60)
class HandshakeRunnerTest {
    private static final byte[] PAYLOAD = "payload".getBytes(UTF_8);
    private static final ConnectionOptions SHORT =
            ConnectionOptions.defaults().withHandshakeDeadline(Duration.ofMillis(200));

    private final Pair pair = Pair.create();
    private final MemoryTransport client = MemoryTransport.create(Delivery.ORDERED);
    private final MemoryTransport server = client.peer();
    private final MemoryTransport datagramClient = MemoryTransport.create(Delivery.UNORDERED);
    private final MemoryTransport datagramServer = datagramClient.peer();

    @Test
    @Rule(value = "H-3", kind = Kind.REFUSES)
    void aStreamServerGivesUpAtTheFirstBadMessage() throws Exception {
        client.send(new byte[] {1});
        client.send(Handshake.clientAcceptingAnyKnownPeer(pair.client()).start());

        assertThatThrownBy(() -> SecureConnection.accept(server, pair.server())).isInstanceOf(HandshakeException.class);
        assertThat(server.isClosed()).isTrue();
    }

    @Test
    @Rule(value = "H-3", kind = Kind.REFUSES)
    void aStreamClientGivesUpAtTheFirstBadMessage() throws Exception {
        server.send(new byte[] {1});

        assertThatThrownBy(() -> SecureConnection.connect(client, pair.client(), Pair.SERVER_ID))
                .isInstanceOf(HandshakeException.class);
        assertThat(client.isClosed()).isTrue();
    }

    /** Malformed messages cost nothing, so any number of them may be thrown in. */
    @Test
    @Rule(value = "H-3", kind = Kind.ACCEPTS)
    void datagramPeersDropMalformedMessagesWithoutCounting() throws Exception {
        for (int i = 0; i < 60; i++) {
            datagramClient.send(new byte[] {1});
            datagramServer.send(new byte[] {1});
        }

        try (Threads threads = new Threads();
                Connected ends = Connected.establish(threads, pair, datagramClient, datagramServer)) {
            ends.client.send(PAYLOAD);
            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertThat(ends.server.droppedMessages()).isZero();
        }
    }

    @Test
    @Rule(value = "H-3", kind = Kind.ACCEPTS)
    void datagramServersGoOnAfterSixteenFailedSignatures() throws Exception {
        byte[] forged = forgedMessage1();
        for (int i = 0; i < 16; i++) {
            datagramClient.send(forged);
        }

        try (Threads threads = new Threads();
                Connected ends = Connected.establish(threads, pair, datagramClient, datagramServer)) {
            ends.client.send(PAYLOAD);
            assertThat(ends.server.receive()).hasValue(PAYLOAD);
        }
    }

    @Test
    @Rule(value = "H-3", kind = Kind.REFUSES)
    void aDatagramServerGivesUpAtTheSeventeenthFailedSignature() throws Exception {
        byte[] forged = forgedMessage1();
        for (int i = 0; i < 17; i++) {
            datagramClient.send(forged);
        }
        datagramClient.send(pair.beginAsClient().start());

        assertThatThrownBy(() -> SecureConnection.accept(datagramServer, pair.server()))
                .isInstanceOfSatisfying(
                        HandshakeException.class,
                        refusal -> assertThat(refusal.reason()).isEqualTo(Reason.BAD_SIGNATURE));
        assertThat(datagramServer.isClosed()).isTrue();
    }

    private static byte[] forgedMessage1() {
        return HostilePeer.client(Pair.CLIENT_ID, TestKeys.pair(3), Pair.SERVER_ID)
                .message1();
    }

    @Test
    @Rule(value = "H-3", kind = Kind.ACCEPTS)
    void doubledHandshakeMessagesDoNoHarmToDatagramPeers() throws Exception {
        try (Threads threads = new Threads();
                Connected ends = Connected.establish(
                        threads,
                        pair,
                        FaultyTransport.of(datagramClient, number -> Fault.duplicate()),
                        FaultyTransport.of(datagramServer, number -> Fault.duplicate()))) {
            ends.client.send(PAYLOAD);
            ends.server.send(PAYLOAD);

            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertThat(ends.client.receive()).hasValue(PAYLOAD);
            // Each repetition was answered, and the answers doubled again: of 8 messages 3 the first one counted, and
            // of 2
            // messages 4.
            assertThat(ends.server.droppedMessages()).isEqualTo(7);
            assertThat(ends.client.droppedMessages()).isEqualTo(1);
        }
    }

    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void refusesAHandshakeMessageBeyondTheLimit() throws Exception {
        byte[] message1 = Handshake.clientAcceptingAnyKnownPeer(pair.client()).start();
        client.send(message1);

        assertThatThrownBy(() -> SecureConnection.accept(
                        server,
                        pair.server(),
                        ConnectionOptions.defaults().withMaxHandshakeMessageLength(message1.length - 1)))
                .isInstanceOf(ProtocolException.class);
        assertThat(server.isClosed()).isTrue();
    }

    @Test
    @Rule(value = "P-4", kind = Kind.ACCEPTS)
    void boundsMessagesFirstForTheHandshakeAndThenForTheSession() throws Exception {
        List<Integer> limits = new CopyOnWriteArrayList<>();
        Transport noting = new ForwardingTransport(server) {
            @Override
            public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
                limits.add(longest);
                return super.receive(longest, timeout);
            }
        };
        try (Threads threads = new Threads();
                Connected ends = Connected.establish(threads, pair, client, noting)) {
            ends.client.send(PAYLOAD);
            assertThat(ends.server.receive()).hasValue(PAYLOAD);
        }

        assertThat(limits).containsExactly(16_384, 16_384, 16_777_216);
    }

    @Test
    void anEndInTheMiddleIsAnError() throws Exception {
        client.close();

        assertThatThrownBy(() -> SecureConnection.accept(server, pair.server())).isInstanceOf(EOFException.class);
        assertThat(server.isClosed()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void refusesAConfigurationThatAsksForKeys(Delivery delivery) throws Exception {
        MemoryTransport transport = MemoryTransport.create(delivery);
        Pair asking = pair.askingForKeys();
        transport.send(Handshake.clientAcceptingAnyKnownPeer(pair.client()).start());

        assertThatThrownBy(() -> SecureConnection.accept(transport.peer(), asking.server()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("asks for keys")
                .hasMessageContaining("directory");
        assertThat(transport.peer().isClosed()).isTrue();
    }

    @Test
    void tellsWhyThePeerWasRefused() throws Exception {
        Pair suspicious = pair.withServer(config -> config.withDirectory(PeerDirectory.of(
                PeerId.ofUtf8("someone else"), pair.client().identity().publicKey())));
        client.send(pair.beginAsClient().start());

        assertThatThrownBy(() -> SecureConnection.accept(server, suspicious.server()))
                .isInstanceOfSatisfying(HandshakeException.class, refusal -> {
                    assertThat(refusal.reason()).isEqualTo(Reason.UNKNOWN_PEER);
                    assertThat(refusal.claimedPeer()).contains(Pair.CLIENT_ID);
                });
    }

    @Test
    void aFailedHandshakeClosesTheSocket() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open()) {
            Future<?> accepted = threads.run(() -> SecureConnection.accept(loopback.server, pair.server()));
            loopback.client.getOutputStream().write(new byte[] {0, 0, 0, 1, 9});

            assertThat(Threads.awaitFailure(accepted)).isInstanceOf(HandshakeException.class);
            assertThat(loopback.server.isClosed()).isTrue();
            assertThat(loopback.client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aSocketThatCannotBeUsedIsClosed() throws Exception {
        Socket socket = new Socket();

        assertThatThrownBy(() -> SecureConnection.connect(socket, pair.client(), Pair.SERVER_ID))
                .isInstanceOf(SocketException.class);
        assertThat(socket.isClosed()).isTrue();

        Socket other = new Socket();
        assertThatThrownBy(() -> SecureConnection.accept(other, pair.server())).isInstanceOf(SocketException.class);
        assertThat(other.isClosed()).isTrue();
    }

    @Test
    void aFailureIsNotHiddenByATransportThatCannotClose() throws Exception {
        client.send(new byte[] {1});
        IOException cannotClose = new IOException("cannot close");
        Transport stubborn = new ForwardingTransport(server) {
            @Override
            public void close() throws IOException {
                throw cannotClose;
            }
        };

        assertThatThrownBy(() -> SecureConnection.accept(stubborn, pair.server()))
                .isInstanceOf(HandshakeException.class)
                .hasSuppressedException(cannotClose);
    }

    @Test
    void aSessionWhoseLastMessageCannotBeSentIsClosed() throws Exception {
        Events events = new Events();
        Pair told = pair.withServer(config -> config.withListener(events));
        Transport cut = FaultyTransport.of(server, number -> number == 1 ? Fault.cut() : Fault.none());
        try (Threads threads = new Threads()) {
            Future<?> accepted = threads.run(() -> SecureConnection.accept(cut, told.server()));

            assertThatThrownBy(() -> SecureConnection.connect(client, pair.client(), Pair.SERVER_ID))
                    .isInstanceOf(EOFException.class);
            assertThat(Threads.awaitFailure(accepted)).isInstanceOf(SocketException.class);
        }

        assertThat(events.told).containsExactly("started", "established", "closed");
    }

    @Test
    void aTransportThatCannotSayHowItDeliversIsClosed() throws Exception {
        Events events = new Events();
        Pair told = pair.withServer(config -> config.withListener(events));
        Transport silent = new ForwardingTransport(server) {
            @Override
            public Delivery delivery() {
                throw new IllegalStateException("cannot tell");
            }
        };
        try (Threads threads = new Threads()) {
            Future<?> accepted = threads.run(() -> SecureConnection.accept(silent, told.server()));
            SecureConnection.connect(client, pair.client(), Pair.SERVER_ID).close();

            assertThat(Threads.awaitFailure(accepted)).isInstanceOf(IllegalStateException.class);
        }
        assertThat(server.isClosed()).isTrue();
        assertThat(events.told).containsExactly("started", "established", "closed");
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void givesUpOnAPeerThatSaysNothing() throws Exception {
        try (Loopback loopback = Loopback.open()) {
            assertThatThrownBy(() -> SecureConnection.accept(loopback.server, pair.server(), SHORT))
                    .isInstanceOf(SocketTimeoutException.class);
            assertThat(loopback.server.isClosed()).isTrue();
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void givesUpOnAPeerThatDripsBytes() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open()) {
            Future<?> accepted = threads.run(() -> SecureConnection.accept(loopback.server, pair.server(), SHORT));
            // A byte at a time, and for each a sign that time has passed: the message would take an hour.
            Future<?> dripping = threads.run(() -> {
                OutputStream out = loopback.client.getOutputStream();
                out.write(new byte[] {0, 0, 0x40, 0});
                loopback.client.setSoTimeout(50);
                while (true) {
                    out.write(7);
                    try {
                        return loopback.client.getInputStream().read();
                    } catch (SocketTimeoutException e) {
                        // Not given up yet: another byte.
                    }
                }
            });

            assertThat(Threads.awaitFailure(accepted)).isInstanceOf(SocketTimeoutException.class);
            assertThat(loopback.server.isClosed()).isTrue();
            assertThat(outcome(dripping)).isNotNull();
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void givesUpOnAPeerThatSendsBadDatagramsUntilTheTimeIsOver() throws Exception {
        Transport endless = new ForwardingTransport(datagramServer) {
            @Override
            public Optional<byte[]> receive(int longest, Duration timeout) throws IOException {
                try {
                    super.receive(longest, timeout.dividedBy(2));
                } catch (SocketTimeoutException e) {
                    return Optional.of(new byte[1]);
                }
                throw new AssertionError("nobody sends");
            }
        };

        assertThatThrownBy(() -> SecureConnection.accept(endless, pair.server(), SHORT))
                .isInstanceOfAny(SocketTimeoutException.class, HandshakeException.class);
        assertThat(datagramServer.isClosed()).isTrue();
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void givesUpOnAPeerThatDoesNotRead() throws Exception {
        MemoryTransport full = MemoryTransport.create(Delivery.ORDERED, 1);
        full.send(new byte[1]);

        assertThatThrownBy(() -> SecureConnection.connect(full, pair.client(), Pair.SERVER_ID, SHORT))
                .isInstanceOf(SocketTimeoutException.class)
                .hasMessage("the handshake with \"server\" timed out after 200 ms waiting for message 2");
        assertThat(full.isClosed()).isTrue();
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void givesUpOnAStreamThatCannotLimitItsWaiting() throws Exception {
        try (Loopback loopback = Loopback.open()) {
            InputStream in = loopback.server.getInputStream();
            OutputStream out = loopback.server.getOutputStream();

            assertThatThrownBy(() -> SecureConnection.accept(
                            StreamTransport.of(in, out, Framing.lengthPrefix()), pair.server(), SHORT))
                    .isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    @Rule(value = "H-7", kind = Kind.REFUSES)
    void aSessionThatComesTooLateIsClosed() throws Exception {
        Events events = new Events();
        Pair told = pair.withServer(config -> config.withListener(events));
        // Sends message 4, and then does not return before it has been given up.
        Transport slow = new ForwardingTransport(server) {
            @Override
            public void send(byte[] message) throws IOException {
                super.send(message);
                if (events.told.contains("established")) {
                    try {
                        server.receive(1000, Duration.ZERO);
                    } catch (SocketException e) {
                        return;
                    }
                    throw new AssertionError("not given up");
                }
            }
        };
        try (Threads threads = new Threads()) {
            Future<?> accepted = threads.run(() -> SecureConnection.accept(slow, told.server(), SHORT));
            SecureConnection connected = SecureConnection.connect(client, pair.client(), Pair.SERVER_ID);

            assertThat(Threads.awaitFailure(accepted)).isInstanceOf(SocketTimeoutException.class);
            connected.close();
        }
        assertThat(events.told).containsExactly("started", "established", "closed");
    }

    @Test
    @Rule(value = "H-7", kind = Kind.ACCEPTS)
    void theDeadlineIsOverWithTheHandshake() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open()) {
            Future<SecureConnection> accepted =
                    threads.run(() -> SecureConnection.accept(loopback.server, pair.server()));
            try (SecureConnection connected = SecureConnection.connect(loopback.client, pair.client(), Pair.SERVER_ID);
                    SecureConnection other = Threads.await(accepted)) {
                Future<Optional<byte[]>> received = threads.run(other::receive);
                connected.send(PAYLOAD);
                assertThat(Threads.await(received)).hasValue(PAYLOAD);
                assertThat(loopback.server.getSoTimeout()).isZero();
            }
        }
    }

    private static Object outcome(Future<?> task) throws Exception {
        try {
            return Threads.await(task);
        } catch (IOException e) {
            return e;
        }
    }

    /** Notes what it is told. */
    private static final class Events implements SessionListener {
        final List<String> told = new CopyOnWriteArrayList<>();

        @Override
        public void handshakeStarted(Role role) {
            told.add("started");
        }

        @Override
        public void established(SecureSession session) {
            told.add("established");
        }

        @Override
        public void handshakeAbandoned(Role role) {
            told.add("abandoned");
        }

        @Override
        public void closed(SecureSession session) {
            told.add("closed");
        }
    }
}

package dev.securesession.transport.datagram;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import dev.securesession.transport.LogRecords;
import dev.securesession.transport.datagram.DatagramPeer.End;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients and servers over real sockets on this machine. */
@Timeout(60)
class SecureDatagramsTest {
    private static final byte[] PAYLOAD = {1, 2, 3};
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    private final Pair pair = Pair.create();
    private final Recorder recorder = new Recorder();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    @Test
    @Rule(value = "DG-1", kind = Kind.ACCEPTS)
    void carriesPayloadsBothWaysUpToTheLimit() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        SecureDatagrams client = connect(server.address());
        assertThat(client.maxPayloadLength()).isEqualTo(1148);
        for (int length : new int[] {1, 2, 500, 1148}) {
            byte[] payload = new byte[length];
            Arrays.fill(payload, (byte) length);
            client.send(payload);
            assertThat(client.receive(PATIENCE)).hasValue(payload);
        }
        DatagramPeer peer = server.peers().get(0);
        assertThat(peer.id()).isEqualTo(Pair.CLIENT_ID);
        assertThat(peer.maxPayloadLength()).isEqualTo(1148);
        assertThat(client.session().peer()).isEqualTo(Pair.SERVER_ID);
        assertThat(client.remoteAddress()).isEqualTo(server.address());
        assertThat(peer).hasToString("peer \"client\" at " + peer.address());
        assertThat(client.toString()).startsWith("datagrams of session ");
        assertThat(server).hasToString("datagram server of \"server\" on " + server.address());
    }

    @Test
    @Rule(value = "DG-1", kind = Kind.REFUSES)
    void refusesPayloadsThatDoNotFitAndUsesNoNumberForThem() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults().withMaxDatagramLength(600));
        SecureDatagrams client = connect(server.address());
        long left = client.session().remainingMessages();
        for (int length : new int[] {0, 1149, 100_000}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> client.send(new byte[length]))
                    .withMessageContaining("a payload of " + length + " bytes; it must be 1 to 1148");
        }
        assertThat(client.session().remainingMessages()).isEqualTo(left);
        client.send(new byte[1000]); // more than the server may send: it receives it all the same, and cannot echo
        assertThat(recorder.failures.poll(20, TimeUnit.SECONDS)).isInstanceOf(IllegalArgumentException.class);
        client.send(PAYLOAD);
        assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
    }

    @Test
    void survivesJunkOnBothSides() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        DatagramSocket socket = new DatagramSocket();
        socket.connect(server.address());
        for (int i = 0; i < 100; i++) {
            socket.send(new DatagramPacket(new byte[i], i));
        }
        SecureDatagrams client =
                keep(SecureDatagrams.connect(socket, pair.client(), Pair.SERVER_ID, DatagramOptions.defaults()));
        DatagramPeer peer = recorder.established.poll(20, TimeUnit.SECONDS);
        byte[] message = peer.session().wrap(PAYLOAD);
        server.sendRaw(peer.address(), "junk".getBytes(US_ASCII));
        server.sendRaw(peer.address(), message);
        server.sendRaw(peer.address(), message);
        peer.send(PAYLOAD);

        assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
        assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
        assertThat(client.droppedMessages()).isEqualTo(2);
        assertThat(client.receive(Duration.ofMillis(1))).isEmpty();
        assertThat(server.counters().dropped()).isPositive();
    }

    @Test
    void timesOutIfNobodyAnswers() throws Exception {
        try (DatagramSocket silent = new DatagramSocket(0, HERE)) {
            DatagramOptions hasty = DatagramOptions.defaults()
                    .withHandshakeDeadline(Duration.ofMillis(300))
                    .withRepetition(Duration.ofMillis(20), Duration.ofMillis(50));
            InetSocketAddress address = (InetSocketAddress) silent.getLocalSocketAddress();
            assertThatThrownBy(() -> SecureDatagrams.connect(address, pair.client(), Pair.SERVER_ID, hasty))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageMatching("handshake timed out after 300 ms waiting for message 2 from \"server\"; "
                            + "\\d+ datagrams were sent");
        }
    }

    @Test
    void refusesAServerThatIsNotTheExpectedOne() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        DatagramOptions hasty = DatagramOptions.defaults().withHandshakeDeadline(Duration.ofMillis(400));
        assertThatThrownBy(
                        () -> SecureDatagrams.connect(server.address(), pair.client(), PeerId.ofUtf8("another"), hasty))
                .isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void givesUpOnImpostors() throws Exception {
        try (DatagramSocket impostor = new DatagramSocket(0, HERE);
                Pair.Exchange other = pair.begin()) {
            byte[] message2 = other.message2();
            Thread thread = new Thread(() -> {
                try {
                    DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
                    impostor.receive(packet);
                    for (int i = 0; i < 17; i++) {
                        impostor.send(new DatagramPacket(message2, message2.length, packet.getSocketAddress()));
                    }
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            thread.start();
            InetSocketAddress address = (InetSocketAddress) impostor.getLocalSocketAddress();
            assertThatThrownBy(() -> SecureDatagrams.connect(address, pair.client(), Pair.SERVER_ID))
                    .isInstanceOf(HandshakeException.class);
            thread.join();
        }
    }

    /** A router between the two that forgets its mapping: the server sees another port. */
    @Test
    void followsAClientToAnotherPort() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults().withAddressChanges());
        try (Router router = new Router(server.address())) {
            SecureDatagrams client = connect(router.address());
            DatagramPeer peer = recorder.established.poll(20, TimeUnit.SECONDS);
            SocketAddress before = peer.address();
            router.forgetMapping();
            client.send(PAYLOAD);
            assertThat(recorder.received.poll(20, TimeUnit.SECONDS)).isEqualTo(PAYLOAD);
            // The echo went to the old address. The question is answered while the client receives.
            while (peer.address().equals(before)) {
                assertThat(client.receive(Duration.ofMillis(20))).isEmpty();
            }
            client.send(PAYLOAD);
            assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
        }
    }

    @Test
    void closingEndsSessionsAndSaysSo() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        SecureDatagrams client = connect(server.address());
        DatagramPeer peer = recorder.established.poll(20, TimeUnit.SECONDS);
        peer.close();
        assertThat(recorder.ended.poll(20, TimeUnit.SECONDS)).isEqualTo(End.CLOSED);
        assertThatThrownBy(() -> peer.send(PAYLOAD)).isInstanceOf(IllegalStateException.class);

        connect(server.address());
        server.closePeer(Pair.CLIENT_ID);
        assertThat(recorder.ended.poll(20, TimeUnit.SECONDS)).isEqualTo(End.CLOSED);

        connect(server.address());
        DatagramPeer last = recorder.established.poll(20, TimeUnit.SECONDS);
        server.close();
        assertThat(recorder.ended.poll(20, TimeUnit.SECONDS)).isEqualTo(End.CLOSED);
        assertThat(last).isNotNull();
        client.close();
        client.close();
        assertThatThrownBy(() -> client.send(PAYLOAD)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> client.receive(PATIENCE)).isInstanceOf(IOException.class);
    }

    @Test
    void anIdleSessionEndsWithoutTraffic() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults().withIdleTimeout(Duration.ofMillis(50)));
        connect(server.address());

        assertThat(recorder.ended.poll(20, TimeUnit.SECONDS)).isEqualTo(End.IDLE);
    }

    @Test
    void tooManyFailuresCloseTheSession() throws Exception {
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        Pair strict = pair.withClient(config -> config.withFailureLimit(1));
        SecureDatagrams client = keep(SecureDatagrams.connect(server.address(), strict.client(), Pair.SERVER_ID));
        DatagramPeer peer = recorder.established.poll(20, TimeUnit.SECONDS);
        for (int i = 0; i < 2; i++) {
            byte[] message = peer.session().wrap(PAYLOAD);
            message[message.length - 1] ^= 1;
            server.sendRaw(peer.address(), message);
        }
        assertThatThrownBy(() -> {
                    while (true) {
                        client.receive(PATIENCE);
                    }
                })
                .isInstanceOfSatisfying(
                        MessageRejectedException.class,
                        refusal -> assertThat(refusal.reason())
                                .isEqualTo(MessageRejectedException.Reason.TOO_MANY_FAILURES));
        assertThat(client.session().isClosed()).isTrue();
    }

    /** All servers share a limit on lines, so the first refusals may have none. */
    @Test
    void aHandlerThatDoesNotObserveRefusalsGetsThemLogged() throws Exception {
        SecureDatagramServer server = keep(SecureDatagramServer.listen(
                new InetSocketAddress(HERE, 0), pair.server(), (peer, payload) -> peer.send(payload)));
        PeerId mallory = PeerId.ofUtf8("mallory");
        Pair unknown = Pair.of(mallory, TestKeys.pair(1), Pair.SERVER_ID, TestKeys.pair(2));
        try (LogRecords log = new LogRecords(SecureDatagramServer.class)) {
            List<String> lines = List.of();
            for (long start = System.nanoTime(); lines.isEmpty(); lines = log.lines()) {
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
                try (DatagramSocket socket = new DatagramSocket()) {
                    ClientHandshake stranger =
                            new ClientHandshake(unknown.client(), Pair.SERVER_ID, DatagramOptions.defaults(), 0);
                    byte[] message1 = stranger.due(0).orElseThrow();
                    socket.send(new DatagramPacket(message1, message1.length, server.address()));
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
                }
            }

            assertThat(lines.get(0)).startsWith("no session with 127.0.0.1:").contains(mallory.toString());
        }
    }

    /** The second payload has arrived before the peer is closed, and is not processed before that. */
    @Test
    void closingAPeerTakesEffectBeforeTheNextDatagram() throws Exception {
        CountDownLatch bothSent = new CountDownLatch(1);
        CompletableFuture<SecureDatagramServer> started = new CompletableFuture<>();
        List<Byte> received = new CopyOnWriteArrayList<>();
        CompletableFuture<List<Byte>> atTheEnd = new CompletableFuture<>();
        SecureDatagramServer server = keep(SecureDatagramServer.listen(
                new InetSocketAddress(HERE, 0), pair.server(), new SecureDatagramServer.Handler() {
                    @Override
                    public void received(DatagramPeer peer, byte[] payload) throws Exception {
                        received.add(payload[0]);
                        if (!bothSent.await(20, TimeUnit.SECONDS)) {
                            throw new AssertionError("nothing more was sent within 20 s");
                        }
                        started.get().closePeer(peer.id());
                    }

                    @Override
                    public void ended(DatagramPeer peer, End reason) {
                        atTheEnd.complete(List.copyOf(received));
                    }
                }));
        started.complete(server);
        SecureDatagrams client = connect(server.address());
        client.send(new byte[] {1});
        client.send(new byte[] {2});
        bothSent.countDown();

        assertThat(atTheEnd.get(20, TimeUnit.SECONDS)).containsExactly((byte) 1);
    }

    @Test
    void anErrorClosesTheSocketOfAClient() throws Exception {
        try (DatagramSocket socket = new DatagramSocket() {
            @Override
            public void send(DatagramPacket packet) {
                throw new OutOfMemoryError("no memory");
            }
        }) {
            socket.connect(new InetSocketAddress(HERE, 9));
            assertThatThrownBy(() ->
                            SecureDatagrams.connect(socket, pair.client(), Pair.SERVER_ID, DatagramOptions.defaults()))
                    .hasMessage("no memory");
            assertThat(socket.isClosed()).isTrue();
        }
    }

    @Test
    void aHandlerThatFailsHarmsNobody() throws Exception {
        recorder.fails = true;
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        SecureDatagrams client = connect(server.address());
        client.send(PAYLOAD);
        assertThat(recorder.failures.poll(20, TimeUnit.SECONDS)).hasMessage("the handler is ill");
        recorder.fails = false;
        client.send(PAYLOAD);
        assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
    }

    /** Neither do Errors, in whichever method of the handler: the next message is served, and so are the other peers. */
    @Test
    void anErrorOfTheHandlerHarmsNobody() throws Exception {
        recorder.error = new StackOverflowError("for a test");
        SecureDatagramServer server = listen(DatagramOptions.defaults().withSessionLimitPerPeer(2));
        SecureDatagrams one = connect(server.address());
        SecureDatagrams other = connect(server.address());
        one.send(PAYLOAD);
        server.closePeer(PeerId.ofUtf8("nobody"));
        one.send(PAYLOAD);
        assertThat(recorder.received.poll(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(recorder.received.poll(20, TimeUnit.SECONDS)).isNotNull();
        recorder.error = null;
        for (SecureDatagrams client : List.of(one, other)) {
            client.send(PAYLOAD);
            assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
        }
        assertThat(recorder.failures).isEmpty();
    }

    /** As many as there are threads for handshakes: none of them is lost by it. */
    @Test
    @Rule(value = "DG-6", kind = Kind.REFUSES)
    void errorsOfTheDirectoryRefuseOneHandshakeEach() throws Exception {
        Pair known = Pair.of(Pair.CLIENT_ID, TestKeys.pair(1), Pair.SERVER_ID, TestKeys.pair(2));
        PeerDirectory keys = PeerDirectory.of(Pair.CLIENT_ID, TestKeys.pair(1).publicKey());
        PeerId unlucky = PeerId.ofUtf8("unlucky");
        SessionConfig config = known.server().withDirectory(id -> {
            if (id.equals(unlucky)) {
                throw new OutOfMemoryError("for a test");
            }
            return keys.find(id);
        });
        DatagramOptions two = DatagramOptions.defaults().withHandshakeThreads(2);
        SecureDatagramServer server =
                keep(SecureDatagramServer.listen(new InetSocketAddress(HERE, 0), config, recorder, two));
        Pair strangers = Pair.of(unlucky, TestKeys.pair(1), Pair.SERVER_ID, TestKeys.pair(2));
        for (int i = 0; i < 3; i++) {
            try (DatagramSocket socket = new DatagramSocket()) {
                ClientHandshake stranger =
                        new ClientHandshake(strangers.client(), Pair.SERVER_ID, DatagramOptions.defaults(), 0);
                byte[] message1 = stranger.due(0).orElseThrow();
                socket.send(new DatagramPacket(message1, message1.length, server.address()));
                assertThat(recorder.refusals.poll(20, TimeUnit.SECONDS))
                        .isInstanceOf(IOException.class)
                        .hasRootCauseInstanceOf(OutOfMemoryError.class);
            }
        }

        SecureDatagrams client = keep(SecureDatagrams.connect(server.address(), known.client(), Pair.SERVER_ID));
        client.send(PAYLOAD);
        assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
        assertThat(server.counters().halfOpen()).isZero();
    }

    @Test
    void aSystemWithoutThreadsRefusesOneHandshakeOnly() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        ThreadFactory threads = task -> {
            if (asked.incrementAndGet() == 1) {
                throw new OutOfMemoryError("unable to create native thread, for a test");
            }
            return new Thread(task);
        };
        SecureDatagramServer server = keep(SecureDatagramServer.listen(
                new InetSocketAddress(HERE, 0), pair.server(), recorder, DatagramOptions.defaults(), threads));
        SecureDatagrams client = connect(server.address());
        client.send(PAYLOAD);

        assertThat(client.receive(PATIENCE)).hasValue(PAYLOAD);
        assertThat(recorder.refusals.poll(20, TimeUnit.SECONDS)).hasRootCauseInstanceOf(OutOfMemoryError.class);
    }

    @Test
    void refusesWhatCannotWork() throws Exception {
        InetSocketAddress nowhere = InetSocketAddress.createUnresolved("nowhere.invalid", 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecureDatagrams.connect(nowhere, pair.client(), Pair.SERVER_ID))
                .withMessageContaining("nowhere.invalid");
        InetSocketAddress here = new InetSocketAddress(HERE, 9);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecureDatagrams.connect(here, pair.client().withoutDirectory(), Pair.SERVER_ID));
        try (DatagramSocket unconnected = new DatagramSocket()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> SecureDatagrams.connect(
                            unconnected, pair.client(), Pair.SERVER_ID, DatagramOptions.defaults()));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SecureDatagramServer.listen(
                        new InetSocketAddress(HERE, 0), pair.server().withoutDirectory(), recorder));
        SecureDatagramServer server = listen(DatagramOptions.defaults());
        assertThatThrownBy(() -> SecureDatagramServer.listen(server.address(), pair.server(), recorder))
                .isInstanceOf(IOException.class);
        SecureDatagrams client = connect(server.address());
        assertThatIllegalArgumentException().isThrownBy(() -> client.receive(Duration.ofMillis(-1)));
    }

    private SecureDatagramServer listen(DatagramOptions options) throws IOException {
        return keep(SecureDatagramServer.listen(new InetSocketAddress(HERE, 0), pair.server(), recorder, options));
    }

    private SecureDatagrams connect(InetSocketAddress address) throws Exception {
        return keep(SecureDatagrams.connect(address, pair.client(), Pair.SERVER_ID));
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    /** Echoes, and notes what happens. */
    private static final class Recorder implements SecureDatagramServer.Handler {
        final BlockingQueue<DatagramPeer> established = new LinkedBlockingQueue<>();
        final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
        final BlockingQueue<End> ended = new LinkedBlockingQueue<>();
        final BlockingQueue<Exception> failures = new LinkedBlockingQueue<>();
        final BlockingQueue<Exception> refusals = new LinkedBlockingQueue<>();
        volatile boolean fails;
        volatile Error error;

        @Override
        public void received(DatagramPeer peer, byte[] payload) throws Exception {
            if (fails) {
                throw new IllegalStateException("the handler is ill");
            }
            received.add(payload);
            throwError();
            peer.send(payload);
        }

        @Override
        public void established(DatagramPeer peer) {
            established.add(peer);
            throwError();
        }

        @Override
        public void ended(DatagramPeer peer, End reason) {
            ended.add(reason);
        }

        @Override
        public void failed(InetSocketAddress address, Exception cause) {
            refusals.add(cause);
        }

        private void throwError() {
            if (error != null) {
                throw error;
            }
        }

        @Override
        public void handlerFailed(DatagramPeer peer, Exception cause) {
            failures.add(cause);
        }
    }

    /** Forwards between one client and a server, by a port of its own that can change. */
    private static final class Router implements AutoCloseable {
        private final InetSocketAddress server;
        private final DatagramSocket inside = new DatagramSocket(0, HERE);
        private volatile DatagramSocket outside;
        private volatile SocketAddress client;
        private Thread back;

        Router(InetSocketAddress server) throws IOException, InterruptedException {
            this.server = server;
            new Thread(this::forward).start();
            forgetMapping();
        }

        InetSocketAddress address() {
            return (InetSocketAddress) inside.getLocalSocketAddress();
        }

        /** After this, nothing that goes to the former port arrives. */
        void forgetMapping() throws IOException, InterruptedException {
            DatagramSocket former = outside;
            Thread formerBack = back;
            DatagramSocket next = new DatagramSocket(0, HERE);
            outside = next;
            back = new Thread(() -> back(next));
            back.start();
            if (former != null) {
                former.close();
                formerBack.join();
            }
        }

        private void forward() {
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
                    inside.receive(packet);
                    client = packet.getSocketAddress();
                    packet.setSocketAddress(server);
                    outside.send(packet);
                }
            } catch (IOException e) {
                // Closed.
            }
        }

        private void back(DatagramSocket socket) {
            try {
                while (true) {
                    DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
                    socket.receive(packet);
                    packet.setSocketAddress(client);
                    inside.send(packet);
                }
            } catch (IOException e) {
                // Closed.
            }
        }

        @Override
        public void close() {
            inside.close();
            outside.close();
        }
    }
}

package dev.securesession.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityKeyPair;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.datagram.DatagramOptions;
import dev.securesession.transport.datagram.DatagramPeer;
import dev.securesession.transport.datagram.SecureDatagramServer;
import dev.securesession.transport.datagram.SecureDatagrams;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sessions over UDP sockets with a Themis peer at the other end, in both roles, over a network that is not good. */
@Timeout(120)
@ExtendWith(ReferencePeer.class)
class DatagramTest {
    private static final int QUESTIONS = 150;
    private static final int ATTEMPTS = 200;
    private static final int REACH = 8;
    private static final Duration PATIENCE = Duration.ofMillis(40);
    private static final PeerId OURS = PeerId.ofUtf8("ours");
    private static final PeerId THEIRS = PeerId.ofUtf8("theirs");
    private static final IdentityPrivateKey OUR_KEY = IdentityKeyPair.generate().privateKey();
    private static final IdentityPrivateKey THEIR_KEY =
            IdentityKeyPair.generate().privateKey();
    private static final SessionConfig CONFIG =
            SessionConfig.of(LocalIdentity.of(OURS, OUR_KEY), PeerDirectory.of(THEIRS, THEIR_KEY.publicKey()));
    private static final DatagramOptions OPTIONS =
            DatagramOptions.defaults().withRepetition(Duration.ofMillis(50), Duration.ofMillis(100));
    private static final UnaryOperator<List<byte[]>> GOOD_NETWORK = UnaryOperator.identity();

    private final ForeignPeer peer;
    private final AtomicInteger toBeLost = new AtomicInteger();

    DatagramTest(ForeignPeer peer) {
        this.peer = peer;
        peer.know(OURS.toBytes(), OUR_KEY.publicKey().encode());
    }

    @Test
    void ourClientTalksToAThemisServer() throws Exception {
        Random random = seeded("ourClientTalksToAThemisServer");
        BadNetwork incoming = new BadNetwork(random);
        BadNetwork outgoing = new BadNetwork(random);
        try (Echo server = new Echo(themis(incoming, outgoing));
                SecureDatagrams client = connect(server)) {
            for (int i = 0; i < QUESTIONS; i++) {
                byte[] question = question(i);
                Optional<byte[]> answer = Optional.empty();
                for (int attempt = 0; attempt < ATTEMPTS && !isAnswer(answer, question); attempt++) {
                    client.send(question);
                    answer = client.receive(PATIENCE);
                }
                assertThat(answer).hasValue(question);
            }
            server.stop();
            assertThat(server.themis.refused()).isZero();
        }
        assertBad(incoming, outgoing);
    }

    @Test
    void aThemisClientTalksToOurServer() throws Exception {
        Random random = seeded("aThemisClientTalksToOurServer");
        BadNetwork incoming = new BadNetwork(random);
        BadNetwork outgoing = new BadNetwork(random);
        try (SecureDatagramServer server = serve((from, payload) -> from.send(payload));
                ThemisOverUdp client = themis(incoming, outgoing)) {
            client.connect(server.address());
            for (int i = 0; i < QUESTIONS; i++) {
                byte[] question = question(i);
                Optional<byte[]> answer = Optional.empty();
                for (int attempt = 0; attempt < ATTEMPTS && !isAnswer(answer, question); attempt++) {
                    client.sendPayload(question);
                    answer = client.receive(PATIENCE);
                }
                assertThat(answer).hasValue(question);
            }
            assertThat(client.refused()).isZero();
            assertThat(server.peers()).hasSize(1);
        }
        assertBad(incoming, outgoing);
    }

    /** PROTOCOL.md, section 8.2: the direction takes nothing any more; the other one, to our end, goes on. */
    @Test
    void eightLostMessagesEndTheDirectionToAThemisServerUntilOurClientConnectsAnew() throws Exception {
        BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
        try (Echo server = new Echo(themis(this::losing, GOOD_NETWORK), received)) {
            try (SecureDatagrams client = connect(server)) {
                client.send(question(0));
                assertThat(client.receive(Duration.ofSeconds(10))).hasValue(question(0));
                loseFrom(client, REACH - 1);
                client.send(question(1));
                assertThat(client.receive(Duration.ofSeconds(10)))
                        .as("after 7 lost")
                        .hasValue(question(1));
                loseFrom(client, REACH);
                for (int i = 0; i < 3 * REACH; i++) {
                    client.send(question(2));
                }
                assertThat(client.receive(Duration.ofMillis(500)))
                        .as("after 8 lost")
                        .isEmpty();
            }
            try (SecureDatagrams client = connect(server)) {
                client.send(question(3));
                assertThat(client.receive(Duration.ofSeconds(10))).hasValue(question(3));
            }
            server.stop();
            assertThat(received.stream().map(DatagramTest::number)).containsExactly(0, 1, 3);
            assertThat(server.themis.refused()).isEqualTo(3 * REACH);
        }
    }

    @Test
    void aThemisClientThatConnectsAnewReplacesItsSession() throws Exception {
        BlockingQueue<DatagramPeer.End> ends = new LinkedBlockingQueue<>();
        SecureDatagramServer.Handler echo = new SecureDatagramServer.Handler() {
            @Override
            public void received(DatagramPeer from, byte[] payload) throws java.io.IOException {
                from.send(payload);
            }

            @Override
            public void ended(DatagramPeer from, DatagramPeer.End reason) {
                ends.add(reason);
            }
        };
        try (SecureDatagramServer server = serve(echo);
                ThemisOverUdp client = themis(this::losing, GOOD_NETWORK)) {
            client.connect(server.address());
            toBeLost.set(REACH + 1);
            for (int i = 0; i < 3 * REACH; i++) {
                client.sendPayload(question(i));
                assertThat(client.receive(Duration.ofSeconds(10)))
                        .as("answer %d", i)
                        .isEmpty();
            }
            assertThat(client.refused()).isEqualTo(2 * REACH - 1);

            client.connect(server.address());
            client.sendPayload(question(0));
            assertThat(client.receive(Duration.ofSeconds(10))).hasValue(question(0));
            assertThat(ends.poll(10, TimeUnit.SECONDS)).isEqualTo(DatagramPeer.End.REPLACED);
        }
    }

    /** Section 8.2: the reference takes a number again, so what arrives at it may arrive twice. Ours takes it once. */
    @Test
    void aDoubledMessageArrivesTwiceAtThemisAndOnceHere() throws Exception {
        UnaryOperator<List<byte[]>> doubling = sent -> List.of(sent.get(0), sent.get(0));
        BlockingQueue<byte[]> here = new LinkedBlockingQueue<>();
        try (SecureDatagramServer server = serve((from, payload) -> {
                    here.add(payload);
                    from.send(payload);
                });
                ThemisOverUdp client = themis(doubling, doubling)) {
            client.connect(server.address());
            client.sendPayload(question(1));
            client.sendPayload(question(2));
            List<Integer> there = new ArrayList<>();
            for (int i = 0; i < ATTEMPTS && there.size() < 4; i++) {
                client.receive(PATIENCE).ifPresent(payload -> there.add(number(payload)));
            }
            assertThat(there).containsExactly(1, 1, 2, 2);
            assertThat(here.stream().map(DatagramTest::number)).containsExactly(1, 2);
        }
    }

    private List<byte[]> losing(List<byte[]> sent) {
        return toBeLost.getAndUpdate(count -> Math.max(0, count - 1)) > 0 ? List.of() : sent;
    }

    private void loseFrom(SecureDatagrams client, int count) throws Exception {
        toBeLost.set(count);
        for (int i = 0; i < count; i++) {
            client.send(question(100 + i));
        }
    }

    private ThemisOverUdp themis(UnaryOperator<List<byte[]>> incoming, UnaryOperator<List<byte[]>> outgoing)
            throws Exception {
        return new ThemisOverUdp(() -> peer.open(THEIRS.toBytes(), THEIR_KEY.encodeSecret()), incoming, outgoing);
    }

    private static SecureDatagramServer serve(SecureDatagramServer.Handler handler) throws Exception {
        return SecureDatagramServer.listen(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), CONFIG, handler, OPTIONS);
    }

    private static SecureDatagrams connect(Echo server) throws Exception {
        return SecureDatagrams.connect(server.themis.address(), CONFIG, THEIRS, OPTIONS);
    }

    private static Random seeded(String test) {
        long seed = Long.getLong("securesession.seed", new Random().nextLong());
        System.out.println(test + ": -Dsecuresession.seed=" + seed);
        return new Random(seed);
    }

    private static void assertBad(BadNetwork... networks) {
        for (BadNetwork network : networks) {
            assertThat(network.lost).isPositive();
            assertThat(network.doubled).isPositive();
            assertThat(network.reordered).isPositive();
        }
    }

    private static byte[] question(int number) {
        return ByteBuffer.allocate(100).putInt(number).array();
    }

    private static int number(byte[] question) {
        return ByteBuffer.wrap(question).getInt();
    }

    private static boolean isAnswer(Optional<byte[]> answer, byte[] question) {
        return answer.isPresent() && Arrays.equals(answer.get(), question);
    }

    /** A Themis server that sends back what it receives, on a thread of its own. */
    private static final class Echo implements AutoCloseable {
        final ThemisOverUdp themis;

        private final ExecutorService executor = Executors.newSingleThreadExecutor();
        private final Future<?> serving;
        private volatile boolean stopped;

        Echo(ThemisOverUdp themis) {
            this(themis, new LinkedBlockingQueue<>());
        }

        Echo(ThemisOverUdp themis, BlockingQueue<byte[]> received) {
            this.themis = themis;
            this.serving = executor.submit(() -> {
                while (!stopped) {
                    Optional<byte[]> payload = themis.receive(PATIENCE);
                    if (payload.isPresent()) {
                        received.add(payload.get());
                        themis.sendPayload(payload.get());
                    }
                }
                return null;
            });
        }

        void stop() throws Exception {
            stopped = true;
            serving.get(30, TimeUnit.SECONDS);
        }

        @Override
        public void close() {
            stopped = true;
            executor.shutdown();
            try {
                assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            themis.close();
        }
    }
}

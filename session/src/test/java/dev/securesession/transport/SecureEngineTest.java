package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.transport.SecureEngine.Result;
import java.io.EOFException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine, driven by hand: every split, both framings, foreign peers, limits and deadlines. */
class SecureEngineTest {
    private static final int SEEDS = 500;
    private static final ConnectionOptions OPTIONS = ConnectionOptions.defaults();

    private final Pair pair = Pair.create();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 7, 50, 149, 151, 1_000_000})
    void worksInPiecesOfAnyLength(int pieceLength) throws Exception {
        byte[] large = new byte[20_000];
        new Random(pieceLength).nextBytes(large);
        for (ConnectionOptions options : List.of(OPTIONS, OPTIONS.withFraming(Framing.themisSocket()))) {
            try (SecureEngine client = SecureEngine.client(pair.client(), Pair.SERVER_ID, options, 0);
                    SecureEngine server = SecureEngine.server(pair.server(), options, 0)) {
                establish(client, server, pieceLength);
                client.send(bytes("hello"));
                client.send(ByteBuffer.wrap(large));
                client.send(bytes("bye"));

                assertThat(payloads(server, drain(client), pieceLength))
                        .containsExactly("hello".getBytes(UTF_8), large, "bye".getBytes(UTF_8));
                server.send(bytes("answer"));
                assertThat(payloads(client, drain(server), pieceLength)).containsExactly("answer".getBytes(UTF_8));
                client.endOfInput();
            }
        }
    }

    @Test
    void everySplitOfTwoMessagesGivesTheSame() throws Exception {
        for (int split = 0; ; split++) {
            try (SecureEngine client = client();
                    SecureEngine server = server()) {
                establish(client, server, 1000);
                client.send(bytes("a"));
                client.send(bytes("bc"));
                byte[] bytes = drain(client);
                List<byte[]> payloads = new ArrayList<>(payloads(server, Arrays.copyOf(bytes, split), 1000));
                payloads.addAll(payloads(server, Arrays.copyOfRange(bytes, split, bytes.length), 1000));

                assertThat(payloads)
                        .as("split at %s", split)
                        .containsExactly(bytes("a").array(), bytes("bc").array());
                if (split == bytes.length) {
                    return;
                }
            }
        }
    }

    @Test
    void randomOperationsDeliverWhatWasSent() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            try (SecureEngine client = client();
                    SecureEngine server = server()) {
                establish(client, server, 1 + random.nextInt(200));
                SecureEngine[] ends = {client, server};
                List<ArrayDeque<byte[]>> expected = List.of(new ArrayDeque<>(), new ArrayDeque<>());
                for (int step = 0;
                        step < 30
                                || client.outgoing().hasRemaining()
                                || server.outgoing().hasRemaining();
                        step++) {
                    int from = random.nextInt(2);
                    if (step < 30 && random.nextBoolean()) {
                        byte[] payload = new byte[1 + random.nextInt(random.nextInt(10) == 0 ? 20_000 : 30)];
                        random.nextBytes(payload);
                        ends[from].send(ByteBuffer.wrap(payload));
                        expected.get(from).add(payload);
                    } else {
                        ByteBuffer outgoing = ends[from].outgoing();
                        byte[] piece = new byte[Math.min(outgoing.remaining(), random.nextInt(5000))];
                        outgoing.get(piece);
                        for (byte[] payload : payloads(ends[1 - from], piece, 10_000)) {
                            assertThat(payload)
                                    .as("seed %s", seed)
                                    .isEqualTo(expected.get(from).remove());
                        }
                    }
                }
                assertThat(expected).as("seed %s", seed).allMatch(ArrayDeque::isEmpty);
            }
        }
    }

    @Test
    void talksToABlockingConnection() throws Exception {
        try (Threads threads = new Threads();
                Loopback sockets = Loopback.open();
                SecureEngine engine = client()) {
            Future<byte[]> served = threads.run(() -> {
                try (SecureConnection server = SecureConnection.accept(sockets.server, pair.server())) {
                    byte[] payload = server.receive().orElseThrow();
                    server.send(payload);
                    return payload;
                }
            });
            InputStream in = sockets.client.getInputStream();
            byte[] read = new byte[100];
            String answer = "";
            while (answer.isEmpty()) {
                sockets.client.getOutputStream().write(drain(engine));
                ByteBuffer network = ByteBuffer.wrap(read, 0, Math.max(0, in.read(read)));
                while (network.hasRemaining()) {
                    switch (engine.receive(network)) {
                        case ESTABLISHED -> engine.send(bytes("hello"));
                        case PAYLOAD -> answer = UTF_8.decode(engine.payload()).toString();
                        default -> {}
                    }
                }
                if (engine.hasResult() && engine.receive(network) == Result.ESTABLISHED) {
                    engine.send(bytes("hello"));
                }
            }
            assertThat(answer).isEqualTo("hello");
            assertThat(Threads.await(served)).isEqualTo("hello".getBytes(UTF_8));
        }
    }

    @Test
    void keysCanBeLookedUpMeanwhile() throws Exception {
        Pair asking = pair.askingForKeys();
        try (SecureEngine client = client();
                SecureEngine server = SecureEngine.server(asking.server(), OPTIONS, 0)) {
            byte[] first = drain(client);
            ByteBuffer network = ByteBuffer.wrap(first);
            assertThat(server.receive(network)).isEqualTo(Result.NEEDS_PEER_KEY);
            assertThat(server.receive(network)).isEqualTo(Result.NEEDS_PEER_KEY);
            assertThat(server.awaitedPeer()).hasValue(Pair.CLIENT_ID);
            server.resolve(Pair.CLIENT_ID, List.of(pair.client().identity().publicKey()));

            assertThat(client.receive(ByteBuffer.wrap(drain(server)))).isEqualTo(Result.NEEDS_BYTES);
            assertThat(server.receive(ByteBuffer.wrap(drain(client)))).isEqualTo(Result.ESTABLISHED);
            assertThat(client.receive(ByteBuffer.wrap(drain(server)))).isEqualTo(Result.ESTABLISHED);
        }
    }

    @Test
    void aRefusedPeerClosesTheEngine() throws Exception {
        try (SecureEngine client = client();
                SecureEngine server = SecureEngine.server(pair.askingForKeys().server(), OPTIONS, 0)) {
            server.receive(ByteBuffer.wrap(drain(client)));
            server.refusePeer(Pair.CLIENT_ID);

            assertThat(server.outgoing().hasRemaining()).isFalse();
            assertThatThrownBy(() -> server.receive(bytes("x"))).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesAnUnexpectedServer() throws Exception {
        try (SecureEngine client = SecureEngine.client(pair.client(), PeerId.ofUtf8("another"), OPTIONS, 0);
                SecureEngine server = server()) {
            server.receive(ByteBuffer.wrap(drain(client)));
            ByteBuffer message2 = ByteBuffer.wrap(drain(server));

            assertThatThrownBy(() -> client.receive(message2)).isInstanceOf(HandshakeException.class);
            assertThatThrownBy(() -> client.receive(message2)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    @Rule(value = "P-4", kind = REFUSES)
    void refusesTooLongAMessageByItsHeader() throws Exception {
        try (SecureEngine server = server()) {
            ByteBuffer header = ByteBuffer.allocate(4).putInt(0, 16 * 1024 + 1);

            assertThatThrownBy(() -> server.receive(header)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    @Rule(value = "D-2", kind = REFUSES)
    void refusesARepeatedOrAlteredMessage() throws Exception {
        for (boolean altered : new boolean[] {false, true}) {
            try (SecureEngine client = client();
                    SecureEngine server = server()) {
                establish(client, server, 1000);
                client.send(bytes("a"));
                byte[] message = drain(client);
                if (altered) {
                    message[message.length - 1] ^= 1;
                } else {
                    payloads(server, message, 1000);
                }

                assertThatThrownBy(() -> server.receive(ByteBuffer.wrap(message)))
                        .isInstanceOf(MessageRejectedException.class);
                assertThat(server.session().orElseThrow().isClosed()).isTrue();
                assertThat(server.payload().hasRemaining()).isFalse();
            }
        }
    }

    @Test
    @Rule(value = "H-7", kind = ACCEPTS)
    void deadlinesEndWithTheHandshake() throws Exception {
        long start = Long.MAX_VALUE - 5;
        try (SecureEngine client = SecureEngine.client(pair.client(), Pair.SERVER_ID, OPTIONS, start);
                SecureEngine server = SecureEngine.server(pair.server(), OPTIONS, start)) {
            assertThat(server.deadline()).hasValue(start + Duration.ofSeconds(5).toNanos());
            assertThat(client.deadline())
                    .hasValue(start + Duration.ofSeconds(30).toNanos());
            server.checkDeadline(start + Duration.ofSeconds(5).toNanos() - 1);
            server.receive(ByteBuffer.wrap(drain(client)));
            assertThat(server.deadline())
                    .hasValue(start + Duration.ofSeconds(30).toNanos());
            client.receive(ByteBuffer.wrap(drain(server)));
            server.receive(ByteBuffer.wrap(drain(client)));

            assertThat(server.deadline()).isEmpty();
            server.checkDeadline(start + Duration.ofDays(1).toNanos());
        }
    }

    @Test
    @Rule(value = "H-7", kind = REFUSES)
    void anExceededDeadlineClosesTheEngine() {
        try (SecureEngine server = server()) {
            assertThatThrownBy(() -> server.checkDeadline(Duration.ofSeconds(5).toNanos()))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("5 s");
            assertThatThrownBy(() -> server.receive(bytes("x"))).isInstanceOf(IllegalStateException.class);
        }
    }

    /** Each repetition is answered: the answers to a peer that does not read would pile up. */
    @Test
    @Rule(value = "H-7", kind = REFUSES)
    void aPeerThatRepeatsItsFirstMessageIsRefused() throws Exception {
        try (SecureEngine client = client();
                SecureEngine server = server()) {
            byte[] first = new byte[client.outgoing().remaining()];
            client.outgoing().get(first);
            for (int i = 0; i < 8; i++) {
                server.receive(ByteBuffer.wrap(first));
            }
            assertThatThrownBy(() -> server.receive(ByteBuffer.wrap(first)))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("9 handshake messages over a stream; the limit is 8");
        }
    }

    @Test
    void anEndWithinTheHandshakeOrAMessageIsAnError() throws Exception {
        try (SecureEngine client = client();
                SecureEngine server = server()) {
            assertThatThrownBy(server::endOfInput).isInstanceOf(EOFException.class);
            establish(client, server, 1000);
            client.send(bytes("a"));
            byte[] message = drain(client);
            for (int length = 1; length < message.length; length++) {
                server.receive(ByteBuffer.wrap(message, length - 1, 1));
                assertThatThrownBy(server::endOfInput).isInstanceOf(EOFException.class);
            }
        }
    }

    @Test
    void refusesPayloadsThatCannotBeSent() throws Exception {
        try (SecureEngine client = client();
                SecureEngine server = server()) {
            assertThatThrownBy(() -> client.send(bytes("early"))).isInstanceOf(IllegalStateException.class);
            establish(client, server, 1000);
            ByteBuffer tooLong = ByteBuffer.allocate(client.maxPayloadLength() + 1);

            assertThatThrownBy(() -> client.send(tooLong)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> client.send(bytes(""))).isInstanceOf(IllegalArgumentException.class);
            assertThat(client.outgoing().hasRemaining()).isFalse();
        }
    }

    private SecureEngine client() {
        return SecureEngine.client(pair.client(), Pair.SERVER_ID, OPTIONS, 0);
    }

    private SecureEngine server() {
        return SecureEngine.server(pair.server(), OPTIONS, 0);
    }

    private static void establish(SecureEngine client, SecureEngine server, int pieceLength) throws Exception {
        List<Result> atServer = results(server, drain(client), pieceLength);
        results(client, drain(server), pieceLength);
        atServer.addAll(results(server, drain(client), pieceLength));
        assertThat(atServer).containsOnlyOnce(Result.ESTABLISHED);
        assertThat(results(client, drain(server), pieceLength)).containsOnlyOnce(Result.ESTABLISHED);
    }

    private static List<Result> results(SecureEngine engine, byte[] bytes, int pieceLength) throws Exception {
        List<Result> results = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += pieceLength) {
            ByteBuffer network = ByteBuffer.wrap(bytes, at, Math.min(pieceLength, bytes.length - at));
            while (network.hasRemaining() || engine.hasResult()) {
                results.add(engine.receive(network));
            }
        }
        return results;
    }

    private static List<byte[]> payloads(SecureEngine engine, byte[] bytes, int pieceLength) throws Exception {
        List<byte[]> payloads = new ArrayList<>();
        for (int at = 0; at < bytes.length; at += pieceLength) {
            ByteBuffer network = ByteBuffer.wrap(bytes, at, Math.min(pieceLength, bytes.length - at));
            while (network.hasRemaining()) {
                if (engine.receive(network) == Result.PAYLOAD) {
                    byte[] payload = new byte[engine.payload().remaining()];
                    engine.payload().get(payload);
                    payloads.add(payload);
                }
            }
        }
        return payloads;
    }

    private static byte[] drain(SecureEngine engine) {
        byte[] bytes = new byte[engine.outgoing().remaining()];
        engine.outgoing().get(bytes);
        return bytes;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }
}

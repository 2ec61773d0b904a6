package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import dev.securesession.transport.SecureStreamEngine.Result;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stream layer over the engine, driven by hand: every split, every violation, and a blocking stream at the other end. */
class SecureStreamEngineTest {
    private static final int SEEDS = 500;
    private static final ConnectionOptions OPTIONS = ConnectionOptions.defaults();

    private final Pair pair = Pair.create();
    private final SecureStreamEngine client =
            SecureStreamEngine.over(SecureEngine.client(pair.client(), Pair.SERVER_ID, OPTIONS, 0));
    private final SecureStreamEngine server = SecureStreamEngine.over(SecureEngine.server(pair.server(), OPTIONS, 0));

    @Test
    @Rule(value = "ST-2", kind = ACCEPTS)
    void everySplitGivesTheSameBytesAndTheEnd() throws Exception {
        int splits = 0;
        for (int length = Integer.MAX_VALUE; splits <= length; splits++) {
            SecureStreamEngine one =
                    SecureStreamEngine.over(SecureEngine.client(pair.client(), Pair.SERVER_ID, OPTIONS, 0));
            SecureStreamEngine other = SecureStreamEngine.over(SecureEngine.server(pair.server(), OPTIONS, 0));
            establish(one, other);
            one.send(bytes("hello"));
            one.sendKeepAlive();
            one.send(bytes("world"));
            one.end();
            byte[] sent = drain(one);
            length = sent.length;
            int split = splits;
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            receive(other, Arrays.copyOf(sent, split), read);
            assertThat(other.isEndReceived()).as("split at %s", split).isEqualTo(split == sent.length);
            receive(other, Arrays.copyOfRange(sent, split, sent.length), read);

            assertThat(read.toString(UTF_8)).as("split at %s", split).isEqualTo("helloworld");
            assertThat(other.isEndReceived()).isTrue();
        }
        assertThat(splits).isGreaterThan(100);
    }

    @Test
    void dataThatCouldNotBeWrappedAreNeverFollowedByAnEnd() throws Exception {
        FailingAead provider = new FailingAead();
        SecureStreamEngine failing = SecureStreamEngine.over(SecureEngine.client(
                pair.client().withCrypto(pair.client().crypto().withAead(provider)), Pair.SERVER_ID, OPTIONS, 0));
        establish(failing, server);
        OutOfMemoryError failure = new OutOfMemoryError();
        provider.failOnce(failure);
        assertThatThrownBy(() -> failing.send(bytes("lost"))).isSameAs(failure);

        assertThatThrownBy(() -> failing.send(bytes("after"))).isInstanceOf(IOException.class);
        assertThatThrownBy(failing::end).isInstanceOf(IOException.class);
        assertThat(results(server, drain(failing))).isEmpty();
    }

    @Test
    @Rule(value = "ST-3", kind = ACCEPTS)
    void oneDirectionGoesOnAfterTheEndOfTheOther() throws Exception {
        establish(client, server);
        client.end();
        assertThat(results(server, drain(client))).containsExactly(Result.END);
        server.send(bytes("late"));
        client.sendKeepAlive();
        server.end();

        assertThat(results(client, drain(server))).containsExactly(Result.DATA, Result.END);
        assertThat(results(server, drain(client))).isEmpty();
        assertThat(client.isEndSent() && client.isEndReceived()).isTrue();
    }

    @Test
    @Rule(value = "ST-8", kind = ACCEPTS)
    void eachSideAcknowledgesOnItsOwn() throws Exception {
        establish(client, server);
        client.end();
        results(server, drain(client));
        server.acknowledge();
        server.acknowledge();
        server.send(bytes("late"));
        assertThat(results(client, drain(server))).containsExactly(Result.ACKNOWLEDGED, Result.DATA);
        assertThat(client.isAcknowledged()).isTrue();
        assertThat(server.isAcknowledged()).isFalse();
        server.end();
        results(client, drain(server));
        client.acknowledge();
        assertThat(results(server, drain(client))).containsExactly(Result.ACKNOWLEDGED);

        client.close();
        server.close();
        assertThat(client.outgoing().hasRemaining()).isFalse();
        assertThat(server.outgoing().hasRemaining()).isFalse();
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void onlyAnEndIsAcknowledged() throws Exception {
        establish(client, server);
        assertThatThrownBy(server::acknowledge).isInstanceOf(IllegalStateException.class);
        assertThat(server.outgoing().hasRemaining()).isFalse();
        client.engine().send(ByteBuffer.wrap(new byte[] {5}));
        byte[] network = drain(client);

        assertThatThrownBy(() -> server.receive(ByteBuffer.wrap(network)))
                .isInstanceOfSatisfying(
                        StreamAbortedException.class,
                        e -> assertThat(e.code()).isEqualTo(StreamAbortedException.PROTOCOL_ERROR));
    }

    @Test
    @Rule(value = "ST-9", kind = ACCEPTS)
    void whatIsAcknowledgedIsDeliveredWhateverBecomesOfTheNetwork() throws Exception {
        bothEnd();
        server.acknowledge();
        assertThat(results(client, drain(server))).containsExactly(Result.ACKNOWLEDGED);

        client.endOfInput();
        client.acknowledge();
    }

    @Test
    @Rule(value = "ST-9", kind = REFUSES)
    void truncationAtEveryByteOfAnAcknowledgementIsNoDelivery() throws Exception {
        bothEnd();
        server.acknowledge();
        byte[] sent = drain(server);
        for (byte[] part : new byte[][] {Arrays.copyOf(sent, sent.length - 1), {}}) {
            results(client, part);
            assertThatThrownBy(client::endOfInput).isInstanceOf(IOException.class);
            assertThat(client.isAcknowledged()).isFalse();
        }
        assertThatThrownBy(client::sendKeepAlive).isInstanceOf(IOException.class);
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void closingIsNoAcknowledgement() throws Exception {
        bothEnd();
        server.close();
        byte[] network = drain(server);

        assertThatThrownBy(() -> client.receive(ByteBuffer.wrap(network)))
                .isInstanceOfSatisfying(
                        StreamAbortedException.class,
                        e -> assertThat(e.code()).isEqualTo(StreamAbortedException.CLOSED));
    }

    private void bothEnd() throws Exception {
        establish(client, server);
        client.end();
        server.end();
        assertThat(results(server, drain(client))).containsExactly(Result.END);
        assertThat(results(client, drain(server))).containsExactly(Result.END);
    }

    @Test
    @Rule(value = "ST-3", kind = REFUSES)
    void nothingIsSentAfterTheEnd() throws Exception {
        establish(client, server);
        client.end();
        drain(client);

        assertThatThrownBy(() -> client.send(bytes("x"))).isInstanceOf(IllegalStateException.class);
        assertThat(client.outgoing().hasRemaining()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"00", "0068", "01", "0200", "0300", "0400", "0500", "06", "68656c6c6f"})
    @Rule(value = "ST-1", kind = REFUSES)
    void aFrameThatIsNoneIsAnsweredByAnAbort(String frame) throws Exception {
        establish(client, server);
        client.engine().send(ByteBuffer.wrap(HexFormat.of().parseHex(frame)));
        byte[] network = drain(client);

        assertThatThrownBy(() -> server.receive(ByteBuffer.wrap(network)))
                .isInstanceOfSatisfying(StreamAbortedException.class, e -> {
                    assertThat(e.code()).isEqualTo(StreamAbortedException.PROTOCOL_ERROR);
                    assertThat(e.isByPeer()).isFalse();
                });
        assertThat(server.engine().session().orElseThrow().isClosed()).isTrue();
        byte[] answer = drain(server);
        assertThatThrownBy(() -> client.receive(ByteBuffer.wrap(answer)))
                .isInstanceOfSatisfying(
                        StreamAbortedException.class,
                        e -> assertThat(e.isByPeer()).isTrue());
        assertThatThrownBy(() -> server.receive(ByteBuffer.wrap(network))).isInstanceOf(StreamAbortedException.class);
        assertThatThrownBy(() -> server.send(bytes("x"))).isInstanceOf(StreamAbortedException.class);
    }

    @Test
    @Rule(value = "D-2", kind = REFUSES)
    void anAlteredMessageIsAnsweredByAnAbort() throws Exception {
        establish(client, server);
        client.send(bytes("x"));
        byte[] network = drain(client);
        network[network.length - 1] ^= 1;

        assertThatThrownBy(() -> server.receive(ByteBuffer.wrap(network))).isInstanceOf(StreamAbortedException.class);
        assertThat(server.data().hasRemaining()).isFalse();
        byte[] answer = drain(server);
        assertThatThrownBy(() -> client.receive(ByteBuffer.wrap(answer))).isInstanceOf(StreamAbortedException.class);
    }

    @Test
    @Rule(value = "ST-4", kind = ACCEPTS)
    void anEndIsAnEndWhateverBecomesOfTheNetwork() throws Exception {
        establish(client, server);
        client.end();
        results(server, drain(client));
        client.sendKeepAlive();
        byte[] half = Arrays.copyOf(drain(client), 10);
        results(server, half);

        assertThatThrownBy(server::endOfInput).hasMessageContaining("before the peer acknowledged");
        assertThat(server.isEndReceived()).isTrue();
    }

    @Test
    @Rule(value = "ST-4", kind = REFUSES)
    void truncationAtEveryByteIsNoEnd() throws Exception {
        for (int cut = 0; ; cut++) {
            SecureStreamEngine one =
                    SecureStreamEngine.over(SecureEngine.client(pair.client(), Pair.SERVER_ID, OPTIONS, 0));
            SecureStreamEngine other = SecureStreamEngine.over(SecureEngine.server(pair.server(), OPTIONS, 0));
            establish(one, other);
            one.send(bytes("hi"));
            one.end();
            byte[] sent = drain(one);
            receive(other, Arrays.copyOf(sent, cut), new ByteArrayOutputStream());
            if (cut == sent.length) {
                assertThat(other.isEndReceived()).isTrue();
                return;
            }
            assertThatThrownBy(other::endOfInput).as("cut after %s bytes", cut).isInstanceOf(EOFException.class);
            assertThatThrownBy(() -> other.send(bytes("x"))).isInstanceOf(IOException.class);
        }
    }

    @Test
    @Rule(value = "ST-4", kind = REFUSES)
    void theEndOfTheNetworkDuringTheHandshakeIsAnError() {
        assertThatThrownBy(server::endOfInput).isInstanceOf(EOFException.class);
        assertThatThrownBy(server::endOfInput).isInstanceOf(IOException.class);
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void anAbortArrivesWithItsReason() throws Exception {
        establish(client, server);
        client.send(bytes("x"));
        client.abort(300, "disk full");
        ByteBuffer network = ByteBuffer.wrap(drain(client));

        assertThat(server.receive(network)).isEqualTo(Result.DATA);
        assertThatThrownBy(() -> server.receive(network)).isInstanceOfSatisfying(StreamAbortedException.class, e -> {
            assertThat(e.code()).isEqualTo(300);
            assertThat(e.reason()).isEqualTo("disk full");
            assertThat(e.isByPeer()).isTrue();
        });
        assertThat(server.outgoing().hasRemaining()).isFalse();
        assertThatThrownBy(server::end).isInstanceOf(StreamAbortedException.class);
        server.close();
        assertThat(server.outgoing().hasRemaining()).isFalse();
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void closingBeforeTheEndIsAnAbort() throws Exception {
        establish(client, server);
        client.end();
        client.close();
        client.close();
        ByteBuffer network = ByteBuffer.wrap(drain(client));

        assertThat(server.receive(network)).isEqualTo(Result.END);
        assertThatThrownBy(() -> server.receive(network))
                .isInstanceOfSatisfying(
                        StreamAbortedException.class,
                        e -> assertThat(e.code()).isEqualTo(StreamAbortedException.CLOSED));
        assertThatThrownBy(client::sendKeepAlive).isInstanceOf(StreamAbortedException.class);
    }

    @Test
    @Rule(value = "ST-5", kind = REFUSES)
    void codesOfTheLayerAreNotForApplications() throws Exception {
        establish(client, server);

        assertThatThrownBy(() -> client.abort(255, "")).isInstanceOf(IllegalArgumentException.class);
        client.send(bytes("alive"));
    }

    @Test
    void closingOrAbortingDuringTheHandshakeSendsNothingMore() {
        drain(client);
        client.abort(300, "changed my mind");
        server.close();

        assertThat(client.outgoing().hasRemaining()).isFalse();
        assertThat(server.outgoing().hasRemaining()).isFalse();
    }

    @Test
    void keysCanBeLookedUpMeanwhile() throws Exception {
        SecureStreamEngine asking =
                SecureStreamEngine.over(SecureEngine.server(pair.askingForKeys().server(), OPTIONS, 0));
        assertThat(asking.receive(ByteBuffer.wrap(drain(client)))).isEqualTo(Result.NEEDS_PEER_KEY);
        asking.engine().resolve(Pair.CLIENT_ID, List.of(pair.client().identity().publicKey()));
        results(client, drain(asking));

        assertThat(asking.receive(ByteBuffer.wrap(drain(client)))).isEqualTo(Result.ESTABLISHED);
        assertThat(asking.hasResult()).isFalse();
        assertThat(asking).asString().startsWith("stream over engine of ");
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void refusesAnUnexpectedServer() throws Exception {
        SecureStreamEngine other =
                SecureStreamEngine.over(SecureEngine.client(pair.client(), PeerId.ofUtf8("another"), OPTIONS, 0));
        results(server, drain(other));
        ByteBuffer message2 = ByteBuffer.wrap(drain(server));

        assertThatThrownBy(() -> other.receive(message2)).isInstanceOf(HandshakeException.class);
        assertThatThrownBy(() -> other.receive(message2)).isInstanceOf(IOException.class);
        assertThat(other.outgoing().hasRemaining()).isFalse();
    }

    @Test
    @Rule(value = "P-4", kind = REFUSES)
    void refusesTooLongAMessageByItsHeader() throws Exception {
        ByteBuffer header = ByteBuffer.allocate(4).putInt(0, 16 * 1024 + 1);
        assertThatThrownBy(() -> server.receive(header)).isInstanceOf(ProtocolException.class);

        SecureStreamEngine other = SecureStreamEngine.over(SecureEngine.server(pair.server(), OPTIONS, 0));
        establish(client, other);
        ByteBuffer tooLong = ByteBuffer.allocate(4).putInt(0, 16 * 1024 * 1024 + 1);
        assertThatThrownBy(() -> other.receive(tooLong)).isInstanceOf(StreamAbortedException.class);
        assertThat(other.outgoing().hasRemaining()).isTrue();
    }

    @Test
    void refusesALimitBelowTheLengthOfAnAbort() {
        ConnectionOptions narrow = OPTIONS.withMaxMessageLength(52 + 257);
        assertThatThrownBy(() -> SecureStreamEngine.over(SecureEngine.server(pair.server(), narrow, 0)))
                .isInstanceOf(IllegalArgumentException.class);
        ConnectionOptions enough = OPTIONS.withMaxMessageLength(52 + 258);
        SecureStreamEngine.over(SecureEngine.server(pair.server(), enough, 0)).close();
    }

    @Test
    void randomOperationsDeliverExactlyWhatWasSent() throws Exception {
        for (long seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            SecureStreamEngine[] ends = {
                SecureStreamEngine.over(SecureEngine.client(pair.client(), Pair.SERVER_ID, OPTIONS, 0)),
                SecureStreamEngine.over(SecureEngine.server(pair.server(), OPTIONS, 0))
            };
            establish(ends[0], ends[1]);
            ByteArrayOutputStream[] sent = {new ByteArrayOutputStream(), new ByteArrayOutputStream()};
            ByteArrayOutputStream[] read = {new ByteArrayOutputStream(), new ByteArrayOutputStream()};
            for (int step = 0; step < 40; step++) {
                int from = random.nextInt(2);
                switch (random.nextInt(4)) {
                    case 0 -> {
                        byte[] data = new byte[random.nextInt(random.nextInt(10) == 0 ? 100_000 : 30)];
                        random.nextBytes(data);
                        ends[from].send(ByteBuffer.wrap(data));
                        sent[from].write(data);
                    }
                    case 1 -> ends[from].sendKeepAlive();
                    default -> receive(ends[1 - from], take(ends[from], random.nextInt(9000)), read[1 - from]);
                }
            }
            ends[0].end();
            ends[1].end();
            for (int from = 0; from < 2; from++) {
                receive(ends[1 - from], drain(ends[from]), read[1 - from]);
                assertThat(read[1 - from].toByteArray()).as("seed %s", seed).isEqualTo(sent[from].toByteArray());
                assertThat(ends[1 - from].isEndReceived()).as("seed %s", seed).isTrue();
            }
            int first = random.nextInt(2);
            ends[first].acknowledge();
            assertThat(results(ends[1 - first], drain(ends[first])))
                    .as("seed %s", seed)
                    .containsExactly(Result.ACKNOWLEDGED);
            assertThat(ends[first].isAcknowledged()).as("seed %s", seed).isFalse();
        }
    }

    @Test
    void talksToABlockingStream() throws Exception {
        byte[] large = new byte[200_000];
        new Random(1).nextBytes(large);
        try (Threads threads = new Threads();
                Loopback sockets = Loopback.open()) {
            Future<byte[]> served = threads.run(() -> {
                try (SecureStream stream = SecureStream.over(SecureConnection.accept(sockets.server, pair.server()))) {
                    byte[] all = stream.input().readAllBytes();
                    stream.acknowledge();
                    stream.output().write(all);
                    stream.shutdownOutput();
                    stream.awaitAcknowledgement();
                    return all;
                }
            });
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            InputStream in = sockets.client.getInputStream();
            byte[] read = new byte[5000];
            while (!client.isEndReceived()) {
                sockets.client.getOutputStream().write(drain(client));
                ByteBuffer network = ByteBuffer.wrap(read, 0, in.read(read));
                while (network.hasRemaining()) {
                    switch (client.receive(network)) {
                        case ESTABLISHED -> {
                            client.send(ByteBuffer.wrap(large));
                            client.end();
                        }
                        case DATA -> answer.write(take(client.data()));
                        case END -> client.acknowledge();
                        default -> {}
                    }
                }
            }
            assertThat(client.isAcknowledged()).isTrue();
            sockets.client.getOutputStream().write(drain(client));
            client.close();
            assertThat(Threads.await(served)).isEqualTo(large);
            assertThat(answer.toByteArray()).isEqualTo(large);
        }
    }

    private static void establish(SecureStreamEngine client, SecureStreamEngine server) throws Exception {
        List<Result> atServer = results(server, drain(client));
        results(client, drain(server));
        atServer.addAll(results(server, drain(client)));
        assertThat(atServer).containsExactly(Result.ESTABLISHED);
        assertThat(results(client, drain(server))).containsExactly(Result.ESTABLISHED);
    }

    private static List<Result> results(SecureStreamEngine stream, byte[] bytes) throws Exception {
        List<Result> results = new ArrayList<>();
        ByteBuffer network = ByteBuffer.wrap(bytes);
        while (network.hasRemaining() || stream.hasResult()) {
            Result result = stream.receive(network);
            if (result != Result.NEEDS_BYTES) {
                results.add(result);
            }
        }
        return results;
    }

    private static void receive(SecureStreamEngine stream, byte[] bytes, ByteArrayOutputStream data) throws Exception {
        ByteBuffer network = ByteBuffer.wrap(bytes);
        while (network.hasRemaining()) {
            if (stream.receive(network) == Result.DATA) {
                data.write(take(stream.data()));
            }
        }
    }

    private static byte[] drain(SecureStreamEngine stream) {
        return take(stream.outgoing());
    }

    private static byte[] take(SecureStreamEngine stream, int most) {
        byte[] taken = new byte[Math.min(most, stream.outgoing().remaining())];
        stream.outgoing().get(taken);
        return taken;
    }

    private static byte[] take(ByteBuffer buffer) {
        byte[] taken = new byte[buffer.remaining()];
        buffer.get(taken);
        return taken;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }
}

package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.Framing;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bytes of the network arrive in pieces of any length. */
class SplitTest {
    static Stream<Framing> framings() {
        return Stream.of(Framing.lengthPrefix(), Framing.themisSocket());
    }

    private static Wire wire(Framing framing) {
        return Peers.wire(SecureSessionOptions.defaults()
                .withConnection(ConnectionOptions.defaults().withFraming(framing)));
    }

    @ParameterizedTest
    @MethodSource("framings")
    void everythingArrivesByteByByte(Framing framing) {
        try (Wire wire = wire(framing)) {
            wire.connect();
            wire.client.write("one");
            wire.client.write("two");
            wire.exchange(length -> 1);
            wire.server.write("three");
            wire.exchange(length -> 1);

            assertThat(wire.server.texts()).containsExactly("one", "two");
            assertThat(wire.client.texts()).containsExactly("three");
        }
    }

    @ParameterizedTest
    @MethodSource("framings")
    void everyHandshakeFlightMayArriveInTwoParts(Framing framing) {
        int longest = 0;
        for (int split = 1; split == 1 || split < longest; split++) {
            int at = split;
            List<Integer> flights = new ArrayList<>();
            try (Wire wire = wire(framing)) {
                wire.connect();
                wire.client.write("payload");
                int[] first = {0};
                wire.exchange(length -> {
                    // The first call for a flight cuts it at the place in question; the second one takes the rest.
                    if (first[0] == 0) {
                        flights.add(length);
                        first[0] = length > at ? 1 : 0;
                        return at;
                    }
                    first[0] = 0;
                    return length;
                });
                assertThat(wire.server.texts()).as("split at %d", split).containsExactly("payload");
            }
            longest = Math.max(
                    longest, flights.stream().mapToInt(length -> length).max().orElseThrow());
        }
        assertThat(longest).isGreaterThan(100);
    }

    @ParameterizedTest
    @MethodSource("framings")
    void everyFlightOfMessagesMayArriveInTwoParts(Framing framing) {
        try (Wire wire = wire(framing).established()) {
            int length = Integer.MAX_VALUE;
            for (int split = 1; split < length; split++) {
                wire.client.write("one");
                wire.client.write("another");
                byte[] flight = wire.client.sent();
                length = flight.length;

                wire.server.arrives(flight, 0, split);
                wire.server.arrives(flight, split, length - split);

                assertThat(wire.server.texts()).as("split at %d", split).containsExactly("one", "another");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("framings")
    void longAndShortMessagesArriveInPiecesOfAnyLength(Framing framing) {
        long seed = System.nanoTime();
        System.out.println("SplitTest: seed " + seed);
        Random random = new Random(seed);
        try (Wire wire = wire(framing).established()) {
            for (int round = 0; round < 30; round++) {
                List<String> sent = new ArrayList<>();
                for (int i = random.nextInt(5); i >= 0; i--) {
                    String text = "x".repeat(1 + random.nextInt(random.nextBoolean() ? 40 : 60_000));
                    sent.add(text);
                    wire.client.write(text);
                }
                wire.exchange(length -> random.nextBoolean() ? random.nextInt(10) : random.nextInt(30_000));
                assertThat(wire.server.texts()).as("seed %d", seed).isEqualTo(sent);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("framings")
    void messagesOfOneBufferArriveWithoutCopyingThem(Framing framing) throws Exception {
        FrameDecoder decoder = new FrameDecoder(framing);
        ByteBuf network = io.netty.buffer.Unpooled.buffer();
        for (int i = 0; i < 2; i++) {
            byte[] header = new byte[framing.headerLength()];
            framing.writeHeader(3, header);
            network.writeBytes(header).writeBytes(new byte[] {1, 2, 3});
        }
        ByteBuf first = decoder.next(network, network.alloc(), 100);
        ByteBuf second = decoder.next(network, network.alloc(), 100);

        assertThat(first.array()).isSameAs(network.array());
        assertThat(second.array()).isSameAs(network.array());
        assertThat(decoder.next(network, network.alloc(), 100)).isNull();
        first.release();
        second.release();
        assertThat(network.release()).isTrue();
    }
}

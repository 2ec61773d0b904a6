package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * A stream over a network that damages it: what arrives is a beginning of what was sent, an end is its end, and an
 * acknowledgement comes after it.
 */
class FaultyNetworkTest {
    private static final int RUNS = Integer.getInteger("secure-session.faulty-runs", 500);

    private enum Fault {
        NONE,
        FLIPPED_BIT,
        CUT_OFF,
        LOST_PIECE,
        DOUBLED_PIECE
    }

    @Test
    void nothingArrivesAlteredTwiceOrOutOfOrderAndNoTruncatedStreamIsComplete() {
        long seed = System.nanoTime();
        System.out.println("FaultyNetworkTest: seed " + seed);
        int complete = 0;
        for (int run = 0; run < RUNS; run++) {
            Fault fault = Fault.values()[run % Fault.values().length];
            complete += carry(fault, new Random(seed + run), "seed " + seed + ", run " + run) ? 1 : 0;
        }
        assertThat(complete)
                .isGreaterThanOrEqualTo(RUNS / Fault.values().length)
                .isLessThan(RUNS);
    }

    /** Tells whether the stream was complete. */
    private static boolean carry(Fault fault, Random random, String which) {
        try (Wire wire = new Wire(
                new ChannelHandler[] {
                    SecureSessionHandler.client(Peers.client(), Peers.SERVER), new SecureStreamHandler()
                },
                new ChannelHandler[] {
                    SecureSessionHandler.server(Peers.server(), SecureSessionOptions.defaults()),
                    new SecureStreamHandler()
                })) {
            StringBuilder sent = new StringBuilder();
            wire.connect();
            for (int i = random.nextInt(4); i >= 0; i--) {
                String text = Integer.toString(random.nextInt(), 36).repeat(1 + random.nextInt(500));
                sent.append(text);
                wire.client.write(text);
            }
            SecureStreamHandler client = wire.client.channel.pipeline().get(SecureStreamHandler.class);
            SecureStreamHandler server = wire.server.channel.pipeline().get(SecureStreamHandler.class);
            client.shutdownOutput();
            boolean acknowledges = random.nextInt(4) > 0;
            // The fault may strike in the handshake or in the stream.
            int[] untilFault = {random.nextInt(1200)};
            boolean moved;
            do {
                moved = move(wire.client, wire.server, fault, random, untilFault);
                if (acknowledges && wire.server.events.contains(ChannelInputShutdownEvent.INSTANCE)) {
                    // Refused after the first time.
                    server.acknowledge();
                }
                moved |= move(wire.server, wire.client, fault, random, untilFault);
            } while (moved);

            String received = String.join("", wire.server.texts());
            boolean ended = wire.server.events.contains(ChannelInputShutdownEvent.INSTANCE);
            assertThat(sent.toString()).as(which).startsWith(received);
            if (ended) {
                assertThat(received).as(which).isEqualTo(sent.toString());
            }
            boolean acknowledged = client.acknowledged().isSuccess();
            if (acknowledged) {
                assertThat(ended && acknowledges).as(which).isTrue();
            }
            if (fault == Fault.NONE) {
                assertThat(acknowledged).as(which).isEqualTo(acknowledges);
                assertThat(ended).as(which).isTrue();
                assertThat(wire.server.exceptions).as(which).isEmpty();
            }
            return ended;
        }
    }

    private static boolean move(Wire.End from, Wire.End to, Fault fault, Random random, int[] untilFault) {
        byte[] bytes = from.sent();
        int at = 0;
        while (at < bytes.length && to.channel.isOpen()) {
            int length = Math.min(1 + random.nextInt(700), bytes.length - at);
            byte[] piece = Arrays.copyOfRange(bytes, at, at + length);
            at += length;
            boolean struck = untilFault[0] >= 0 && untilFault[0] < length;
            untilFault[0] -= length;
            if (!struck || fault == Fault.NONE) {
                to.arrives(piece);
                continue;
            }
            switch (fault) {
                case FLIPPED_BIT -> {
                    piece[random.nextInt(length)] ^= (byte) (1 << random.nextInt(8));
                    to.arrives(piece);
                }
                case CUT_OFF -> {
                    to.arrives(piece, 0, random.nextInt(length));
                    to.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
                    to.channel.close();
                }
                case DOUBLED_PIECE -> {
                    to.arrives(piece);
                    if (to.channel.isOpen()) {
                        to.arrives(piece);
                    }
                }
                default -> {
                    // Lost.
                }
            }
        }
        return bytes.length > 0;
    }
}

package dev.securesession.transport.datagram;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.Pair;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Handshakes and sessions over a network that loses, doubles, reorders, damages and stalls, in a time of its own. */
class FaultyNetworkTest {
    private static final int SEEDS = Integer.getInteger("securesession.datagrams.seeds", 500);
    private static final int HANDSHAKES = 1000;
    private static final int PAYLOADS = 150;

    private final Pair pair = Pair.create();

    @Test
    @Rule(value = "DG-2", kind = Kind.ACCEPTS)
    void everyHandshakeSucceedsOverTwentyPercentLoss() throws Exception {
        long first = System.nanoTime();
        System.out.println("seeds of everyHandshakeSucceedsOverTwentyPercentLoss: from " + first);
        long slowest = 0;
        for (long seed = first; seed < first + HANDSHAKES; seed++) {
            Simulation simulation = new Simulation(pair.server(), DatagramOptions.defaults(), seed);
            simulation.loss = 0.2;
            try {
                simulation
                        .connect(pair.client(), Simulation.at(2, 5000))
                        .session
                        .close();
            } catch (Exception e) {
                throw new AssertionError("seed " + seed, e);
            }
            assertThat(simulation.established).as("seed %d", seed).hasSize(1);
            slowest = Math.max(slowest, simulation.now);
        }
        System.out.println("the slowest of " + HANDSHAKES + " handshakes took " + slowest / Simulation.MILLI + " ms");
    }

    @Test
    @Rule(value = "DG-3", kind = Kind.ACCEPTS)
    void deliversOnceAndUnalteredWhateverTheNetworkDoes() throws Exception {
        long first = System.nanoTime();
        System.out.println("seeds of deliversOnceAndUnalteredWhateverTheNetworkDoes: from " + first);
        DatagramOptions patient = DatagramOptions.defaults().withHandshakeDeadline(Duration.ofHours(1));
        long delivered = 0;
        for (long seed = first; seed < first + SEEDS; seed++) {
            try {
                delivered += runOne(new Simulation(pair.server(), patient, seed));
            } catch (Exception | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        System.out.println("payloads delivered in " + SEEDS + " runs: " + delivered + " of " + SEEDS * 2L * PAYLOADS);
        assertThat(delivered).isGreaterThan(SEEDS * 2L * PAYLOADS / 3);
    }

    private long runOne(Simulation simulation) throws Exception {
        Random random = simulation.random;
        simulation.loss = random.nextDouble() * 0.3;
        simulation.duplication = random.nextDouble() * 0.2;
        simulation.corruption = random.nextDouble() * 0.1;
        simulation.depth = random.nextInt(65);
        simulation.answer = (peer, payload) -> {
            try {
                peer.send(payload);
            } catch (java.io.IOException e) {
                throw new AssertionError(e);
            }
        };
        Simulation.Client client = simulation.connect(pair.client(), Simulation.at(2, 5000));
        for (int i = 0; i < PAYLOADS; i++) {
            if (random.nextInt(50) == 0) {
                simulation.stalledUntil = simulation.now + random.nextInt(100) * Simulation.MILLI;
            }
            client.send(Simulation.payload(i));
            simulation.run(Simulation.MILLI);
        }
        simulation.run(1000 * Simulation.MILLI);
        DatagramPeer peer = simulation.established.get(simulation.established.size() - 1);
        List<byte[]> atServer = simulation.received.get(peer);
        checkEachOnce(atServer);
        checkEachOnce(client.received);
        assertThat(simulation.ended).doesNotContainKey(peer);
        int sum = atServer.size() + client.received.size();

        // The network has healed: everything arrives, in order.
        simulation.loss = 0;
        simulation.duplication = 0;
        simulation.corruption = 0;
        simulation.depth = 0;
        int before = client.received.size();
        for (int i = PAYLOADS; i < PAYLOADS + 20; i++) {
            client.send(Simulation.payload(i));
        }
        simulation.run(100 * Simulation.MILLI);
        List<byte[]> healed = client.received.subList(before, client.received.size());
        assertThat(healed).hasSize(20);
        for (int i = 0; i < 20; i++) {
            assertThat(healed.get(i)).isEqualTo(Simulation.payload(PAYLOADS + i));
        }
        return sum;
    }

    private static void checkEachOnce(List<byte[]> payloads) {
        Set<Integer> seen = new HashSet<>();
        for (byte[] payload : payloads) {
            int number = ByteBuffer.wrap(payload).getInt();
            assertThat(number).isBetween(0, PAYLOADS - 1);
            assertThat(Arrays.equals(payload, Simulation.payload(number))).isTrue();
            assertThat(seen.add(number)).as("number %d came once", number).isTrue();
        }
    }
}

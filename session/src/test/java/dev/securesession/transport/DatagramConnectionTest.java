package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.MessageRejectedException;
import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.FaultyTransport;
import dev.securesession.testkit.FaultyTransport.Fault;
import dev.securesession.testkit.MemoryTransport;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Connections over transports that lose, double and swap messages. */
class DatagramConnectionTest {
    private static final byte[] PAYLOAD = {1, 2, 3};
    private static final int COUNT = 3_000;

    private final Pair pair = Pair.create();
    private final MemoryTransport inner = MemoryTransport.create(Delivery.UNORDERED);

    @Test
    @Rule(value = "D-2", kind = Kind.ACCEPTS)
    void deliversEachPayloadOnceWhateverTheNetworkDoes() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of deliversEachPayloadOnceWhateverTheNetworkDoes: " + seed);
        Random random = new Random(seed);
        List<Fault> choice = List.of(
                Fault.none(),
                Fault.none(),
                Fault.drop(),
                Fault.duplicate(),
                Fault.delay(1),
                Fault.delay(500),
                // From the end: four bytes of the header are unused, and nobody notices when they change.
                Fault.flip(-1 - random.nextInt(200)));
        Tally tally = new Tally(COUNT);
        FaultyTransport faulty = FaultyTransport.of(inner, number -> {
            Fault fault = number < 2 ? Fault.none() : choice.get(random.nextInt(choice.size()));
            tally.note(number - 2, fault);
            return fault;
        });
        try (Threads threads = new Threads();
                Connected ends = Connected.establish(threads, pair, faulty, inner.peer())) {
            Future<List<Integer>> receiving = threads.run(() -> receiveAll(ends.server));
            for (int i = 0; i < COUNT; i++) {
                ends.client.send(ByteBuffer.allocate(4).putInt(0, i));
            }
            faulty.flush();
            ends.client.close();

            // Delays of 500 stay within the window of 1,024: what is neither lost nor damaged arrives.
            assertThat(Threads.await(receiving))
                    .as("seed %d", seed)
                    .containsExactlyInAnyOrderElementsOf(tally.expected);
            assertThat(ends.server.droppedMessages()).as("seed %d", seed).isEqualTo(tally.refused);
        }
    }

    @Test
    void dropsForgedMessagesUntilThereAreTooMany() throws Exception {
        Pair strict = pair.with(config -> config.withFailureLimit(3));
        FaultyTransport damaging = FaultyTransport.of(inner, number -> number % 2 == 0 ? Fault.flip(-1) : Fault.none());
        try (Connected ends = Connected.over(strict, damaging, inner.peer())) {
            for (int i = 0; i < 6; i++) {
                ends.client.send(PAYLOAD);
            }

            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertThat(ends.server.droppedMessages()).isEqualTo(2);
            assertThatThrownBy(ends.server::receive)
                    .isInstanceOfSatisfying(
                            MessageRejectedException.class,
                            refusal -> assertThat(refusal.reason()).isEqualTo(Reason.TOO_MANY_FAILURES));
            assertThat(ends.server.droppedMessages()).isEqualTo(3);
            assertThat(inner.peer().isClosed()).isTrue();
            assertThat(ends.server.session().isClosed()).isTrue();
        }
    }

    @Test
    void dropsWhatIsNoMessageOfTheSession() throws Exception {
        try (Connected ends = Connected.over(pair, inner, inner.peer())) {
            inner.send(new byte[0]);
            inner.send(new byte[100]);
            ends.client.send(PAYLOAD);

            assertThat(ends.server.receive()).hasValue(PAYLOAD);
            assertThat(ends.server.droppedMessages()).isEqualTo(2);
        }
    }

    private static List<Integer> receiveAll(SecureConnection connection) throws Exception {
        List<Integer> received = new ArrayList<>();
        for (Optional<byte[]> next = connection.receive(); next.isPresent(); next = connection.receive()) {
            received.add(ByteBuffer.wrap(next.get()).getInt());
        }
        return received;
    }

    /** What should arrive, and how much should be refused; used by the one thread that sends. */
    private static final class Tally {
        final List<Integer> expected = new ArrayList<>();
        final int count;
        long refused;

        Tally(int count) {
            this.count = count;
        }

        void note(int payload, Fault fault) {
            if (payload < 0 || payload >= count || fault == Fault.drop()) {
                return;
            }
            if (fault == Fault.duplicate()) {
                refused++;
            }
            if (fault.isDamage()) {
                refused++;
            } else {
                expected.add(payload);
            }
        }
    }

    @Test
    void waitsNoLongerThanAskedHoweverMuchIsDropped() throws Exception {
        try (Connected connected = Connected.over(pair, inner, inner.peer())) {
            AtomicBoolean over = new AtomicBoolean();
            Thread flood = new Thread(() -> {
                while (!over.get()) {
                    try {
                        inner.send(new byte[] {1});
                    } catch (IOException e) {
                        return;
                    }
                }
            });
            flood.start();
            try {
                assertThatThrownBy(() -> connected.server.receive(Duration.ofMillis(50)))
                        .isInstanceOf(SocketTimeoutException.class);
                assertThat(connected.server.droppedMessages()).isPositive();
            } finally {
                over.set(true);
                inner.close();
                flood.join();
            }
        }
    }
}

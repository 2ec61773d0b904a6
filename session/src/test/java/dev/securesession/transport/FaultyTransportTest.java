package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.testkit.ChoppedInputStream;
import dev.securesession.testkit.FaultyTransport;
import dev.securesession.testkit.FaultyTransport.Fault;
import dev.securesession.testkit.MemoryTransport;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Faults do what they say. */
class FaultyTransportTest {
    private final MemoryTransport inner = MemoryTransport.create(Delivery.UNORDERED);

    @Test
    void doesToEachMessageWhatItIsTold() throws Exception {
        List<Fault> faults = List.of(
                Fault.none(),
                Fault.drop(),
                Fault.duplicate(),
                Fault.delay(2),
                Fault.none(),
                Fault.flip(0),
                Fault.none());
        FaultyTransport faulty = FaultyTransport.of(inner, faults::get);
        send(faulty, 10, 11, 12, 13, 14, 16, 17);

        assertThat(arrived()).containsExactly(10, 12, 12, 14, 17, 13, 17);
    }

    @Test
    void flipsTheBitThatItIsTold() throws Exception {
        FaultyTransport faulty = FaultyTransport.of(inner, number -> Fault.flip(9 + 16 * number));
        faulty.send(new byte[] {0, 0});
        faulty.send(new byte[] {0, 0});

        assertThat(inner.peer().receive(2, Duration.ZERO)).hasValue(new byte[] {0, 2});
        assertThat(inner.peer().receive(2, Duration.ZERO)).hasValue(new byte[] {0, 2});
    }

    @Test
    void holdsMessagesBackUntilTheyAreFlushed() throws Exception {
        FaultyTransport faulty = FaultyTransport.of(inner, number -> Fault.delay(5));
        send(faulty, 1, 2);
        assertThat(arrived()).isEmpty();

        faulty.flush();
        faulty.flush();

        assertThat(arrived()).containsExactly(1, 2);
    }

    @Test
    void cutsTheConnection() throws Exception {
        FaultyTransport faulty = FaultyTransport.of(inner, number -> number == 1 ? Fault.cut() : Fault.none());
        faulty.send(new byte[1]);

        assertThatThrownBy(() -> faulty.send(new byte[1])).isInstanceOf(SocketException.class);
        assertThat(inner.isClosed()).isTrue();
    }

    @Test
    void passesOnWhatIsReceivedAndAsked() throws Exception {
        FaultyTransport faulty = FaultyTransport.of(inner, number -> Fault.drop());
        inner.peer().send(new byte[] {5});

        assertThat(faulty.receive(1, Duration.ZERO)).hasValue(new byte[] {5});
        assertThat(faulty.delivery()).isEqualTo(Delivery.UNORDERED);
        faulty.close();
        assertThat(inner.isClosed()).isTrue();
    }

    @Test
    void theSameSeedDrawsTheSameFaults() {
        Fault[] choice = {Fault.none(), Fault.drop(), Fault.duplicate(), Fault.cut()};
        IntFunction<Fault> one = FaultyTransport.seeded(42, 2, choice);
        IntFunction<Fault> two = FaultyTransport.seeded(42, 2, choice);
        List<Fault> drawn = new ArrayList<>();
        for (int number = 0; number < 100; number++) {
            Fault fault = one.apply(number);
            assertThat(two.apply(number)).isSameAs(fault);
            drawn.add(fault);
        }

        assertThat(drawn.subList(0, 2)).containsOnly(Fault.none());
        assertThat(drawn).contains(choice);
    }

    @Test
    void refusesFaultsThatMakeNoSense() {
        assertThatThrownBy(() -> Fault.delay(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ChoppedInputStream(InputStream.nullInputStream()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ChoppedInputStream(InputStream.nullInputStream(), 1, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void send(Transport transport, int... messages) throws IOException {
        for (int message : messages) {
            transport.send(new byte[] {(byte) message});
        }
    }

    /** What has arrived so far; all is sent by now. */
    private List<Integer> arrived() throws IOException {
        List<Integer> messages = new ArrayList<>();
        inner.send(new byte[0]);
        for (Optional<byte[]> next = inner.peer().receive(1, Duration.ZERO);
                next.isPresent() && next.get().length > 0;
                next = inner.peer().receive(1, Duration.ZERO)) {
            messages.add((int) next.get()[0]);
        }
        return messages;
    }
}

package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Delivery;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import dev.securesession.testkit.ChoppedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages over streams of bytes, without a network. */
class StreamTransportTest {
    private static final int LIMIT = 70_000;
    private static final Duration UNLIMITED = Duration.ZERO;

    static List<Framing> framings() {
        return List.of(Framing.lengthPrefix(), Framing.themisSocket());
    }

    @ParameterizedTest
    @MethodSource("framings")
    void arrivesWholeInPiecesOfEverySize(Framing framing) throws Exception {
        List<byte[]> messages = messages(0, 1, 2, 3, 51, 300, 5);
        byte[] stream = framed(framing, messages);

        for (int size = 1; size <= stream.length; size++) {
            StreamTransport transport =
                    receiving(new ChoppedInputStream(new ByteArrayInputStream(stream), size), framing);

            assertThat(receiveAll(transport)).as("pieces of %d", size).containsExactlyElementsOf(messages);
        }
    }

    @ParameterizedTest
    @MethodSource("framings")
    void arrivesWholeInPiecesOfRandomSizes(Framing framing) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of arrivesWholeInPiecesOfRandomSizes: " + seed);
        Random random = new Random(seed);
        // More than what is buffered at a time, so that all paths are taken.
        List<byte[]> messages = messages(random.ints(40, 0, 20_000).toArray());
        int[] sizes = random.ints(100, 1, 30_000).toArray();
        byte[] stream = framed(framing, messages);

        StreamTransport transport = receiving(new ChoppedInputStream(new ByteArrayInputStream(stream), sizes), framing);

        assertThat(receiveAll(transport)).as("seed %d", seed).containsExactlyElementsOf(messages);
    }

    @ParameterizedTest
    @MethodSource("framings")
    void endsCleanlyBetweenMessages(Framing framing) throws Exception {
        StreamTransport transport = receiving(new ByteArrayInputStream(framed(framing, messages(3))), framing);

        assertThat(transport.receive(LIMIT, UNLIMITED)).isPresent();
        assertThat(transport.receive(LIMIT, UNLIMITED)).isEmpty();
        assertThat(transport.receive(LIMIT, UNLIMITED)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("framings")
    void refusesAMessageThatIsCutAnywhere(Framing framing) throws Exception {
        byte[] stream = framed(framing, messages(20));

        for (int length = 1; length < stream.length; length++) {
            StreamTransport transport = receiving(new ByteArrayInputStream(stream, 0, length), framing);
            String where = length < 4
                    ? "after " + length + " bytes of a header of 4"
                    : "after " + (length - 4) + " bytes of a message of 20";

            assertThatThrownBy(() -> transport.receive(LIMIT, UNLIMITED))
                    .isInstanceOf(EOFException.class)
                    .hasMessageContaining(where);
        }
    }

    @ParameterizedTest
    @MethodSource("framings")
    @Rule(value = "P-4", kind = Kind.ACCEPTS)
    void acceptsAMessageOfTheLimit(Framing framing) throws Exception {
        StreamTransport transport = receiving(new ByteArrayInputStream(framed(framing, messages(100))), framing);

        assertThat(transport.receive(100, UNLIMITED).orElseThrow()).hasSize(100);
    }

    @ParameterizedTest
    @MethodSource("framings")
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void refusesAMessageOneByteTooLong(Framing framing) throws Exception {
        StreamTransport transport = receiving(new ByteArrayInputStream(framed(framing, messages(101, 3))), framing);

        assertThatThrownBy(() -> transport.receive(100, UNLIMITED))
                .isInstanceOf(ProtocolException.class)
                .hasMessage("a message of 101 bytes; the limit is 100");
        // What stands in the stream now is no header.
        assertThatThrownBy(() -> transport.receive(100, UNLIMITED)).isInstanceOf(ProtocolException.class);
    }

    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void aConnectionThatMakesRoomForOthersLearnsWhy() throws Exception {
        ByteBudget budget = new ByteBudget("the test messages", 100_000);
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open()) {
            StreamTransport transport = StreamTransport.of(loopback.server, Framing.lengthPrefix());
            transport.use(budget.open(loopback.server));
            Future<?> receiving = threads.run(() -> transport.receive(1 << 20, Duration.ZERO));
            byte[] part = new byte[60_000];
            part[1] = 1;
            loopback.client.getOutputStream().write(part);

            ByteBudget.Account other = budget.open(() -> {
                throw new AssertionError("closed by mistake");
            });
            while (budget.evicted() == 0) {
                other.hold(50_000);
                other.hold(0);
            }
            assertThat(Threads.awaitFailure(receiving))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the test messages hold 100000 bytes, which is the limit");
        }
    }

    /** The thread that reads ahead must not outlive the transport, though nobody takes what it has read. */
    @Test
    void closingEndsTheThreadThatReadsAStream() throws Exception {
        BlockingQueue<Thread> readers = new LinkedBlockingQueue<>();
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 0;
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                readers.add(Thread.currentThread());
                return length;
            }
        };
        StreamTransport transport = StreamTransport.of(endless, new ByteArrayOutputStream(), Framing.lengthPrefix());
        assertThat(transport.receive(1000, Duration.ZERO)).hasValue(new byte[0]);
        Thread reader = readers.take();
        transport.close();
        reader.join(TimeUnit.SECONDS.toMillis(Threads.PATIENCE_SECONDS));

        assertThat(reader.isAlive()).isFalse();
    }

    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void refusesAnAnnouncementOfFourGigabytesWithoutWaitingForThem() {
        for (long length : new long[] {0xFFFF_FFFFL, 0x8000_0000L, 0x7FFF_FFFFL}) {
            byte[] header = ByteBuffer.allocate(4).putInt((int) length).array();
            StreamTransport transport = receiving(new ByteArrayInputStream(header), Framing.lengthPrefix());

            assertThatThrownBy(() -> transport.receive(LIMIT, UNLIMITED))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining(Long.toString(length));
        }
    }

    @Test
    void refusesTheOtherFraming() throws Exception {
        byte[] prefixed = framed(Framing.lengthPrefix(), messages(300));
        byte[] marked = framed(Framing.themisSocket(), messages(300));

        assertThatThrownBy(() -> receiving(new ByteArrayInputStream(prefixed), Framing.themisSocket())
                        .receive(LIMIT, UNLIMITED))
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> receiving(new ByteArrayInputStream(marked), Framing.lengthPrefix())
                        .receive(LIMIT, UNLIMITED))
                .isInstanceOf(ProtocolException.class);
    }

    @Test
    void sendsTheLongestMessageOfAFramingAndNoLonger() throws Exception {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        StreamTransport transport = StreamTransport.of(InputStream.nullInputStream(), stream, Framing.themisSocket());

        transport.send(new byte[65_535]);
        assertThatThrownBy(() -> transport.send(new byte[65_536]))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("65536")
                .hasMessageContaining("65535");

        assertThat(stream.size()).isEqualTo(4 + 65_535);
    }

    @Test
    void writesAMessageAtOnceAndFlushesIt() throws Exception {
        List<String> calls = new ArrayList<>();
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) {
                calls.add("byte");
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                calls.add("write " + length);
            }

            @Override
            public void flush() {
                calls.add("flush");
            }
        };

        StreamTransport.of(InputStream.nullInputStream(), out, Framing.lengthPrefix())
                .send("hello".getBytes(UTF_8));

        assertThat(calls).containsExactly("write 9", "flush");
    }

    @Test
    void closesBothStreamsEvenIfOneFails() throws Exception {
        List<String> closed = new ArrayList<>();
        InputStream in = new FilterInputStream(InputStream.nullInputStream()) {
            @Override
            public void close() throws IOException {
                closed.add("in");
                throw new IOException("in");
            }
        };
        OutputStream out = new FilterOutputStream(OutputStream.nullOutputStream()) {
            @Override
            public void close() throws IOException {
                closed.add("out");
                throw new IOException("out");
            }
        };

        assertThatThrownBy(() ->
                        StreamTransport.of(in, out, Framing.lengthPrefix()).close())
                .isInstanceOf(IOException.class);
        assertThat(closed).containsExactlyInAnyOrder("in", "out");
    }

    @Test
    void keepsItsOrder() {
        assertThat(receiving(InputStream.nullInputStream(), Framing.lengthPrefix())
                        .delivery())
                .isEqualTo(Delivery.ORDERED);
    }

    /** A stream may have a timeout of its own; a message is not lost over that. */
    @Test
    void timeoutsOfTheStreamItselfLoseNothing() throws Exception {
        byte[] stream = framed(Framing.lengthPrefix(), messages(5, 7));
        AtomicInteger late = new AtomicInteger();
        InputStream halting = new FilterInputStream(new ByteArrayInputStream(stream)) {
            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                if (late.getAndIncrement() % 2 == 0) {
                    throw new SocketTimeoutException("late");
                }
                return super.read(target, offset, 1);
            }
        };
        StreamTransport transport = receiving(halting, Framing.lengthPrefix());

        assertThat(transport.receive(LIMIT, Duration.ofMinutes(1)))
                .hasValue(messages(5, 7).get(0));
        assertThat(transport.receive(LIMIT, Duration.ofMinutes(1)))
                .hasValue(messages(5, 7).get(1));
        assertThat(late.get()).isGreaterThanOrEqualTo(2 * stream.length);
    }

    /** A piped stream cannot limit its waiting; the transport does it all the same. */
    @Test
    void limitsTheWaitingOfPipesAndContinuesAfterwards() throws Exception {
        PipedOutputStream peer = new PipedOutputStream();
        StreamTransport transport = receiving(new PipedInputStream(peer, 64), Framing.lengthPrefix());
        byte[] stream = framed(Framing.lengthPrefix(), messages(5));
        for (byte one : stream) {
            assertThatThrownBy(() -> transport.receive(LIMIT, Duration.ofMillis(1)))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("timed out after 1 ms waiting for a message");
            peer.write(one);
            peer.flush();
        }

        assertThat(transport.receive(LIMIT, Duration.ofMinutes(1)))
                .hasValue(messages(5).get(0));
        transport.close();
    }

    /** A header of four bytes must not make anybody allocate what it claims. */
    @Test
    @Rule(value = "P-4", kind = Kind.REFUSES)
    void memoryGrowsWithTheBytesThatHaveArrivedOnly() throws Exception {
        PipedOutputStream peer = new PipedOutputStream();
        ByteBudget budget = new ByteBudget("test", 5000);
        List<StreamTransport> transports = new ArrayList<>();
        StreamTransport transport = receiving(new PipedInputStream(peer, 16384), Framing.lengthPrefix());
        transport.use(budget.open(() -> transports.clear()));
        peer.write(new byte[] {0x01, 0, 0, 0});
        peer.flush();

        assertThatThrownBy(() -> transport.receive(0x0100_0000, Duration.ofMillis(50)))
                .isInstanceOf(SocketTimeoutException.class);
        // 4,096 bytes fit into the budget, the next piece does not.
        peer.write(new byte[4097]);
        peer.flush();
        assertThatThrownBy(() -> transport.receive(0x0100_0000, Duration.ofMinutes(1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("hold 5000 bytes, which is the limit");
        assertThat(budget.evicted()).isEqualTo(1);
        transport.close();
    }

    @Test
    void waitsForTheLongestTimesThereAre() throws Exception {
        StreamTransport transport = receiving(
                new ByteArrayInputStream(framed(Framing.lengthPrefix(), messages(5))), Framing.lengthPrefix());

        assertThat(transport.receive(LIMIT, Duration.ofSeconds(Long.MAX_VALUE))).isPresent();
    }

    @Test
    void closingEndsAWriteThroughABuffer() throws Exception {
        try (Threads threads = new Threads();
                Loopback loopback = Loopback.open(4096)) {
            StreamTransport transport = StreamTransport.of(
                    loopback.client.getInputStream(),
                    new BufferedOutputStream(loopback.client.getOutputStream()),
                    Framing.lengthPrefix());
            CountDownLatch begun = new CountDownLatch(1);
            Future<?> sending = threads.run(() -> {
                begun.countDown();
                // More than all buffers of the network hold.
                transport.send(new byte[16 << 20]);
                return "sent";
            });
            begun.await();
            Future<?> closing = threads.run(() -> {
                transport.close();
                return "closed";
            });

            assertThat(Threads.awaitFailure(sending)).isInstanceOf(IOException.class);
            Threads.await(closing);
        }
    }

    private static StreamTransport receiving(InputStream in, Framing framing) {
        return StreamTransport.of(in, OutputStream.nullOutputStream(), framing);
    }

    private static List<byte[]> receiveAll(StreamTransport transport) throws IOException {
        List<byte[]> messages = new ArrayList<>();
        for (Optional<byte[]> next = transport.receive(LIMIT, UNLIMITED);
                next.isPresent();
                next = transport.receive(LIMIT, UNLIMITED)) {
            messages.add(next.get());
        }
        return messages;
    }

    private static byte[] framed(Framing framing, List<byte[]> messages) throws IOException {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        StreamTransport transport = StreamTransport.of(InputStream.nullInputStream(), stream, framing);
        for (byte[] message : messages) {
            transport.send(message);
        }
        return stream.toByteArray();
    }

    private static List<byte[]> messages(int... lengths) {
        List<byte[]> messages = new ArrayList<>();
        for (int length : lengths) {
            byte[] message = new byte[length];
            new Random(length).nextBytes(message);
            messages.add(message);
        }
        return messages;
    }

    @Test
    void losesNothingWhenTheTimeIsOverWhileMoreIsThere() throws Exception {
        byte[] message = new byte[60_000];
        new Random(1).nextBytes(message);
        StreamTransport transport = StreamTransport.of(
                new SlowInput(framed(Framing.lengthPrefix(), List.of(message))),
                new ByteArrayOutputStream(),
                Framing.lengthPrefix());

        assertThatThrownBy(() -> transport.receive(LIMIT, Duration.ofMillis(1)))
                .isInstanceOf(SocketTimeoutException.class);

        assertThat(transport.receive(LIMIT, UNLIMITED)).hasValue(message);
    }

    /** Always has more, and takes longer than a millisecond for it. */
    private static final class SlowInput extends ByteArrayInputStream {
        SlowInput(byte[] bytes) {
            super(bytes);
        }

        @Override
        public synchronized int read(byte[] target, int offset, int length) {
            long end = System.nanoTime() + 2_000_000;
            int count = super.read(target, offset, Math.min(length, 1_000));
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            return count;
        }
    }
}

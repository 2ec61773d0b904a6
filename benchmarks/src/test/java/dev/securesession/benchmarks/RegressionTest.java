package dev.securesession.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.securesession.SecureSession;
import dev.securesession.benchmarks.SecureSessions.Sessions;
import dev.securesession.transport.Framing;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.StreamTransport;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fails when the library becomes much slower. Allocation is compared with that of the bare cipher, and CPU time with that
 * of JSSE, in the same run. The rounds of both alternate and their medians are compared, so that other work on the machine
 * does not change the result.
 */
class RegressionTest {
    /** Bytes that a message may allocate in addition to its result and to what the provider's cipher allocates. */
    private static final long OWN_GARBAGE = 100;

    /**
     * Bytes that a write and a read on a stream may allocate in addition to wrapping and unwrapping: a dozen buffer objects,
     * whatever the length. A new array for a message of 32 KiB exceeds this limit.
     */
    private static final long STREAM_GARBAGE = 1200;

    /** Limit of the CPU time of a round trip of 64 B, as a multiple of that of JSSE. The ratio is usually well below 1. */
    private static final double WORST_RATIO = 1.5;

    private static final int ROUNDS = 21;
    private static final int WARM_UP = 20_000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final SecureSessions ends = SecureSessions.using(ProviderSet.JDK);

    @ParameterizedTest
    @ValueSource(ints = {64, 1024, 65_536})
    void wrappingMakesLittleGarbageOfItsOwn(int size) throws Exception {
        byte[] payload = new byte[size];
        ByteBuffer from = ByteBuffer.allocate(size);
        ByteBuffer to = ByteBuffer.allocate(size + SecureSession.OVERHEAD);
        try (Sessions sessions = ends.connect()) {
            SecureSession sender = sessions.client;
            Measured bare = new Measured(bareCipher(size)::seal);
            Measured arrays = new Measured(() -> sender.wrap(payload));
            Measured buffers = new Measured(() -> {
                from.clear();
                to.clear();
                return sender.wrap(from, to);
            });
            measure(RegressionTest::allocatedBytes, size, bare, arrays, buffers);

            long returned = arrayBytes(size + SecureSession.OVERHEAD);
            assertThat(arrays.median() - returned - bare.median())
                    .as("own garbage of wrapping %d bytes from array to array", size)
                    .isLessThanOrEqualTo(OWN_GARBAGE);
            assertThat(buffers.median() - bare.median())
                    .as("own garbage of wrapping %d bytes from buffer to buffer", size)
                    .isLessThanOrEqualTo(OWN_GARBAGE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 1024, 65_536})
    void unwrappingMakesLittleGarbageOfItsOwn(int size) throws Exception {
        ByteBuffer from = ByteBuffer.allocate(size);
        ByteBuffer message = ByteBuffer.allocate(size + SecureSession.OVERHEAD);
        ByteBuffer to = ByteBuffer.allocate(size);
        try (Sessions sessions = ends.connect()) {
            SecureSession sender = sessions.client;
            SecureSession receiver = sessions.server;
            // Each message can be unwrapped only once, so wrapping is measured alone and subtracted.
            Callable<Object> wrap = () -> {
                from.clear();
                message.clear();
                return sender.wrap(from, message);
            };
            BareCipher.Calls cipher = bareCipher(size);
            cipher.seal();
            Measured bare = new Measured(cipher::open);
            Measured wrapping = new Measured(wrap);
            Measured arrays = new Measured(() -> {
                wrap.call();
                return receiver.unwrap(message.array());
            });
            Measured buffers = new Measured(() -> {
                wrap.call();
                message.flip();
                to.clear();
                return receiver.unwrap(message, to);
            });
            measure(RegressionTest::allocatedBytes, size, bare, wrapping, arrays, buffers);

            double provider = bare.median() + wrapping.median();
            assertThat(arrays.median() - arrayBytes(size) - provider)
                    .as("own garbage of unwrapping %d bytes from array to array", size)
                    .isLessThanOrEqualTo(OWN_GARBAGE);
            assertThat(buffers.median() - provider)
                    .as("own garbage of unwrapping %d bytes from buffer to buffer", size)
                    .isLessThanOrEqualTo(OWN_GARBAGE);
        }
    }

    /** Writes and reads on one thread: written bytes wait in the socket buffers. */
    @ParameterizedTest
    @ValueSource(ints = {64, 1024, 32_768})
    void aStreamMakesLittleGarbageOfItsOwn(int size) throws Exception {
        byte[] written = new byte[size];
        byte[] read = new byte[size];
        ByteBuffer payload = ByteBuffer.allocate(size);
        ByteBuffer message = ByteBuffer.allocate(size + SecureSession.OVERHEAD);
        try (Sessions plain = ends.connect();
                Sessions sessions = ends.connect();
                ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket one = new Socket(listening.getInetAddress(), listening.getLocalPort());
                Socket other = listening.accept();
                SecureStream client = stream(one, sessions.client);
                SecureStream server = stream(other, sessions.server)) {
            Measured wrapping = new Measured(() -> {
                payload.clear();
                message.clear();
                plain.client.wrap(payload, message);
                message.flip();
                payload.clear();
                return plain.server.unwrap(message, payload);
            });
            Measured streaming = new Measured(() -> {
                client.output().write(written);
                return server.input().readNBytes(read, 0, size);
            });
            measure(RegressionTest::allocatedBytes, size, wrapping, streaming);

            assertThat(streaming.median() - wrapping.median())
                    .as("own garbage of writing and reading %d bytes on a stream", size)
                    .isLessThanOrEqualTo(STREAM_GARBAGE);
        }
    }

    private static SecureStream stream(Socket socket, SecureSession session) throws IOException {
        return SecureStream.over(SecureConnection.over(StreamTransport.of(socket, Framing.lengthPrefix()), session));
    }

    @Test
    void smallMessagesAreNotSlowerThanThoseOfJsse() throws Exception {
        int size = 64;
        try (Connection ours = ends.connect();
                Connection jsse = Stack.JSSE.open().connect()) {
            Connection.RoundTrip ourRoundTrip = ours.roundTrip(size);
            Connection.RoundTrip jsseRoundTrip = jsse.roundTrip(size);
            Measured our = new Measured(ourRoundTrip::once);
            Measured other = new Measured(jsseRoundTrip::once);
            measure(THREADS::getCurrentThreadCpuTime, size, our, other);
            assertThat(our.median() / other.median())
                    .as("CPU time of a round trip of %d bytes, to that of JSSE", size)
                    .isLessThan(WORST_RATIO);
        }
    }

    /** Measures all operations in turn, round by round, once they are compiled. */
    private static void measure(LongSupplier meter, int size, Measured... all) throws Exception {
        int operations = Math.max(4, 2000 / (1 + size / 1024));
        for (int done = 0; done < Math.max(20, WARM_UP / (1 + size / 4096)); done++) {
            for (Measured each : all) {
                each.operation.call();
            }
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (Measured each : all) {
                long before = meter.getAsLong();
                for (int i = 0; i < operations; i++) {
                    each.operation.call();
                }
                each.rounds[round] = (double) (meter.getAsLong() - before) / operations;
            }
        }
    }

    private static BareCipher.Calls bareCipher(int size) throws GeneralSecurityException {
        return new BareCipher(ProviderSet.JDK).calls(size);
    }

    private static long allocatedBytes() {
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    /** Returns the heap size of an array: a header of 16 bytes and its elements, rounded up to a multiple of 8. */
    private static long arrayBytes(int length) {
        return 16 + (length + 7L) / 8 * 8;
    }

    /** An operation and the average cost of its rounds. */
    private static final class Measured {
        final Callable<?> operation;
        final double[] rounds = new double[ROUNDS];

        Measured(Callable<?> operation) {
            this.operation = operation;
        }

        double median() {
            double[] sorted = rounds.clone();
            Arrays.sort(sorted);
            return sorted[ROUNDS / 2];
        }
    }
}

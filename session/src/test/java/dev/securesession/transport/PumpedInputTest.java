package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Reading with a deadline from a stream that has none. */
@Timeout(60)
class PumpedInputTest {
    private static final Deadline PASSED = Deadline.after(Duration.ofNanos(1));

    @Test
    void deliversTheBytesInOrderAndThenTheEnd() throws Exception {
        byte[] bytes = new byte[20_000];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) ((i * 31) >> 3);
        }
        PumpedInput in = new PumpedInput(new ByteArrayInputStream(bytes));
        byte[] target = new byte[bytes.length];
        int length = 0;
        while (length < target.length) {
            length += in.read(target, length, Math.min(777, target.length - length), Deadline.NEVER, "a test");
        }

        assertThat(target).isEqualTo(bytes);
        assertThat(read(in)).isEqualTo(-1);
        assertThat(read(in)).isEqualTo(-1);
    }

    @Test
    void aReadThatTimesOutLosesNothing() throws Exception {
        Scripted stream = new Scripted();
        PumpedInput in = new PumpedInput(stream);

        assertThatExceptionOfType(SocketTimeoutException.class)
                .isThrownBy(() -> in.read(new byte[1], 0, 1, PASSED, "a test"))
                .withMessageContaining("a test");
        stream.then(() -> 7);
        assertThat(read(in)).isEqualTo(7);
        in.close();
    }

    @Test
    void aTimeoutOfTheStreamItselfIsIgnored() throws Exception {
        PumpedInput in = new PumpedInput(new Scripted()
                .then(() -> {
                    throw new SocketTimeoutException("of the stream");
                })
                .then(() -> 7));

        assertThat(read(in)).isEqualTo(7);
        in.close();
    }

    @Test
    void aFailureOfTheStreamComesAfterItsBytes() throws Exception {
        IOException broken = new IOException("broken");
        PumpedInput in = new PumpedInput(new Scripted().then(() -> 7).then(() -> {
            throw broken;
        }));

        assertThat(read(in)).isEqualTo(7);
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> read(in))
                    .withMessage("the stream cannot be read: broken")
                    .withCause(broken);
        }
    }

    @Test
    void closingEndsAReadAlthoughTheStreamStillWaits() throws Exception {
        try (Threads threads = new Threads()) {
            PumpedInput in = new PumpedInput(new Scripted());
            Future<Integer> reading = threads.run(() -> read(in));
            awaitWaiting(threads);
            in.close();

            assertThat(Threads.awaitFailure(reading))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("the stream is closed");
        }
    }

    @Test
    void anInterruptedReadKeepsTheInterruption() {
        PumpedInput in = new PumpedInput(new Scripted());
        Thread.currentThread().interrupt();

        assertThatExceptionOfType(InterruptedIOException.class).isThrownBy(() -> read(in));
        assertThat(Thread.interrupted()).isTrue();
        in.close();
    }

    /** A system that grants no thread now may grant one to the next read. */
    @Test
    void aReadTriesAgainToStartTheThread() throws Exception {
        Deque<Integer> refusals = new ArrayDeque<>(List.of(1));
        PumpedInput in = new PumpedInput(new ByteArrayInputStream(new byte[] {7}), task -> {
            if (refusals.poll() != null) {
                throw new OutOfMemoryError("for a test");
            }
            BackgroundThreads.start("reader", task);
        });

        assertThatExceptionOfType(OutOfMemoryError.class).isThrownBy(() -> read(in));
        assertThat(read(in)).isEqualTo(7);
    }

    private static int read(PumpedInput in) throws IOException {
        byte[] one = new byte[1];
        return in.read(one, 0, 1, Deadline.NEVER, "a byte") < 0 ? -1 : one[0];
    }

    /** Waits until a reader of the pumped input waits for its condition. */
    private static void awaitWaiting(Threads threads) {
        while (threads.threads().stream()
                .noneMatch(thread -> thread.getState() == Thread.State.WAITING
                        && Arrays.stream(thread.getStackTrace())
                                .anyMatch(frame -> frame.getClassName().equals(PumpedInput.class.getName())))) {
            Thread.onSpinWait();
        }
    }

    /** A stream that does one thing at each read, and waits when it has nothing to do. */
    private static final class Scripted extends InputStream {
        private final BlockingQueue<Callable<Integer>> script = new LinkedBlockingQueue<>();

        Scripted then(Callable<Integer> next) {
            script.add(next);
            return this;
        }

        @Override
        public int read() {
            throw new AssertionError("arrays are read");
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                target[offset] = script.take().call().byteValue();
                return 1;
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }
}

package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Streams over a network that damages, cuts, repeats, reorders, loses and holds up bytes: what is read is what was written, up to
 * where it stops, and is complete only if all of it has arrived. {@code -Dfaults.seeds=500} runs more seeds.
 */
class FaultyStreamTest {
    private static final int SEEDS = Integer.getInteger("faults.seeds", 40);
    private static final int KINDS = 6;

    @Test
    @Rule(value = "ST-2", kind = REFUSES)
    @Rule(value = "ST-4", kind = REFUSES)
    void nothingIsAlteredDoubledReorderedOrCompleteTooEarly() throws Exception {
        int failed = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            byte[] data = new byte[1 + random.nextInt(100_000)];
            random.nextBytes(data);
            Pair.Sessions sessions = Pair.create().establish();
            byte[] wire = written(sessions, data, random, true);
            byte[] arriving = damaged(wire, seed % KINDS, random);
            Read read = read(sessions, arriving, random);

            assertThat(read.data).as("seed %s", seed).isEqualTo(Arrays.copyOf(data, read.data.length));
            if (read.isComplete) {
                assertThat(read.data).as("complete with seed %s", seed).hasSize(data.length);
            } else {
                failed++;
            }
        }
        // Some damage cannot be noticed: four bytes of a message are unused.
        assertThat(failed).as("streams that have failed").isGreaterThan(SEEDS / 2);
    }

    @Test
    @Rule(value = "ST-2", kind = ACCEPTS)
    @Rule(value = "ST-4", kind = ACCEPTS)
    void aNetworkThatOnlyHoldsBytesUpLosesNothing() throws Exception {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            byte[] data = new byte[1 + random.nextInt(100_000)];
            random.nextBytes(data);
            Pair.Sessions sessions = Pair.create().establish();
            boolean ends = seed % 2 == 0;
            Read read = read(sessions, written(sessions, data, random, ends), random);

            assertThat(read.data).as("seed %s", seed).isEqualTo(data);
            assertThat(read.isComplete).as("seed %s", seed).isEqualTo(ends);
        }
    }

    /** Returns the bytes that a peer sends, in writes of any length. */
    private static byte[] written(Pair.Sessions sessions, byte[] data, Random random, boolean ends) throws IOException {
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        StreamTransport transport = StreamTransport.of(InputStream.nullInputStream(), wire, Framing.lengthPrefix());
        SecureStream stream = SecureStream.over(SecureConnection.over(transport, sessions.client()));
        OutputStream output = stream.output();
        for (int position = 0; position < data.length; ) {
            int length = Math.min(data.length - position, 1 + random.nextInt(40_000));
            output.write(data, position, length);
            position += length;
            if (random.nextInt(4) == 0) {
                stream.sendKeepAlive();
            }
        }
        if (ends) {
            stream.shutdownOutput();
        }
        return wire.toByteArray();
    }

    private static byte[] damaged(byte[] wire, int kind, Random random) {
        int from = random.nextInt(wire.length);
        int length = 1 + random.nextInt(Math.min(5000, wire.length - from));
        byte[] start = Arrays.copyOf(wire, from);
        byte[] part = Arrays.copyOfRange(wire, from, from + length);
        byte[] rest = Arrays.copyOfRange(wire, from + length, wire.length);
        if (kind == 0) {
            part[0] ^= (byte) (1 << random.nextInt(Byte.SIZE));
        } else if (kind == KINDS - 1) {
            random.nextBytes(part);
        }
        return switch (kind) {
            case 1 -> start;
            case 2 -> joined(start, rest);
            case 3 -> joined(start, part, part, rest);
            case 4 -> joined(rest, part, start);
            default -> joined(start, part, rest);
        };
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static Read read(Pair.Sessions sessions, byte[] arriving, Random random) throws IOException {
        StreamTransport transport = StreamTransport.of(
                new Stalling(arriving, random), OutputStream.nullOutputStream(), Framing.lengthPrefix());
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        boolean complete = false;
        try (SecureStream stream = SecureStream.over(SecureConnection.over(transport, sessions.server()))) {
            stream.setReadTimeout(Duration.ofSeconds(Threads.PATIENCE_SECONDS));
            byte[] piece = new byte[7000];
            int count = stream.input().read(piece, 0, piece.length);
            while (count >= 0) {
                data.write(piece, 0, count);
                count = stream.input().read(piece, 0, piece.length);
            }
            complete = true;
        } catch (SocketTimeoutException hangs) {
            throw new AssertionError("a stream that neither goes on nor ends", hangs);
        } catch (IOException failure) {
            // It is not complete, and says so.
        }
        sessions.close();
        return new Read(data.toByteArray(), complete);
    }

    private static final class Read {
        final byte[] data;
        final boolean isComplete;

        Read(byte[] data, boolean isComplete) {
            this.data = data;
            this.isComplete = isComplete;
        }
    }

    /** Delivers bytes in pieces of any length, and now and then none in time. */
    private static final class Stalling extends InputStream {
        private final ByteArrayInputStream bytes;
        private final Random random;

        Stalling(byte[] bytes, Random random) {
            this.bytes = new ByteArrayInputStream(bytes);
            this.random = random;
        }

        @Override
        public int read() {
            return bytes.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (random.nextInt(8) == 0) {
                throw new SocketTimeoutException("nothing has arrived in time");
            }
            return bytes.read(target, offset, 1 + random.nextInt(length));
        }
    }
}

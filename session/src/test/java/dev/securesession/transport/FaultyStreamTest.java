package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.SecureSession;
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
            Ends ends = new Ends(sessions, random);
            byte[] wire = ends.written(data, true, true);
            byte[] arriving = damaged(wire, seed % KINDS, random);
            Read read = ends.read(arriving);

            assertThat(read.data).as("seed %s", seed).isEqualTo(Arrays.copyOf(data, read.data.length));
            if (read.isComplete) {
                assertThat(read.data).as("complete with seed %s", seed).hasSize(data.length);
            } else {
                assertThat(read.isAcknowledged)
                        .as("acknowledged before the end with seed %s", seed)
                        .isFalse();
                failed++;
            }
        }
        // Some damage cannot be noticed: four bytes of a message are unused.
        assertThat(failed).as("streams that have failed").isGreaterThan(SEEDS / 2);
    }

    @Test
    @Rule(value = "ST-2", kind = ACCEPTS)
    @Rule(value = "ST-4", kind = ACCEPTS)
    @Rule(value = "ST-9", kind = ACCEPTS)
    @Rule(value = "ST-9", kind = REFUSES)
    void aNetworkThatOnlyHoldsBytesUpLosesNothing() throws Exception {
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            byte[] data = new byte[1 + random.nextInt(100_000)];
            random.nextBytes(data);
            Pair.Sessions sessions = Pair.create().establish();
            boolean ended = seed % 2 == 0;
            boolean acknowledged = seed % 4 == 0;
            Ends ends = new Ends(sessions, random);
            Read read = ends.read(ends.written(data, ended, acknowledged));

            assertThat(read.data).as("seed %s", seed).isEqualTo(data);
            assertThat(read.isComplete).as("seed %s", seed).isEqualTo(ended);
            assertThat(read.isAcknowledged).as("seed %s", seed).isEqualTo(acknowledged);
        }
    }

    /** A client that writes and a server that reads; the direction from the server is empty. */
    private static final class Ends {
        private final Random random;
        private final ByteArrayOutputStream toServer = new ByteArrayOutputStream();
        private final SecureStream client;
        private final SecureStream server;
        private InputStream arriving = InputStream.nullInputStream();

        Ends(Pair.Sessions sessions, Random random) throws IOException {
            this.random = random;
            ByteArrayOutputStream toClient = new ByteArrayOutputStream();
            server = stream(new Arriving(), toClient, sessions.server());
            server.setReadTimeout(Duration.ofSeconds(Threads.PATIENCE_SECONDS));
            server.shutdownOutput();
            client = stream(new ByteArrayInputStream(toClient.toByteArray()), toServer, sessions.client());
        }

        private static SecureStream stream(InputStream in, OutputStream out, SecureSession session) {
            return SecureStream.over(
                    SecureConnection.over(StreamTransport.of(in, out, Framing.lengthPrefix()), session));
        }

        /** Returns the bytes that the client sends, in writes of any length, and perhaps its end and acknowledgement. */
        byte[] written(byte[] data, boolean ends, boolean acknowledges) throws IOException {
            OutputStream output = client.output();
            for (int position = 0; position < data.length; ) {
                int length = Math.min(data.length - position, 1 + random.nextInt(40_000));
                output.write(data, position, length);
                position += length;
                if (random.nextInt(4) == 0) {
                    client.sendKeepAlive();
                }
            }
            if (ends) {
                client.shutdownOutput();
            }
            if (acknowledges) {
                assertThat(client.input().read()).isEqualTo(-1);
                client.acknowledge();
            }
            return toServer.toByteArray();
        }

        Read read(byte[] bytes) throws IOException {
            arriving = new Stalling(bytes, random);
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            boolean complete = false;
            boolean acknowledged = false;
            try (server) {
                byte[] piece = new byte[7000];
                int count = server.input().read(piece, 0, piece.length);
                while (count >= 0) {
                    data.write(piece, 0, count);
                    count = server.input().read(piece, 0, piece.length);
                }
                complete = true;
                server.acknowledge();
                server.awaitAcknowledgement();
                acknowledged = true;
            } catch (SocketTimeoutException hangs) {
                throw new AssertionError("a stream that neither goes on nor ends", hangs);
            } catch (IOException failure) {
                // It is not complete, and says so.
            }
            client.connection().close();
            return new Read(data.toByteArray(), complete, acknowledged);
        }

        /** What arrives at the server, known only when the client has written it. */
        private final class Arriving extends InputStream {
            @Override
            public int read() throws IOException {
                return arriving.read();
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                return arriving.read(target, offset, length);
            }
        }
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

    private static final class Read {
        final byte[] data;
        final boolean isComplete;
        final boolean isAcknowledged;

        Read(byte[] data, boolean isComplete, boolean isAcknowledged) {
            this.data = data;
            this.isComplete = isComplete;
            this.isAcknowledged = isAcknowledged;
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

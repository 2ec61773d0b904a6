package dev.securesession.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Sockets over the loopback interface, as a program uses them: how many chunks of 32 KiB per second one end writes while
 * another thread reads them, and how long 64 B there and back take.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class StreamBenchmark {
    private static final int CHUNK_LENGTH = 32 * 1024;
    private static final int SMALL_LENGTH = 64;

    @Param
    SocketKind kind;

    private final byte[] chunk = new byte[CHUNK_LENGTH];
    private final byte[] small = new byte[SMALL_LENGTH];
    private Pairing sink;
    private Pairing echo;

    @Setup
    public void connect() throws Exception {
        SocketKind.Ends ends = kind.make();
        sink = Pairing.of(ends, StreamBenchmark::drain);
        echo = Pairing.of(ends, StreamBenchmark::echo);
    }

    @TearDown
    public void close() throws Exception {
        sink.close();
        echo.close();
    }

    @Benchmark
    public void chunks() throws IOException {
        sink.out.write(chunk, 0, CHUNK_LENGTH);
    }

    @Benchmark
    public int roundTrips() throws IOException {
        echo.out.write(small, 0, SMALL_LENGTH);
        return echo.in.readNBytes(small, 0, SMALL_LENGTH);
    }

    private static void drain(InputStream in, OutputStream unused) throws IOException {
        byte[] read = new byte[CHUNK_LENGTH];
        while (in.read(read, 0, CHUNK_LENGTH) >= 0) {
            // Only the arrival counts.
        }
    }

    private static void echo(InputStream in, OutputStream out) throws IOException {
        byte[] read = new byte[SMALL_LENGTH];
        while (in.readNBytes(read, 0, SMALL_LENGTH) == SMALL_LENGTH) {
            out.write(read, 0, SMALL_LENGTH);
        }
    }

    /** What the server does with a connection until it ends. */
    private interface Serving {
        void serve(InputStream in, OutputStream out) throws IOException;
    }

    /** A client's socket, and the thread that serves it. */
    private static final class Pairing {
        final InputStream in;
        final OutputStream out;
        private final Socket client;
        private final Thread server;

        private Pairing(Socket client, Thread server) throws IOException {
            this.client = client;
            this.server = server;
            this.in = client.getInputStream();
            this.out = client.getOutputStream();
        }

        static Pairing of(SocketKind.Ends ends, Serving serving) throws IOException {
            Thread server = new Thread(
                    () -> {
                        try (Socket accepted = ends.accept()) {
                            serving.serve(accepted.getInputStream(), accepted.getOutputStream());
                        } catch (IOException end) {
                            // The client was closed.
                        }
                    },
                    "server");
            server.setDaemon(true);
            server.start();
            return new Pairing(ends.connect(), server);
        }

        void close() throws IOException, InterruptedException {
            client.close();
            server.join(TimeUnit.SECONDS.toMillis(10));
        }
    }
}

package dev.securesession.benchmarks;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A client of {@link TunnelTarget}, directly or through a tunnel, which takes the measurements. */
final class TunnelLoad {
    private static final int CLIENTS = 2;
    private static final int WRITE = 128 * 1024;
    private static final int PING = 64;
    private static final int TRIES = 100;
    private static final int PAUSE_MILLIS = 50;

    private TunnelLoad() {}

    /** Returns the connections per second of two clients, each of which opens a connection, has a byte echoed and closes it. */
    static double connectionsPerSecond(int port, Duration warmUp, Duration measured)
            throws IOException, InterruptedException {
        long begin = System.nanoTime() + warmUp.toNanos();
        long end = begin + measured.toNanos();
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<Integer>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(() -> connectBetween(begin, end, port)));
            }
            int connections = 0;
            for (Future<Integer> client : clients) {
                connections += client.get();
            }
            return connections / (measured.toNanos() / 1e9);
        } catch (ExecutionException e) {
            throw new IOException("connections through port " + port + " fail", e.getCause());
        } finally {
            threads.shutdownNow();
        }
    }

    /** Returns the times of the round trips of 64 bytes on one connection. */
    static RoundTrips roundTrips(int port, int warmUp, int measured) throws IOException {
        try (SocketChannel channel = connect(port)) {
            ByteBuffer ping = ByteBuffer.allocateDirect(PING).put(0, TunnelTarget.ECHO);
            for (int i = 0; i < warmUp; i++) {
                echo(channel, ping);
            }
            long[] nanos = new long[measured];
            for (int i = 0; i < measured; i++) {
                long begin = System.nanoTime();
                echo(channel, ping);
                nanos[i] = System.nanoTime() - begin;
            }
            Arrays.sort(nanos);
            return new RoundTrips(nanos[measured / 2] / 1e3, nanos[(int) (measured * 0.99)] / 1e3);
        }
    }

    /** Microseconds: half of the round trips take no longer than the median, 99 of 100 no longer than the percentile. */
    record RoundTrips(double median, double percentile99) {}

    /** Opens connections, each of which has one byte echoed and then is idle. They are the caller's to close. */
    static List<SocketChannel> openIdle(int port, int count) throws IOException {
        List<SocketChannel> channels = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SocketChannel channel = connect(port);
            channels.add(channel);
            echo(channel, ByteBuffer.allocate(1).put(0, TunnelTarget.ECHO));
        }
        return channels;
    }

    /** Has one byte echoed on a new connection. */
    static void connectOnce(int port) throws IOException {
        try (SocketChannel channel = connect(port)) {
            echo(channel, ByteBuffer.allocate(1).put(0, TunnelTarget.ECHO));
        }
    }

    /** Waits for an answer, for a few seconds at most. */
    static void awaitEcho(int port) throws IOException, InterruptedException {
        for (int tries = 1; ; tries++) {
            try {
                connectOnce(port);
                return;
            } catch (IOException e) {
                if (tries == TRIES) {
                    throw new IOException("no answer through port " + port, e);
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private static int connectBetween(long begin, long end, int port) throws IOException {
        int connections = 0;
        while (true) {
            connectOnce(port);
            long now = System.nanoTime();
            if (now - end >= 0) {
                return connections;
            }
            if (now - begin >= 0) {
                connections++;
            }
        }
    }

    private static void echo(SocketChannel channel, ByteBuffer bytes) throws IOException {
        writeAll(channel, bytes.clear());
        readAll(channel, bytes.clear());
    }

    private static SocketChannel connect(int port) throws IOException {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return channel;
    }

    private static void writeAll(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void readAll(SocketChannel channel, ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("the connection through the tunnel ended early");
            }
        }
    }

    /** One connection with bulk data in one direction. */
    static final class Flood implements Closeable {
        private final SocketChannel channel;
        private final ByteBuffer chunk = ByteBuffer.allocateDirect(WRITE);

        private Flood(SocketChannel channel) {
            this.channel = channel;
        }

        static Flood open(int port) throws IOException {
            Flood flood = new Flood(connect(port));
            writeAll(flood.channel, ByteBuffer.wrap(new byte[] {TunnelTarget.SINK}));
            return flood;
        }

        /** Sends a number of bytes and waits until the target has received all of them. */
        void send(long bytes) throws IOException {
            writeAll(channel, ByteBuffer.allocate(Long.BYTES).putLong(0, bytes));
            for (long left = bytes; left > 0; left -= chunk.limit()) {
                chunk.clear().limit((int) Math.min(WRITE, left));
                writeAll(channel, chunk);
            }
            readAll(channel, ByteBuffer.allocate(1));
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}

package dev.securesession.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The target of the tunnels, a server on the loopback interface. The first byte of a connection selects its service.
 *
 * <pre>{@code
 * 01   echoes everything, this byte included
 * 02   receives blocks and acknowledges each with one byte:
 *        length   8 bytes, big-endian
 *        data
 * }</pre>
 */
final class TunnelTarget implements Closeable {
    static final byte ECHO = 1;
    static final byte SINK = 2;

    private static final int BACKLOG = 128;
    private static final int ECHO_ROOM = 4096;
    private static final int SINK_ROOM = 256 * 1024;

    private final ServerSocketChannel listening;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "tunnel target");
        thread.setDaemon(true);
        return thread;
    });

    private TunnelTarget(ServerSocketChannel listening) {
        this.listening = listening;
    }

    static TunnelTarget open() throws IOException {
        ServerSocketChannel listening = ServerSocketChannel.open();
        listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
        TunnelTarget target = new TunnelTarget(listening);
        target.threads.execute(target::acceptAll);
        return target;
    }

    int port() {
        return listening.socket().getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        threads.shutdown();
    }

    private void acceptAll() {
        try {
            while (true) {
                SocketChannel channel = listening.accept();
                threads.execute(() -> serve(channel));
            }
        } catch (IOException e) {
            // The server was closed.
        }
    }

    private static void serve(SocketChannel channel) {
        try (channel) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            ByteBuffer kind = ByteBuffer.allocate(1);
            if (channel.read(kind) < 0) {
                return;
            }
            if (kind.get(0) == ECHO) {
                echo(channel);
            } else {
                sink(channel);
            }
        } catch (IOException e) {
            // The client notices the failure and reports it.
        }
    }

    private static void echo(SocketChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(ECHO_ROOM).put(ECHO);
        do {
            bytes.flip();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            bytes.clear();
        } while (channel.read(bytes) >= 0);
    }

    private static void sink(SocketChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(SINK_ROOM);
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES);
        while (readAll(channel, length)) {
            long left = length.flip().getLong();
            while (left > 0) {
                bytes.clear().limit((int) Math.min(SINK_ROOM, left));
                int count = channel.read(bytes);
                if (count < 0) {
                    return;
                }
                left -= count;
            }
            channel.write(ByteBuffer.wrap(new byte[] {SINK}));
            length.clear();
        }
    }

    private static boolean readAll(SocketChannel channel, ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                return false;
            }
        }
        return true;
    }
}

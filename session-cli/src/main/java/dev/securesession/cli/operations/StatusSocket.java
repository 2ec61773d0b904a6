package dev.securesession.cli.operations;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import dev.securesession.tunnel.internal.SocketFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * A Unix-domain socket, which only its owner can use, that tells each connection the status and closes it. The first line is
 * JSON; the table follows.
 */
public final class StatusSocket implements AutoCloseable {
    private final ServerSocketChannel channel;
    private final Path path;
    private final Supplier<String> json;
    private final Supplier<String> table;
    private final ExecutorService answering = new ThreadPoolExecutor(
            0, MAX_ANSWERED, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> daemon(task, "status"));

    private StatusSocket(ServerSocketChannel channel, Path path, Supplier<String> json, Supplier<String> table) {
        this.channel = channel;
        this.path = path;
        this.json = json;
        this.table = table;
    }

    static StatusSocket listen(Path path, Supplier<String> json, Supplier<String> table) throws Failure {
        try {
            ServerSocketChannel channel = SocketFile.listen(path, StatusSocket::bind, ServerSocketChannel::close);
            StatusSocket socket = new StatusSocket(channel, path, json, table);
            daemon(socket::serve, "status").start();
            return socket;
        } catch (IOException | UnsupportedOperationException e) {
            throw new Failure("--status: cannot listen on " + UNIX + path + ": " + Errors.sentence(e), e);
        }
    }

    private static ServerSocketChannel bind(Path file) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            return channel.bind(UnixDomainSocketAddress.of(file));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Asks a socket; the answer is JSON on the first line, and the table on the others. */
    public static String ask(String address) throws IOException, Failure {
        Path path = path(address);
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
                InputStream in = Channels.newInputStream(channel)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new Failure(
                    "nothing answers on " + address + " (" + Errors.sentence(e)
                            + "); expected the value of --status of a tunnel that runs",
                    e);
        }
    }

    /** Reads the address of a socket; the message of a failure names no option. */
    static Path path(String address) throws Failure {
        if (!address.startsWith(UNIX) || address.length() == UNIX.length() || address.indexOf('\0') >= 0) {
            throw new Failure("\"" + EventLog.visible(address) + "\" is no Unix-domain socket; expected unix:PATH");
        }
        return Path.of(address.substring(UNIX.length()));
    }

    private void serve() {
        while (channel.isOpen()) {
            try {
                accept(channel.accept());
            } catch (IOException e) {
                // The socket was closed, or no descriptor is free: the next one gets an answer.
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void accept(SocketChannel asking) throws IOException {
        try {
            answering.execute(() -> answer(asking));
        } catch (RejectedExecutionException e) {
            // As many others do not read their answers.
            asking.close();
        }
    }

    private void answer(SocketChannel asking) {
        try (asking;
                Selector selector = Selector.open()) {
            ByteBuffer answer = ByteBuffer.wrap((json.get() + "\n" + table.get()).getBytes(StandardCharsets.UTF_8));
            asking.configureBlocking(false);
            asking.register(selector, SelectionKey.OP_WRITE);
            long begin = System.nanoTime();
            while (answer.hasRemaining()) {
                long left = MAX_ANSWER_NANOS - (System.nanoTime() - begin);
                if (left <= 0) {
                    return;
                }
                selector.select(1 + TimeUnit.NANOSECONDS.toMillis(left));
                asking.write(answer);
            }
        } catch (IOException | RuntimeException e) {
            // Who asks sees an incomplete answer, and may ask again.
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            answering.shutdownNow();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // The next server on this path removes the file.
        }
    }

    private static final long PAUSE_NANOS = 100_000_000;
    private static final int MAX_ANSWERED = 8;
    private static final int IDLE_SECONDS = 10;
    private static final long MAX_ANSWER_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final String UNIX = "unix:";
}

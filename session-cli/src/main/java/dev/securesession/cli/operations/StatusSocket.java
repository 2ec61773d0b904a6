package dev.securesession.cli.operations;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
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

    private StatusSocket(ServerSocketChannel channel, Path path, Supplier<String> json, Supplier<String> table) {
        this.channel = channel;
        this.path = path;
        this.json = json;
        this.table = table;
    }

    static StatusSocket listen(Path path, Supplier<String> json, Supplier<String> table) throws Failure {
        try {
            removeStale(path);
            ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.bind(UnixDomainSocketAddress.of(path));
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            } catch (IOException | UnsupportedOperationException e) {
                channel.close();
                throw e;
            }
            StatusSocket socket = new StatusSocket(channel, path, json, table);
            Thread thread = new Thread(socket::serve, "status");
            thread.setDaemon(true);
            thread.start();
            return socket;
        } catch (IOException | UnsupportedOperationException e) {
            throw new Failure("--status: cannot listen on " + UNIX + path + ": " + Errors.sentence(e), e);
        }
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
            try (SocketChannel asking = channel.accept()) {
                ByteBuffer answer = ByteBuffer.wrap((json.get() + "\n" + table.get()).getBytes(StandardCharsets.UTF_8));
                while (answer.hasRemaining()) {
                    asking.write(answer);
                }
            } catch (IOException e) {
                // The socket was closed, or a connection was, or no descriptor is free: the next one gets an answer.
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new IOException("the file exists and is no socket");
        }
        boolean answered;
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            answered = probe.isConnected();
        } catch (IOException e) {
            answered = false;
        }
        if (answered) {
            throw new IOException("another process listens on it");
        }
        Files.delete(path);
    }

    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // The next server on this path removes the file.
        }
    }

    private static final long PAUSE_NANOS = 100_000_000;
    private static final String UNIX = "unix:";
}

package dev.securesession.store.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import redis.embedded.RedisServer;

/**
 * A real redis-server in a process of its own, to be killed and started again: the one that the system property
 * {@code redis.server} names, or the one of embedded-redis.
 */
final class RedisProcess implements AutoCloseable {
    private static final int ATTEMPTS = 5;

    private final Path directory;
    private final List<String> options;
    private final int port;
    private Process process;

    private RedisProcess(Path directory, int port, List<String> options) {
        this.directory = directory;
        this.port = port;
        this.options = options;
    }

    /** Starts a server with its data in a directory. */
    static RedisProcess start(Path directory, String... options) throws IOException {
        Files.createDirectories(directory);
        IOException last = new IOException("not tried");
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            RedisProcess server = new RedisProcess(directory, freePort(), List.of(options));
            try {
                server.start();
                return server;
            } catch (IOException portTaken) {
                last = portTaken;
            }
        }
        throw last;
    }

    /** Starts it again on the same port, with the data of its directory. */
    void start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                binary().toString(),
                "--port",
                String.valueOf(port),
                "--bind",
                "127.0.0.1",
                "--dir",
                directory.toString(),
                "--save",
                "",
                "--repl-diskless-sync-delay",
                "0"));
        command.addAll(options);
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader log =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        StringBuilder seen = new StringBuilder();
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            seen.append(line).append('\n');
            if (line.contains("eady to accept connections")) {
                Thread drain = new Thread(() -> drain(log), "log of redis");
                drain.setDaemon(true);
                drain.start();
                return;
            }
        }
        throw new IOException("redis-server does not start:\n" + seen);
    }

    /** Ends it as kill -9 does. */
    void kill() {
        process.destroyForcibly().onExit().orTimeout(30, TimeUnit.SECONDS).join();
    }

    int port() {
        return port;
    }

    Path directory() {
        return directory;
    }

    RedisURI uri() {
        return RedisURI.builder()
                .withHost("127.0.0.1")
                .withPort(port)
                .withTimeout(Duration.ofSeconds(20))
                .build();
    }

    /** Sends commands outside any store. */
    <T> T ask(Function<RedisCommands<String, String>, T> question) {
        RedisClient client = RedisClient.create(uri());
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            return question.apply(connection.sync());
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        }
    }

    @Override
    public void close() {
        kill();
    }

    @SuppressWarnings("EmptyCatch") // The process has ended.
    private static void drain(BufferedReader log) {
        try {
            while (log.readLine() != null) {
                Thread.onSpinWait();
            }
        } catch (IOException ended) {
            return;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static synchronized Path binary() throws IOException {
        String named = System.getProperty("redis.server");
        if (named != null) {
            return Path.of(named);
        }
        Path file = Path.of("target", "redis-server").toAbsolutePath();
        if (!Files.exists(file)) {
            String name = "/redis-server-6.2.6-v5-linux-amd64";
            if (System.getProperty("os.arch").equals("aarch64")) {
                name = "/redis-server-6.2.7-linux-arm64";
            }
            Path fresh = Files.createTempFile(Files.createDirectories(file.getParent()), "redis", ".new");
            try (InputStream resource = RedisServer.class.getResourceAsStream(name)) {
                Files.write(fresh, resource.readAllBytes());
            }
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwx------"));
            Files.move(fresh, file);
        }
        return file;
    }
}

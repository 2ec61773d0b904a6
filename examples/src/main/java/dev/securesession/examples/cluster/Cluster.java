package dev.securesession.examples.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.IdentityKeyPair;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/**
 * Starts PostgreSQL, three nodes, HAProxy and clients, kills nodes and starts them again, prints what clients see each second, and
 * checks at the end that no operation was lost, executed twice or wrongly refused.
 *
 * <pre>
 * Cluster SECONDS FOLDER-OF-CLIENT.MJS [SEED]
 * </pre>
 */
public final class Cluster implements AutoCloseable {
    private static final int NODES = 3;
    private static final int CLIENTS = 4;
    private static final String WASM = "wasm";
    private static final int MAX_MILLIS_BETWEEN_KILLS = 2_000;
    private static final int ROWS_BELOW_TITLES = 20;
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Path folder;
    private final Path script;
    private final EmbeddedPostgres postgres;
    private final List<Integer> ports = new ArrayList<>();
    private final List<Process> nodes = new CopyOnWriteArrayList<>();
    private final List<Process> others = new ArrayList<>();
    private final Figures figures = new Figures();
    private final CountDownLatch stop = new CountDownLatch(1);

    private Cluster(Path folder, Path script, EmbeddedPostgres postgres) {
        this.folder = folder;
        this.script = script;
        this.postgres = postgres;
    }

    public static void main(String[] arguments) throws Exception {
        long seed = arguments.length > 2 ? Long.parseLong(arguments[2]) : new Random().nextLong();
        Path folder = Files.createTempDirectory("cluster");
        String verdict;
        try {
            verdict = run(Duration.ofSeconds(Long.parseLong(arguments[0])), Path.of(arguments[1]), folder, seed);
        } finally {
            delete(folder);
        }
        System.exit(verdict.startsWith("0 lost, 0 doubled, 0 wrong") ? 0 : 1);
    }

    /** The folder holds private keys. */
    private static void delete(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    /**
     * Runs a cluster for some time.
     *
     * @param time how long
     * @param script the folder of {@code client.mjs}, where {@code npm ci} was run
     * @param folder for keys and settings
     * @param seed decides which node is killed, and when
     * @return "0 lost, 0 doubled, 0 wrong" and the figures, or what went wrong
     */
    static String run(Duration time, Path script, Path folder, long seed) throws Exception {
        System.out.println("seed " + seed);
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
                Cluster cluster = new Cluster(folder, script, postgres)) {
            Thread onExit = new Thread(cluster::close);
            Runtime.getRuntime().addShutdownHook(onExit);
            String verdict = cluster.run(time, new Random(seed));
            Runtime.getRuntime().removeShutdownHook(onExit);
            System.out.println(verdict);
            return verdict;
        }
    }

    private String run(Duration time, Random random) throws Exception {
        DataSource database = postgres.getPostgresDatabase();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE executed (peer text, operation text)");
        }
        makeKeys();
        for (int i = 0; i < NODES; i++) {
            ports.add(freePort());
            nodes.add(startNode(i));
        }
        URI address = startBalancer();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new Thread(new ClusterClient("client-" + i, address, folder, figures, stop), "client-" + i));
        }
        clients.add(startWasmClient(address));
        Thread printer = new Thread(this::print, "figures");
        printer.setDaemon(true);
        clients.forEach(Thread::start);
        printer.start();

        killAndRestart(time, random);
        stop.countDown();
        for (Thread client : clients) {
            client.join(LIMIT.toMillis());
            if (client.isAlive()) {
                figures.wrong.add(client.getName() + " did not end within " + LIMIT);
            }
        }
        return verdict(database);
    }

    private void makeKeys() throws IOException {
        byte[] stateKey = new byte[32];
        new SecureRandom().nextBytes(stateKey);
        Files.write(folder.resolve("state.key"), stateKey);
        List<String> names = new ArrayList<>(List.of("server", WASM));
        for (int i = 0; i < CLIENTS; i++) {
            names.add("client-" + i);
        }
        for (String name : names) {
            IdentityKeyPair keys = IdentityKeyPair.generate();
            Files.write(folder.resolve(name + ".key"), keys.privateKey().encodeSecret());
            Files.write(folder.resolve(name + ".pub"), keys.publicKey().encode());
        }
    }

    private Process startNode(int index) throws IOException {
        Process node = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dsun.net.httpserver.nodelay=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ClusterNode.class.getName(),
                        ports.get(index).toString(),
                        postgres.getJdbcUrl("postgres", "postgres"),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        List<String> said = new ArrayList<>();
        BufferedReader output = node.inputReader(UTF_8);
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith("listening")) {
                drain(output);
                return node;
            }
            said.add(line);
        }
        throw new IOException("a node has ended instead of listening: " + String.join("; ", said));
    }

    /** Reads on, so that a node that logs does not wait. */
    private static void drain(BufferedReader output) {
        Thread reader = new Thread(
                () -> {
                    try {
                        output.lines().forEach(line -> {});
                    } catch (UncheckedIOException killed) {
                        // Its node is gone.
                    }
                },
                "output of a node");
        reader.setDaemon(true);
        reader.start();
    }

    private URI startBalancer() throws Exception {
        int port = freePort();
        StringBuilder settings = new StringBuilder("""
                defaults
                  mode http
                  timeout connect 1s
                  timeout client 30s
                  timeout server 10s
                  retries 3
                  option redispatch 1
                  # Also repeats requests that a killed node may have executed: the nodes refuse those.
                  retry-on conn-failure empty-response
                frontend api
                  bind 127.0.0.1:%d
                  default_backend nodes
                backend nodes
                  balance roundrobin
                  option httpchk GET /health
                """.formatted(port));
        for (int i = 0; i < NODES; i++) {
            settings.append(
                    "  server node%d 127.0.0.1:%d check inter 200ms fall 1 rise 1%n".formatted(i, ports.get(i)));
        }
        Path file = Files.writeString(folder.resolve("haproxy.cfg"), settings);
        Path haproxy = haproxy().orElseThrow(() -> new IOException("no HAProxy; install the Debian package haproxy"));
        others.add(new ProcessBuilder(haproxy.toString(), "-db", "-f", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("haproxy.log").toFile())
                .start());
        return URI.create("http://127.0.0.1:" + port + "/api");
    }

    /** Debian installs it where not every user's PATH leads. */
    static Optional<Path> haproxy() {
        String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin";
        return Arrays.stream(path.split(File.pathSeparator))
                .map(folder -> Path.of(folder, "haproxy"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private Thread startWasmClient(URI address) throws IOException {
        Process client = new ProcessBuilder("node", "client.mjs", address.toString(), folder.toString(), WASM)
                .directory(script.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        others.add(client);
        Thread stopper = new Thread(
                () -> {
                    try {
                        stop.await();
                        client.getOutputStream().close();
                    } catch (InterruptedException | IOException over) {
                        client.destroy();
                    }
                },
                "stopper of " + WASM);
        stopper.setDaemon(true);
        stopper.start();
        return new Thread(() -> follow(client), WASM);
    }

    private void follow(Process client) {
        try (BufferedReader output = client.inputReader(UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                String[] words = line.split(" ", 2);
                switch (words[0]) {
                    case "answered" -> figures.answered(words[1]);
                    case "status" -> figures.withoutAnswer(Integer.parseInt(words[1]));
                    case "handshake" -> figures.handshakesWithoutAnswer.increment();
                    default -> figures.wrong.add(WASM + ": " + line);
                }
            }
            if (stop.getCount() > 0) {
                figures.wrong.add(WASM + " has ended too early");
            }
        } catch (IOException failed) {
            figures.wrong.add(WASM + ": " + failed);
        }
    }

    private void killAndRestart(Duration time, Random random) throws Exception {
        long end = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < end) {
            boolean stopped = stop.await(random.nextInt(MAX_MILLIS_BETWEEN_KILLS), TimeUnit.MILLISECONDS);
            if (stopped) {
                return;
            }
            int index = random.nextInt(NODES);
            Process node = nodes.get(index);
            node.destroyForcibly(); // SIGKILL
            if (!node.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("a killed node has not ended within " + LIMIT);
            }
            figures.kills.increment();
            nodes.set(index, startNode(index));
        }
    }

    private void print() {
        long before = 0;
        try {
            for (int second = 1; !stop.await(1, TimeUnit.SECONDS); second++) {
                if (second % ROWS_BELOW_TITLES == 1) {
                    System.out.println(Figures.titles());
                }
                long now = figures.answers.sum();
                long up = nodes.stream().filter(Process::isAlive).count();
                System.out.println(figures.row(second, up, now - before));
                before = now;
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private String verdict(DataSource database) throws SQLException {
        Set<String> executed = new HashSet<>();
        int doubled = 0;
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT operation FROM executed")) {
            while (rows.next()) {
                doubled += executed.add(rows.getString(1)) ? 0 : 1;
            }
        }
        long lost = figures.answered.stream()
                .filter(operation -> !executed.contains(operation))
                .count();
        // Each kill explains one failure of each client, and the repetitions of the load balancer.
        long explained = figures.kills.sum() * (CLIENTS + 1);
        long failures = figures.withoutAnswer.sum() + figures.repetitions.sum() + figures.handshakesWithoutAnswer.sum();
        if (failures > explained) {
            figures.wrong.add(failures + " failures; the kills explain " + explained + " at most");
        }
        return lost + " lost, " + doubled + " doubled, " + figures.wrong.size() + " wrong; " + figures
                + (figures.wrong.isEmpty() ? "" : ": " + figures.wrong);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Ends the processes. */
    @Override
    public void close() {
        stop.countDown();
        nodes.forEach(Process::destroyForcibly);
        others.forEach(Process::destroyForcibly);
    }

    @Override
    public String toString() {
        return "cluster of " + NODES + " nodes: " + figures;
    }
}

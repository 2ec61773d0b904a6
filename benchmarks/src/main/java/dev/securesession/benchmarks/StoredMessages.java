package dev.securesession.benchmarks;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.store.FileSessionStore;
import dev.securesession.store.KeyRing;
import dev.securesession.store.MemorySessionStore;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionManager;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreListener;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import dev.securesession.store.jdbc.JdbcSessionStore;
import dev.securesession.store.redis.AfterRestart;
import dev.securesession.store.redis.RedisSessionStore;
import dev.securesession.testkit.Pair;
import io.lettuce.core.RedisURI;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import redis.embedded.RedisServer;

/**
 * How many requests a {@link SessionManager} answers with each store, how two nodes with a core each share one PostgreSQL, and how
 * long it takes to claim one of a million stored sessions. {@code messages SECONDS}, {@code nodes SECONDS [RATE]} or {@code claims
 * SESSIONS}; the stores are made in a temporary directory, the databases started for the run. With a rate, the peers of a node ask so
 * many times a second together; without one, each asks again as soon as it has its answer.
 */
public final class StoredMessages {
    private static final int PEERS = 64;
    private static final int CLAIMS = 5_000;
    private static final int CHUNK = 10_000;
    private static final long SEED = 20_261_125;

    private final Path directory;
    private final Pair pair = Pair.create().with(SessionConfig::withSequenceWrap);
    private final KeyRing ring = KeyRing.of("key-1", StateKey.of(new byte[StateKey.LENGTH]));

    private StoredMessages(Path directory) {
        this.directory = directory;
    }

    /** Runs what the first argument names. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("stored-messages");
        try {
            StoredMessages benchmark = new StoredMessages(directory);
            int number = Integer.parseInt(arguments[1]);
            switch (arguments[0]) {
                case "messages" -> benchmark.messages(number);
                case "nodes" -> benchmark.nodes(number, arguments.length > 2 ? Integer.parseInt(arguments[2]) : 0);
                case "node" -> benchmark.node(number, Integer.parseInt(arguments[2]), arguments[3]);
                default -> benchmark.claims(number);
            }
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private void messages(int seconds) throws Exception {
        System.out.printf(
                "| store | sessions in a commit | requests answered | states in a commit |%n| --- | --- | ---: | ---: |%n");
        try (SessionStore store = new MemorySessionStore()) {
            both("memory", List.of(store), seconds);
        }
        try (SessionStore store = FileSessionStore.open(directory.resolve("files"))) {
            both("files", List.of(store), seconds);
        }
        try (SessionStore store = JdbcSessionStore.sqlite(directory.resolve("sqlite.db"))) {
            both("SQLite", List.of(store), seconds);
        }
        for (boolean always : new boolean[] {false, true}) {
            RedisServer server = redis(always);
            try (SessionStore store = RedisSessionStore.open(
                    RedisURI.create("127.0.0.1", server.ports().get(0)),
                    RedisSessionStore.DEFAULT_PREFIX,
                    always ? AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK : AfterRestart.END_SESSIONS)) {
                both(always ? "Redis, appendfsync always" : "Redis, in memory", List.of(store), seconds);
            } finally {
                server.stop();
            }
        }
        try (EmbeddedPostgres postgres = postgres();
                HikariDataSource first = pool(postgres);
                HikariDataSource second = pool(postgres);
                SessionStore one = JdbcSessionStore.postgresql(first);
                SessionStore other = JdbcSessionStore.postgresql(second)) {
            both("PostgreSQL", List.of(one), seconds);
            double alone =
                    run("PostgreSQL, one node", List.of(one), 256, seconds, 0).perSecond();
            double together = run("PostgreSQL, two nodes", List.of(one, other), 256, seconds, 0)
                    .perSecond();
            System.out.printf("two nodes on one PostgreSQL: %.2f times one%n", together / alone);
        }
    }

    /** Each node is a process with its peers, on one core of its own; the database may use all cores. */
    private void nodes(int seconds, int rate) throws Exception {
        try (EmbeddedPostgres postgres = postgres()) {
            String url = postgres.getJdbcUrl("postgres", "postgres");
            for (int round = 1; round <= 3; round++) {
                Together one = together(url, seconds, rate, 1);
                Together two = together(url, seconds, rate, 2);
                System.out.printf(
                        "one node %s%ntwo nodes %s%n%.2f times one%n", one, two, two.perSecond() / one.perSecond());
            }
        }
    }

    /** Starts nodes, lets them begin at the same time, and adds up what they have done. */
    private Together together(String url, int seconds, int rate, int nodes) throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int core = 0; core < nodes; core++) {
            processes.add(new ProcessBuilder(
                            "taskset",
                            "-c",
                            String.valueOf(core),
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            StoredMessages.class.getName(),
                            "node",
                            String.valueOf(seconds),
                            String.valueOf(rate),
                            url)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start());
        }
        for (Process process : processes) {
            requireLine(process, "ready");
        }
        Duration before = cpuTimeOfPostgres();
        for (Process process : processes) {
            process.outputWriter().append("go\n").flush();
        }
        double perSecond = 0;
        long requests = 0;
        long nodeMicros = 0;
        for (Process process : processes) {
            String[] figures = requireLine(process, "").split(" ", 3);
            perSecond += Double.parseDouble(figures[0]);
            requests += Long.parseLong(figures[1]);
            nodeMicros += Long.parseLong(figures[2]);
        }
        // Before the nodes close their connections: the CPU time of a process that has ended is not seen.
        long databaseMicros = cpuTimeOfPostgres().minus(before).toNanos() / 1000;
        for (Process process : processes) {
            process.outputWriter().append("end\n").flush();
            process.waitFor();
        }
        return new Together(perSecond, nodeMicros / (double) requests, databaseMicros / (double) requests);
    }

    /** Returns the CPU time of all processes of PostgreSQL. */
    private Duration cpuTimeOfPostgres() throws IOException {
        String pid = Files.readAllLines(directory.resolve("postgres").resolve("postmaster.pid"))
                .get(0);
        ProcessHandle postmaster =
                ProcessHandle.of(Long.parseLong(pid.trim())).orElseThrow(() -> new IOException("no process " + pid));
        return Stream.concat(Stream.of(postmaster), postmaster.descendants())
                .map(process -> process.info().totalCpuDuration().orElse(Duration.ZERO))
                .reduce(Duration.ZERO, Duration::plus);
    }

    private static String requireLine(Process process, String expected) throws IOException {
        String line = process.inputReader().readLine();
        if (line == null || !line.startsWith(expected)) {
            throw new IOException("a node said " + line);
        }
        return line;
    }

    private void node(int seconds, int rate, String url) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(8);
        PrintStream out = System.out;
        // What a run prints is for people.
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (HikariDataSource pool = new HikariDataSource(config);
                SessionStore store = JdbcSessionStore.postgresql(pool)) {
            // Once for the compiler.
            run("warm-up", List.of(store), 256, seconds, 0);
            out.println("ready");
            in.readLine();
            Run run = run("a node", List.of(store), 256, seconds, rate);
            out.printf(
                    "%.1f %d %d%n",
                    run.perSecond(), run.requests(), run.cpuTime().toNanos() / 1000);
            in.readLine();
        }
    }

    /** What a run of one process has done; requests and CPU time are those of its warm-up as well. */
    private record Run(double perSecond, long requests, Duration cpuTime) {}

    /** What nodes have done together. */
    private record Together(double perSecond, double nodeMicros, double databaseMicros) {
        @Override
        public String toString() {
            return String.format(
                    "%,.0f /s; CPU time of a request: %.1f µs of the node and its peers, %.1f µs of the database",
                    perSecond, nodeMicros, databaseMicros);
        }
    }

    private RedisServer redis(boolean always) throws IOException {
        Path place = Files.createDirectories(directory.resolve("redis-" + always));
        RedisServer server = RedisServer.newRedisServer()
                .port(always ? 36_379 : 36_380)
                .bind("127.0.0.1")
                .setting("dir " + place)
                .setting("save \"\"")
                .setting("appendonly " + (always ? "yes" : "no"))
                .setting("appendfsync always")
                .build();
        server.start();
        return server;
    }

    private EmbeddedPostgres postgres() throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(directory.resolve("postgres"))
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("fsync", "on")
                .setServerConfig("shared_buffers", "512MB")
                .start();
    }

    private static HikariDataSource pool(EmbeddedPostgres postgres) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(postgres.getPostgresDatabase());
        config.setMaximumPoolSize(8);
        return new HikariDataSource(config);
    }

    private void both(String name, List<SessionStore> nodes, int seconds) throws Exception {
        run(name, nodes, 256, seconds, 0);
        run(name, nodes, 1, seconds, 0);
    }

    /** Each peer has its session at one node. */
    private Run run(String name, List<SessionStore> nodes, int batch, int seconds, int rate) throws Exception {
        LongAdder states = new LongAdder();
        LongAdder commits = new LongAdder();
        LongAdder requests = new LongAdder();
        LongAdder all = new LongAdder();
        StoreListener listener = new StoreListener() {
            @Override
            public void committed(int sessions, Duration took) {
                states.add(sessions);
                commits.increment();
            }
        };
        StoreOptions options = StoreOptions.defaults()
                .withClock(pair.clock())
                .withCommitBatch(batch)
                .withListener(listener);
        List<SessionManager> managers = new ArrayList<>();
        List<Callable<Void>> peers = new ArrayList<>();
        AtomicLong warm = new AtomicLong();
        for (SessionStore node : nodes) {
            StoredSessions sessions = StoredSessions.of(node, ring, pair.server(), options);
            SessionManager manager = SessionManager.of(sessions);
            managers.add(manager);
            for (int i = 0; i < PEERS; i++) {
                Pair.Sessions established = pair.establish();
                SessionClaim claim = sessions.add(established.server());
                claim.release();
                peers.add(() -> ask(
                        manager,
                        claim.id(),
                        established.client(),
                        warm.get(),
                        warm.get() + TimeUnit.SECONDS.toNanos(seconds),
                        rate == 0 ? 0 : TimeUnit.SECONDS.toNanos(PEERS) / rate,
                        requests,
                        all));
            }
        }
        states.reset();
        commits.reset();
        Duration before = cpuTime();
        warm.set(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds) / 2);
        ExecutorService threads = Executors.newFixedThreadPool(peers.size());
        try {
            for (Future<Void> peer : threads.invokeAll(peers)) {
                peer.get();
            }
        } finally {
            threads.shutdownNow();
        }
        Duration cpuTime = cpuTime().minus(before);
        managers.forEach(SessionManager::close);
        double perSecond = requests.sum() / (double) seconds;
        System.out.printf(
                "| %s | up to %d | %,.0f /s | %.1f |%n", name, batch, perSecond, states.sum() / (double) commits.sum());
        return new Run(perSecond, all.sum(), cpuTime);
    }

    private static Duration cpuTime() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    /** Asks at an interval of nanoseconds, or as soon as there is an answer if it is 0. */
    private static Void ask(
            SessionManager manager,
            String token,
            SecureSession client,
            long warm,
            long end,
            long interval,
            LongAdder requests,
            LongAdder all)
            throws Exception {
        byte[] payload = new byte[64];
        long next = System.nanoTime()
                + (interval == 0 ? 0 : ThreadLocalRandom.current().nextLong(interval));
        while (true) {
            while (interval > 0 && System.nanoTime() < next) {
                LockSupport.parkNanos(next - System.nanoTime());
            }
            // A peer that is late does not make up for more than one request.
            next = Math.max(next + interval, System.nanoTime() - interval);
            SessionManager.Request request = (SessionManager.Request) manager.receive(token, client.wrap(payload));
            client.unwrap(request.answer(request.payload()));
            all.increment();
            long now = System.nanoTime();
            if (now > end) {
                return null;
            }
            if (now > warm) {
                requests.increment();
            }
        }
    }

    private void claims(int sessions) throws Exception {
        Path file = directory.resolve("sqlite.db");
        JdbcSessionStore.sqlite(file).close();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
            List<String> ids = fill(connection, sessions);
            try (SessionStore store = JdbcSessionStore.sqlite(file)) {
                claim("SQLite", store, ids);
            }
        }
        System.out.printf("size of the file: %,d MiB%n", Files.size(file) >> 20);
        try (EmbeddedPostgres postgres = postgres();
                HikariDataSource pool = pool(postgres);
                SessionStore store = JdbcSessionStore.postgresql(pool);
                Connection connection = pool.getConnection()) {
            List<String> ids = fill(connection, sessions);
            claim("PostgreSQL", store, ids);
            try (Statement statement = connection.createStatement();
                    ResultSet size = statement.executeQuery("select pg_table_size('secure_session') / 1048576,"
                            + " pg_indexes_size('secure_session') / 1048576")) {
                size.next();
                System.out.printf("table %,d MiB, indexes %,d MiB%n", size.getLong(1), size.getLong(2));
            }
        }
    }

    /** Adds sessions to a store in memory and copies their records: sealed states that any store can give back. */
    private List<String> fill(Connection connection, int sessions) throws Exception {
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        StateBinding binding = StateBinding.of("template", 1);
        byte[] template = pair.establish().server().suspend(key, binding);
        List<String> ids = new ArrayList<>(sessions);
        long start = System.nanoTime();
        connection.setAutoCommit(false);
        for (int done = 0; done < sessions; done += CHUNK) {
            MemorySessionStore chunk = new MemorySessionStore();
            StoredSessions stored = StoredSessions.of(
                    chunk, ring, pair.server(), StoreOptions.defaults().withClock(pair.clock()));
            try (PreparedStatement insert = connection.prepareStatement(
                    "insert into secure_session (id, format, peer, epoch, version, key_name, expires, state)"
                            + " values (?, ?, ?, ?, ?, ?, ?, ?)")) {
                for (int i = done; i < Math.min(sessions, done + CHUNK); i++) {
                    SecureSession session =
                            SecureSession.restoreAcceptingAnyKnownPeer(template, key, binding, pair.server());
                    SessionClaim claim = stored.add(session);
                    ids.add(claim.id());
                    add(insert, chunk.find(claim.id()).orElseThrow());
                    session.close();
                }
                insert.executeBatch();
            }
            connection.commit();
        }
        connection.setAutoCommit(true);
        System.out.printf("filled with %,d sessions in %d s%n", sessions, (System.nanoTime() - start) / 1_000_000_000);
        return ids;
    }

    private static void add(PreparedStatement insert, SessionRecord record) throws SQLException {
        insert.setString(1, record.id());
        insert.setInt(2, record.format());
        insert.setBytes(3, record.peer().orElseThrow().toBytes());
        insert.setLong(4, record.epoch());
        insert.setLong(5, record.version());
        insert.setString(6, record.keyName());
        insert.setLong(7, record.expires().toEpochMilli());
        insert.setBytes(8, record.state());
        insert.addBatch();
    }

    private void claim(String name, SessionStore store, List<String> ids) throws Exception {
        StoredSessions sessions = StoredSessions.of(
                store, ring, pair.server(), StoreOptions.defaults().withClock(pair.clock()));
        Random random = new Random(SEED);
        List<Long> heaps = new ArrayList<>();
        long[] nanos = new long[CLAIMS];
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < CLAIMS; i++) {
                String id = ids.get(random.nextInt(ids.size()));
                long start = System.nanoTime();
                SessionClaim claim = sessions.claim(id);
                nanos[i] = System.nanoTime() - start;
                claim.release();
            }
            System.gc();
            heaps.add((Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory()) >> 20);
        }
        Arrays.sort(nanos);
        System.out.printf(
                "%s: claim of one of %,d sessions: median %.3f ms, 99 %% %.3f ms; heap after each %,d claims: %s MiB%n",
                name, ids.size(), nanos[CLAIMS / 2] / 1e6, nanos[CLAIMS * 99 / 100] / 1e6, CLAIMS, heaps);
    }
}

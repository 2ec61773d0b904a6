package dev.securesession.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.PeerId;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.store.SessionStore.Change;
import dev.securesession.testkit.SessionStoreSuite;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Redis keeps the contract of all stores, and a store refuses a server on which it could not. */
class RedisStoreTest {
    private static final Instant LATER = Instant.ofEpochSecond(1_900_000_000);

    @TempDir
    private static Path directory;

    private static RedisProcess inMemory;
    private static RedisProcess onDisk;

    @BeforeAll
    static void startServers() throws IOException {
        inMemory = RedisProcess.start(directory.resolve("memory"));
        onDisk = RedisProcess.start(directory.resolve("disk"), "--appendonly", "yes", "--appendfsync", "always");
    }

    @AfterAll
    static void stopServers() throws Exception {
        inMemory.close();
        onDisk.close();
    }

    @TestFactory
    Stream<DynamicTest> whereSessionsEndWithTheServer() {
        return tests(SessionStoreSuite.of(
                name -> RedisSessionStore.open(inMemory.uri(), name + ":", AfterRestart.END_SESSIONS)));
    }

    @TestFactory
    Stream<DynamicTest> whereSessionsOutliveTheServer() {
        return tests(SessionStoreSuite.of(name -> RedisSessionStore.open(
                onDisk.uri(), name + ":", AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK)));
    }

    @Test
    void twoStoresShareAServer() throws Exception {
        SessionRecord record = record("one");
        try (SessionStore first = RedisSessionStore.open(inMemory.uri());
                SessionStore second = RedisSessionStore.open(inMemory.uri())) {
            assertThat(first.insert(record)).isTrue();
            assertThat(second.replace(Change.of(record, record.at(2, 2)))).isTrue();
            assertThat(first.replace(Change.of(record, record.at(2, 2)))).isFalse();
            assertThat(first.areOwned(List.of(record, record.at(2, 9)))).containsExactly(false, true);
            assertThat(first).hasToString("store in Redis, secure-session:, END_SESSIONS");
        }
    }

    @Test
    void aChangedPeerIsFoundUnderTheNewOne() throws Exception {
        try (SessionStore store = open("peers:")) {
            SessionRecord read = record("one").withPeer(PeerId.ofUtf8("before"));
            store.insert(read);
            store.replace(Change.of(read, read.withPeer(PeerId.ofUtf8("after"))));
            assertThat(store.list(PeerId.ofUtf8("before"))).isEmpty();
            assertThat(store.list(PeerId.ofUtf8("after"))).containsExactly("one");
            assertThat(store.deleteAll(PeerId.ofUtf8("after"))).containsExactly("one");
        }
        assertThat(inMemory.<List<String>>ask(redis -> redis.keys("peers:*")))
                .as("a deleted record leaves nothing but the names of keys")
                .containsExactlyInAnyOrder("peers:layout", "peers:keys");
    }

    /** What the store says of a damaged record: delete it. Its id is still listed by peer, key and time then. */
    @Test
    @Timeout(60)
    void aRecordThatWasDeletedByHandIsForgotten() throws Exception {
        PeerId peer = PeerId.ofUtf8("peer");
        try (SessionStore store = open("byhand:")) {
            store.insert(record("gone").withPeer(peer));
            inMemory.ask(redis -> redis.del("byhand:record:gone"));
            assertThat(store.list(peer)).isEmpty();
            assertThat(store.listNotSealedBy("another", 10)).isEmpty();
            assertThat(store.list(10)).isEmpty();
        }
        assertThat(inMemory.<List<String>>ask(redis -> redis.keys("byhand:*")))
                .containsExactlyInAnyOrder("byhand:layout");
    }

    @Test
    void moreChangesThanOneScriptTakesAreAllMade() throws Exception {
        try (SessionStore store = open("many:")) {
            List<Change> changes = Stream.iterate(0, i -> i + 1)
                    .limit(1_201)
                    .map(i -> record("r" + i))
                    .map(record -> Change.of(record, record.at(1, 2)))
                    .toList();
            for (Change change : changes.subList(0, 1_200)) {
                store.insert(change.next().at(1, 1));
            }
            List<Boolean> made = store.replaceAll(changes);
            assertThat(made).hasSize(1_201);
            assertThat(made.subList(0, 1_200)).containsOnly(true);
            assertThat(made.get(1_200)).isFalse();
        }
    }

    @Test
    void refusesAServerThatEvicts() {
        inMemory.ask(redis -> redis.configSet("maxmemory-policy", "allkeys-lru"));
        try {
            assertThatThrownBy(() -> RedisSessionStore.open(inMemory.uri()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("noeviction");
        } finally {
            inMemory.ask(redis -> redis.configSet("maxmemory-policy", "noeviction"));
        }
    }

    @Test
    void refusesToKeepSessionsOnAServerThatLosesWrites() throws Exception {
        assertThatThrownBy(() -> keep(inMemory)).isInstanceOf(IOException.class).hasMessageContaining("appendfsync");
        onDisk.ask(redis -> redis.configSet("appendfsync", "everysec"));
        try {
            assertThatThrownBy(() -> keep(onDisk))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("appendfsync");
        } finally {
            onDisk.ask(redis -> redis.configSet("appendfsync", "always"));
        }
        keep(onDisk).close();
    }

    @Test
    void refusesALaterLayoutAndAnotherRule() throws Exception {
        inMemory.ask(redis -> redis.hset("later:layout", Map.of("version", "2", "restarts", "END_SESSIONS")));
        assertThatThrownBy(() -> open("later:")).isInstanceOf(IOException.class).hasMessageContaining("version 2");
        RedisSessionStore.open(onDisk.uri(), "rule:", AfterRestart.END_SESSIONS).close();
        assertThatThrownBy(() -> RedisSessionStore.open(
                        onDisk.uri(), "rule:", AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("END_SESSIONS");
    }

    @Test
    void refusesADamagedRecord() throws Exception {
        try (SessionStore store = open("damaged:")) {
            store.insert(record("one"));
            inMemory.ask(redis -> redis.hset("damaged:record:one", "format", "none"));
            assertThatThrownBy(() -> store.find("one"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged");
        }
    }

    @Test
    void goesOnWhenTheScriptsAreFlushed() throws Exception {
        try (SessionStore store = open("flushed:")) {
            store.insert(record("one"));
            inMemory.ask(redis -> redis.scriptFlush());
            assertThat(store.find("one")).isPresent();
        }
    }

    @Test
    void anInterruptedCallSaysSo() throws Exception {
        try (SessionStore store = open("interrupted:")) {
            boolean told = false;
            // A reply that is there before the thread waits is not missed: then the call succeeds.
            for (int i = 0; i < 1_000 && !told; i++) {
                Thread.currentThread().interrupt();
                try {
                    store.find("one");
                } catch (InterruptedIOException e) {
                    told = true;
                }
                assertThat(Thread.interrupted()).isTrue();
            }
            assertThat(told).isTrue();
        }
    }

    @Test
    void aClosedStoreFails() throws Exception {
        SessionStore store = open("closed:");
        store.close();
        store.close();
        assertThatThrownBy(() -> store.find("one"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aMissingPasswordIsReported(@TempDir Path other) throws Exception {
        try (RedisProcess guarded = RedisProcess.start(other, "--requirepass", "open sesame")) {
            assertThatThrownBy(() -> RedisSessionStore.open(guarded.uri()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("NOAUTH");
        }
    }

    @Test
    void aServerThatIsNotThereIsReported() throws Exception {
        RedisProcess gone = RedisProcess.start(directory.resolve("gone"));
        gone.close();
        assertThatThrownBy(() -> RedisSessionStore.open(gone.uri())).isInstanceOf(IOException.class);
    }

    private static RedisSessionStore open(String prefix) throws IOException {
        return RedisSessionStore.open(inMemory.uri(), prefix, AfterRestart.END_SESSIONS);
    }

    private static RedisSessionStore keep(RedisProcess server) throws IOException {
        return RedisSessionStore.open(server.uri(), "keep:", AfterRestart.KEEP_SESSIONS_IF_EVERY_WRITE_IS_ON_DISK);
    }

    private static SessionRecord record(String id) {
        return SessionRecord.of(id, SessionRecord.SESSION, "key", LATER, new byte[1]);
    }

    private static Stream<DynamicTest> tests(SessionStoreSuite suite) {
        System.out.println(suite);
        return suite.checks().stream().map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }
}

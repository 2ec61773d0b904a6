package dev.securesession.cli.state;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.SecureSession;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.cli.Cli;
import dev.securesession.store.ClaimLostException;
import dev.securesession.store.FileSessionStore;
import dev.securesession.store.KeyRing;
import dev.securesession.store.MemorySessionStore;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoredSessions;
import dev.securesession.store.jdbc.JdbcSessionStore;
import dev.securesession.testkit.FaultyStore;
import dev.securesession.testkit.Pair;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import redis.embedded.RedisServer;

/** What the command does with stores, which are real ones. */
class StoredStateTest {
    private static final Pair PAIR = Pair.create();

    @TempDir
    private Path directory;

    /** The peers of the sessions that were stored, by the ids of these. */
    private final Map<String, SecureSession> peers = new LinkedHashMap<>();

    @Test
    void listsWhatAStoreHolds() throws Exception {
        List<String> ids = fill(sqlite(), 3);

        Cli.Result all = new Cli().run("state", "list", sqlite()).succeeded();
        Cli.Result two = new Cli().run("state", "list", "--limit", 2, sqlite()).succeeded();
        Cli.Result ofPeer =
                new Cli().run("state", "list", "--peer", "client", sqlite()).succeeded();
        Cli.Result ofOther =
                new Cli().run("state", "list", "--peer", "eve", sqlite()).succeeded();

        assertThat(all.out().lines())
                .hasSize(3)
                .allSatisfy(line -> assertThat(line)
                        .startsWith("session ")
                        .contains("  peer \"client\"  epoch 1  version ", "  key first  expires "));
        assertThat(ids).allSatisfy(id -> assertThat(all.out()).contains(id));
        assertThat(two.out().lines()).hasSize(2);
        assertThat(two.err()).contains("there are more than 2");
        assertThat(ofPeer.out().lines()).hasSize(3);
        assertThat(ofOther.out()).isEmpty();
    }

    @Test
    void inspectTellsWhetherTheStateOpens() throws Exception {
        String id = fill(sqlite(), 1).get(0);
        Files.write(directory.resolve("other"), new byte[32]);

        Cli.Result plain = new Cli().run("state", "inspect", sqlite(), id).succeeded();
        Cli.Result opened = new Cli()
                .run("state", "inspect", "--state-key", keyFile("first"), sqlite(), id)
                .succeeded();
        Cli.Result other = new Cli().run("state", "inspect", "--state-key", directory.resolve("other"), sqlite(), id);

        assertThat(plain.out())
                .contains("kind     session\n", "peer     \"client\"\n", "epoch    1 ")
                .doesNotContain("opens");
        assertThat(opened.out()).contains("opens    yes\n");
        assertThat(other.status()).isEqualTo(1);
        assertThat(other.out()).contains("opens    no: ");
        assertThat(claim(sqlite(), id, "on")).isEqualTo("on");
        new Cli().run("state", "inspect", sqlite(), "none").failed(1, "nothing is stored as none");
    }

    @Test
    void rotateSealsWithTheCurrentKey() throws Exception {
        List<String> ids = fill(sqlite(), 300);

        Cli.Result rotated = new Cli()
                .run(
                        "state",
                        "rotate",
                        "--state-key",
                        "second=" + keyFile("second"),
                        "--earlier-key",
                        "first=" + keyFile("first"),
                        sqlite())
                .succeeded();

        assertThat(rotated.out()).isEqualTo("sealed 300 states with second\n");
        assertThat(new Cli().run("state", "list", sqlite()).out())
                .contains("key second")
                .doesNotContain("key first");
        assertThat(claim(sqlite(), ids.get(7), "rotated", KeyRing.of("second", key("second"))))
                .isEqualTo("rotated");
    }

    @Test
    void rotateWithoutTheEarlierKeyChangesNothing() throws Exception {
        String id = fill(sqlite(), 1).get(0);

        new Cli()
                .run("state", "rotate", "--state-key", "second=" + keyFile("second"), sqlite())
                .failed(1, "sealed by the key first, which the key ring does not have");

        assertThat(claim(sqlite(), id, "still")).isEqualTo("still");
    }

    @Test
    void keysOfARingHaveNames() throws Exception {
        fill(sqlite(), 1);
        Path key = keyFile("first");

        new Cli().run("state", "rotate", "--state-key", key, sqlite()).failed(2, "without a name; give NAME=FILE");
        new Cli()
                .run("state", "rotate", "--state-key", "a=" + key, "--earlier-key", key, sqlite())
                .failed(2, "--earlier-key: " + key + " without a name; give NAME=FILE");
        new Cli()
                .run("state", "rotate", "--state-key", "A=" + key, sqlite())
                .failed(2, "the name of a key is 1 to 64 of the characters");
        new Cli().run("state", "rotate", "--state-key", "a=", sqlite()).failed(2, "names no file");
        new Cli()
                .run("state", "rotate", "--state-key", "a=" + key, "--earlier-key", "a=" + key, sqlite())
                .failed(2, "two keys with the name a");
    }

    @Test
    void inspectComparesTheNameOfTheKeyIfThereIsOne() throws Exception {
        String id = fill(sqlite(), 1).get(0);

        Cli.Result named = new Cli()
                .run("state", "inspect", "--state-key", "first=" + keyFile("first"), sqlite(), id)
                .succeeded();
        Cli.Result other = new Cli().run("state", "inspect", "--state-key", "second=" + keyFile("first"), sqlite(), id);

        assertThat(named.out()).contains("opens    yes\n");
        assertThat(other.status()).isEqualTo(1);
        assertThat(other.out()).contains("opens    no: it was sealed by the key first, not by second");
    }

    @Test
    void aFileWithAnEqualsSignIsToldByItsFolder() throws Exception {
        String id = fill(sqlite(), 1).get(0);
        Path odd = Files.copy(keyFile("first"), directory.resolve("a=b"));

        new Cli().run("state", "inspect", "--state-key", odd, sqlite(), id).succeeded();
        new Cli()
                .run("state", "inspect", "--state-key", "first=" + odd, sqlite(), id)
                .succeeded();
    }

    @Test
    void revokeEndsTheSessionsOfAPeer() throws Exception {
        String id = fill(sqlite(), 2).get(0);

        new Cli().run("state", "revoke", "--peer", "eve", sqlite()).succeeded();
        assertThat(claim(sqlite(), id, "still")).isEqualTo("still");
        Cli.Result revoked =
                new Cli().run("state", "revoke", "--peer", "client", sqlite()).succeeded();

        assertThat(revoked.out()).isEqualTo("deleted 2 sessions\n");
        assertThatThrownBy(() -> claim(sqlite(), id, "no more")).isInstanceOf(StateRejectedException.class);
    }

    @Test
    void storesThatAreNoneAreExplained() throws Exception {
        new Cli().run("state", "list", sqlite()).failed(1, "there is no store sqlite:");
        new Cli().run("state", "list", "file:" + directory.resolve("none")).failed(1, "there is no store file:");
        new Cli().run("state", "list", "redis://127.0.0.1:1/0").failed(1);
        new Cli()
                .run("state", "list", "postgresql://127.0.0.1:1/x?user=a&password=hunter2")
                .failed(1);
        assertThat(new Cli()
                        .run("state", "list", "postgresql://127.0.0.1:1/x?password=hunter2")
                        .err())
                .doesNotContain("hunter2");
        new Cli().run("state", "list", "--limit", 0, sqlite()).failed(2, "--limit 0");
        new Cli().run("state", "move", "--from", sqlite(), "--to", sqlite()).failed(2, "the same store");
        Files.writeString(
                directory.resolve("text.db"), "no database at all, but a text that is long enough to be read");
        new Cli().run("state", "list", "sqlite:" + directory.resolve("text.db")).failed(1, "text.db");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mysql://host/db?password=hunter2",
                "postgres://host/db?password=hunter2",
                "hunter2",
                "sqlite:",
                "file:",
                "redis://"
            })
    void textThatNamesNoStoreIsWrongUsage(String text) throws Exception {
        for (List<String> command : List.of(
                List.of("list", text),
                List.of("inspect", text, "id"),
                List.of("revoke", "--peer", "eve", text),
                List.of("rotate", "--state-key", "a=" + keyFile("first"), text),
                List.of("move", "--from", text, "--to", "file:" + directory.resolve("files")),
                List.of(
                        "move",
                        "--from",
                        "file:" + Files.createDirectories(directory.resolve("from")),
                        "--to",
                        text))) {
            List<String> arguments = new ArrayList<>(List.of("state"));
            arguments.addAll(command);

            Cli.Result refused = new Cli().run(arguments.toArray());

            refused.failed(
                    2,
                    "file:FOLDER, sqlite:FILE, postgresql://HOST[:PORT]/DATABASE?user=USER, redis://HOST[:PORT]/NUMBER or"
                            + " rediss://HOST[:PORT]/NUMBER");
            assertThat(refused.err()).as("it may have a password").doesNotContain("hunter2");
        }
    }

    @Test
    void helpNamesEveryFormOfAStore() {
        assertThat(new Cli().run("state", "--help").succeeded().out())
                .contains("file:FOLDER", "sqlite:FILE", "postgresql://HOST", "redis://HOST", "rediss://HOST");
    }

    @ParameterizedTest
    @CsvSource({
        "postgresql://127.0.0.1:1/x, /org/postgresql/postgresql/, org.postgresql:postgresql",
        "sqlite:made.db, /org/xerial/sqlite-jdbc/, org.xerial:sqlite-jdbc",
        "redis://127.0.0.1:1/0, /io/lettuce/lettuce-core/, io.lettuce:lettuce-core"
    })
    void aDriverThatIsMissingIsNamed(String store, String folder, String artifact) throws Exception {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains(folder))
                .collect(joining(File.pathSeparator));
        ProcessBuilder command = Cli.process("state", "move", "--from", "file:from", "--to", store)
                .directory(directory.toFile())
                .redirectErrorStream(true);
        command.command().set(command.command().indexOf("-cp") + 1, classPath);
        Files.createDirectories(directory.resolve("from"));

        Process process = command.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);

        assertThat(process.waitFor()).as(output).isEqualTo(1);
        assertThat(output)
                .startsWith("secure-session state move: ")
                .contains(artifact, "is missing")
                .doesNotContain("\tat ");
    }

    /** Through every store and back, with a claim at each station. */
    @Test
    void movesThroughAllStores() throws Exception {
        int port = freePort();
        RedisServer redis = RedisServer.newRedisServer()
                .port(port)
                .bind("127.0.0.1")
                .setting("save \"\"")
                .build();
        redis.start();
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            List<String> stations = List.of(
                    sqlite(),
                    "postgresql://127.0.0.1:" + postgres.getPort() + "/postgres?user=postgres",
                    "redis://127.0.0.1:" + port + "/0",
                    "file:" + directory.resolve("files"),
                    "sqlite:" + directory.resolve("last.db"));
            List<String> ids = fill(sqlite(), 20);
            for (int i = 1; i < stations.size(); i++) {
                Cli.Result moved = new Cli()
                        .run("state", "move", "--from", stations.get(i - 1), "--to", stations.get(i))
                        .succeeded();

                assertThat(moved.out()).isEqualTo("moved 20 sessions and handshakes\n");
                assertThat(new Cli()
                                .run("state", "list", stations.get(i - 1))
                                .succeeded()
                                .out())
                        .isEmpty();
                assertThat(new Cli()
                                .run("state", "list", stations.get(i))
                                .succeeded()
                                .out()
                                .lines())
                        .hasSize(20);
            }
            for (String id : ids) {
                assertThat(claim(stations.get(4), id, "hello " + id)).isEqualTo("hello " + id);
            }
            assertThat(new Cli()
                            .run("state", "revoke", "--peer", "client", stations.get(4))
                            .succeeded()
                            .out())
                    .isEqualTo("deleted 20 sessions\n");
        } finally {
            redis.stop();
        }
    }

    /** Whichever call fails, before or after its work: nothing can be used in both stores, and a second run completes it. */
    @ParameterizedTest
    @EnumSource
    void everyFailureOfAMoveCanBeTakenUp(FaultyStore.Moment moment) throws Exception {
        int failures = 0;
        for (boolean ofSource : new boolean[] {true, false}) {
            boolean failed = true;
            for (int call = 1; failed; call++) {
                try (MemorySessionStore from = new MemorySessionStore();
                        MemorySessionStore to = new MemorySessionStore()) {
                    List<String> ids = fill(from, 3);
                    FaultyStore faulty = FaultyStore.failingAt(ofSource ? from : to, call, moment);
                    failed = !isMoved(ofSource ? faulty : from, ofSource ? to : faulty);
                    for (String id : ids) {
                        boolean usableThere = isUsable(to, id);
                        assertThat(isUsable(from, id) && usableThere)
                                .as("usable twice")
                                .isFalse();
                    }

                    new RecordMover(from, to, count -> {}).move();

                    assertThat(from.list(10)).isEmpty();
                    for (String id : ids) {
                        assertThat(isUsable(to, id)).as("arrived").isTrue();
                        assertThat(claim(to, id, "x", ring())).isEqualTo("x");
                    }
                    failures += failed ? 1 : 0;
                }
            }
        }
        assertThat(failures).as("calls that failed").isGreaterThan(20);
    }

    @Test
    void anOwnerThatStillRunsLosesItsSession() throws Exception {
        try (MemorySessionStore from = new MemorySessionStore();
                MemorySessionStore to = new MemorySessionStore()) {
            String id = fill(from, 1).get(0);
            SessionClaim claim = sessions(from, ring()).claim(id);
            new RecordMover(from, to, count -> {}).move();

            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1000; i++) {
                            claim.wrap(new byte[] {1});
                        }
                    })
                    .isInstanceOf(ClaimLostException.class);
            assertThat(claim(to, id, "here", ring())).isEqualTo("here");
        }
    }

    @Test
    void aRecordThatBothStoresHaveStaysWhereItIs() throws Exception {
        try (MemorySessionStore from = new MemorySessionStore();
                MemorySessionStore to = new MemorySessionStore()) {
            String id = fill(from, 1).get(0);
            to.insert(from.find(id).orElseThrow());

            assertThatThrownBy(() -> new RecordMover(from, to, count -> {}).move())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("both stores have a record " + id);
            assertThat(claim(from, id, "x", ring())).isEqualTo("x");
        }
    }

    @Test
    void formatsOfLaterVersionsStay() throws Exception {
        try (MemorySessionStore from = new MemorySessionStore();
                MemorySessionStore to = new MemorySessionStore()) {
            SessionRecord unknown =
                    SessionRecord.of("later", 200, "first", PAIR.clock().instant(), new byte[10]);
            from.insert(unknown);
            fill(from, 1);

            assertThat(new RecordMover(from, to, count -> {}).move()).isEqualTo(1);
            assertThat(from.list(10)).containsExactly("later");
        }
    }

    private static boolean isMoved(SessionStore from, SessionStore to) {
        try {
            new RecordMover(from, to, count -> {}).move();
            return true;
        } catch (IOException failed) {
            return false;
        }
    }

    private static boolean isUsable(SessionStore store, String id) throws IOException {
        return store.find(id)
                .filter(record -> record.format() == SessionRecord.SESSION)
                .isPresent();
    }

    /** Opens a store as a service does, claims a session, and returns what arrives of a message of the peer. */
    private String claim(String store, String id, String text) throws Exception {
        return claim(store, id, text, ring());
    }

    private String claim(String store, String id, String text, KeyRing ring) throws Exception {
        Path path = Path.of(store.substring(store.indexOf(':') + 1));
        try (SessionStore opened =
                store.startsWith("file:") ? FileSessionStore.open(path) : JdbcSessionStore.sqlite(path)) {
            return claim(opened, id, text, ring);
        }
    }

    private String claim(SessionStore store, String id, String text, KeyRing ring) throws Exception {
        try (SessionClaim claim = sessions(store, ring).claim(id)) {
            return new String(claim.unwrap(peers.get(id).wrap(text.getBytes(UTF_8))), UTF_8);
        }
    }

    private List<String> fill(String store, int count) throws Exception {
        try (SessionStore opened = JdbcSessionStore.sqlite(Path.of(store.substring("sqlite:".length())))) {
            return fill(opened, count);
        }
    }

    private List<String> fill(SessionStore store, int count) throws Exception {
        StoredSessions sessions = sessions(store, ring());
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Pair.Sessions pair = PAIR.establish();
            try (SessionClaim claim = sessions.add(pair.server())) {
                ids.add(claim.id());
                peers.put(claim.id(), pair.client());
            }
        }
        return ids;
    }

    private static StoredSessions sessions(SessionStore store, KeyRing ring) {
        return StoredSessions.of(store, ring, PAIR.server());
    }

    private KeyRing ring() throws IOException {
        return KeyRing.of("first", key("first"));
    }

    private StateKey key(String name) throws IOException {
        return StateKey.of(Files.readAllBytes(keyFile(name)));
    }

    private Path keyFile(String name) {
        Path file = directory.resolve(name);
        if (!Files.exists(file)) {
            new Cli().run("state", "new-key", "--out", file).succeeded();
        }
        return file;
    }

    private String sqlite() {
        return "sqlite:" + directory.resolve("sessions.db");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}

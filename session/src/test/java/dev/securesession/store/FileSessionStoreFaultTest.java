package dev.securesession.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every single call of the file system fails once, before or after it has done its work. */
class FileSessionStoreFaultTest {
    private static final PeerId PEER = PeerId.ofUtf8("peer");
    private static final Instant EXPIRES = Instant.ofEpochSecond(1_800_000_000);

    /** What a record may be after a failure: each of these, empty for none. */
    private final Map<String, List<Optional<Long>>> possible = new HashMap<>();

    @TempDir
    private Path folder;

    @Test
    void aFailedCallLeavesTheOldRecordOrTheNewOne() throws Exception {
        Set<String> failed = new TreeSet<>();
        for (FailingFiles.Moment moment : FailingFiles.Moment.values()) {
            int call = 1;
            while (true) {
                Path directory = folder.resolve(moment + "-" + call);
                FailingFiles files = new FailingFiles(FileSystems.getDefault(), call, moment);
                possible.clear();
                try {
                    use(files.path(directory));
                } catch (IOException reported) {
                    assertThat(reported).hasMessageContaining(" fails ");
                }
                if (files.failed().isEmpty()) {
                    break;
                }
                failed.add(files.failed());
                requireWhole(directory, "call " + call + " failed " + moment + ": " + files.failed());
                call++;
            }
            assertThat(call).as("calls that have failed").isGreaterThan(40);
        }
        assertThat(failed)
                .contains("open", "write", "force", "close", "move", "delete", "tryLock", "newDirectoryStream");
    }

    private void use(Path directory) throws IOException {
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            for (String id : List.of("a", "b", "c")) {
                change(
                        id,
                        Optional.of(1L),
                        () -> assertThat(store.insert(record(id, 1))).isTrue());
            }
            // There is one: it stays, also when the question fails.
            assertThat(store.insert(record("a", 7))).isFalse();
            change(
                    "a",
                    Optional.of(2L),
                    () -> assertThat(replace(store, "a", 2)).isTrue());
            change(
                    "b",
                    Optional.of(2L),
                    () -> assertThat(replace(store, "b", 2)).isTrue());
            change(
                    "c",
                    Optional.empty(),
                    () -> assertThat(store.delete(record("c", 1))).isTrue());
            assertThat(store.find("a")).isPresent();
            change(
                    "b",
                    Optional.empty(),
                    () -> assertThat(store.delete(record("b", 2))).isTrue());
            change(
                    "a",
                    Optional.empty(),
                    () -> assertThat(store.deleteExpired(EXPIRES.plusSeconds(1), 10))
                            .isEqualTo(1));
            change(
                    "d",
                    Optional.of(1L),
                    () -> assertThat(store.insert(record("d", 1))).isTrue());
            change(
                    "d",
                    Optional.empty(),
                    () -> assertThat(store.deleteAll(PEER)).containsExactly("d"));
        }
    }

    private static boolean replace(SessionStore store, String id, long version) throws IOException {
        return store.replaceAll(List.of(SessionStore.Change.of(record(id, version - 1), record(id, version))))
                .get(0);
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    /** While a change runs, the old and the new record are possible; when it has succeeded, the new one only. */
    private void change(String id, Optional<Long> next, Step step) throws IOException {
        List<Optional<Long>> both = new ArrayList<>(possible.getOrDefault(id, List.of(Optional.empty())));
        both.add(next);
        possible.put(id, both);
        step.run();
        possible.put(id, List.of(next));
    }

    private void requireWhole(Path directory, String when) throws IOException {
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            for (Map.Entry<String, List<Optional<Long>>> entry : possible.entrySet()) {
                Optional<SessionRecord> found = store.find(entry.getKey());

                assertThat(entry.getValue())
                        .as("versions of " + entry.getKey() + " after " + when)
                        .contains(found.map(SessionRecord::version));
                found.ifPresent(record -> assertThat(record.state()).as(when).isEqualTo(state(record.version())));
            }
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(Path::toString)).as(when).noneMatch(name -> name.endsWith(".new"));
        }
    }

    private static SessionRecord record(String id, long version) {
        return SessionRecord.of(id, SessionRecord.SESSION, "key-1", EXPIRES, state(version))
                .withPeer(PEER)
                .at(1, version);
    }

    private static byte[] state(long version) {
        byte[] state = new byte[200];
        Arrays.fill(state, (byte) version);
        return state;
    }
}

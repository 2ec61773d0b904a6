package dev.securesession.store;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.PeerId;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.SessionStoreSuite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The stores of this module keep the contract of all stores, and the files are what they should be. */
class StoreContractTest {
    private static final Instant LATER = Instant.ofEpochSecond(1_900_000_000);

    @TempDir
    private Path directory;

    @TestFactory
    Stream<DynamicTest> memory() {
        Map<String, SessionStore> stores = new HashMap<>();
        return tests(SessionStoreSuite.of(name -> stores.computeIfAbsent(name, unused -> new MemorySessionStore())));
    }

    @TestFactory
    Stream<DynamicTest> files() {
        return tests(SessionStoreSuite.of(name -> FileSessionStore.open(directory.resolve(name))));
    }

    /** A suite that finds nothing wrong anywhere would let every store pass. */
    @Test
    void suiteFindsAStoreThatDoesNotCompare() {
        SessionStoreSuite suite = SessionStoreSuite.of(name -> new Careless());

        Map<String, String> failed = new HashMap<>();
        for (SessionStoreSuite.Check check : suite.checks()) {
            try {
                check.run();
            } catch (AssertionError found) {
                failed.put(check.name(), String.valueOf(found.getMessage()));
            } catch (Exception other) {
                throw new AssertionError(check.name(), other);
            }
        }

        assertThat(failed.get("replacesOnlyWhatWasRead"))
                .as("names the operation that failed")
                .startsWith("replace returned true");
        assertThat(failed.get("behavesAsTheModel"))
                .startsWith("replaceAll of [from ")
                .contains(", seed ");
        assertThat(failed.keySet())
                .contains(
                        "replacesOnlyWhatWasRead",
                        "oneOfManyWritersSucceeds",
                        "pausedOwnerIsShutOut",
                        "survivesReopening",
                        "behavesAsTheModel")
                .doesNotContain("findsWhatWasInserted");
    }

    @Test
    void onlyTheOwnerReadsTheFiles() throws IOException {
        Path place = directory.resolve("store");
        try (FileSessionStore store = FileSessionStore.open(place)) {
            store.insert(SessionRecord.of("one", SessionRecord.SESSION, "key", LATER, new byte[1]));
            try (Stream<Path> files = Files.list(place)) {
                assertThat(files)
                        .hasSize(2)
                        .allSatisfy(
                                file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                        .isEqualTo("rw-------"));
            }
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(place)))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void oneStoreUsesADirectory() throws IOException {
        try (FileSessionStore first = FileSessionStore.open(directory)) {
            assertThatThrownBy(() -> FileSessionStore.open(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("in use");
            assertThat(first).hasToString("store in " + directory);
        }
        FileSessionStore.open(directory).close();
    }

    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void aChangeThatWasNotFinishedIsNotMade() throws IOException {
        SessionRecord record = SessionRecord.of("one", SessionRecord.SESSION, "key", LATER, new byte[1]);
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            store.insert(record);
        }
        Path unfinished = Files.write(directory.resolve("one.new"), new byte[] {1, 2, 3});
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            assertThat(unfinished).doesNotExist();
            assertThat(store.find("one").orElseThrow()).hasToString(record.toString());
        }
    }

    @Test
    void aDamagedFileIsReportedAndDoesNotHideOthers() throws IOException {
        PeerId peer = PeerId.ofUtf8("peer");
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            for (String id : List.of("one", "two", "three")) {
                store.insert(SessionRecord.of(id, SessionRecord.SESSION, "key", LATER, new byte[9])
                        .withPeer(peer));
            }
            Path file = directory.resolve("one.session");
            byte[] good = Files.readAllBytes(file);
            for (int length = 0; length < good.length; length++) {
                Files.write(file, Arrays.copyOf(good, length));
                assertThatThrownBy(() -> store.find("one"))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("damaged");
            }
            Files.write(file, Arrays.copyOf(good, good.length + 1));
            assertThatThrownBy(() -> store.find("one")).hasMessageContaining("damaged");
            byte[] other = good.clone();
            other[0]++;
            Files.write(file, other);
            assertThatThrownBy(() -> store.find("one")).hasMessageContaining("damaged");
            Files.copy(directory.resolve("two.session"), file, StandardCopyOption.REPLACE_EXISTING);
            assertThatThrownBy(() -> store.find("one")).hasMessageContaining("damaged");

            assertThat(store.list(peer)).containsExactlyInAnyOrder("two", "three");
        }
    }

    /** A list of names costs one read of the directory, whatever the files hold. */
    @Test
    void listsIdsByTheNamesOfFiles() throws IOException {
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            for (String id : List.of("one", "two")) {
                store.insert(SessionRecord.of(id, SessionRecord.SESSION, "key", LATER, new byte[9]));
            }
            Files.write(directory.resolve("two.session"), new byte[0]);
            Files.write(directory.resolve("No name of a record.session"), new byte[9]);

            assertThat(store.list(9)).containsExactlyInAnyOrder("one", "two");
            assertThat(store.list(1)).hasSize(1);
        }
    }

    @Test
    void aClosedStoreDoesNothing() throws IOException {
        FileSessionStore store = FileSessionStore.open(directory);
        store.close();
        assertThatThrownBy(() -> store.find("one"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> store.list(PeerId.ofUtf8("peer"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> store.list(1)).isInstanceOf(IOException.class);
    }

    @Test
    void idsAreNamesOfFiles() throws IOException {
        try (FileSessionStore store = FileSessionStore.open(directory)) {
            for (String wrong : List.of("", "../one", "a/b", "A", "a".repeat(65), "a.b", "ä")) {
                assertThatThrownBy(() -> store.find(wrong)).isInstanceOf(IllegalArgumentException.class);
                assertThatThrownBy(() -> SessionRecord.of(wrong, 1, "key", LATER, new byte[0]))
                        .isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    private static Stream<DynamicTest> tests(SessionStoreSuite suite) {
        System.out.println(suite);
        return suite.checks().stream().map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }

    /** Replaces whatever is there. */
    private static final class Careless extends ForwardingStore {
        Careless() {
            super(new MemorySessionStore());
        }

        @Override
        public List<Boolean> replaceAll(List<Change> changes) {
            return changes.stream()
                    .map(change -> store.find(change.id()).isPresent()
                            && store.replaceAll(List.of(
                                            Change.of(store.find(change.id()).orElseThrow(), change.next())))
                                    .get(0))
                    .toList();
        }

        @Override
        public List<Boolean> areOwned(List<SessionRecord> records) {
            return records.stream().map(unused -> true).toList();
        }

        @Override
        public String toString() {
            return "careless store";
        }
    }
}

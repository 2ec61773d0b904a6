package dev.securesession.testkit;

import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedPayload;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SecureSessionException;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.store.ClaimLostException;
import dev.securesession.store.KeyRing;
import dev.securesession.store.MemorySessionStore;
import dev.securesession.store.RollbackGuard;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import dev.securesession.store.SessionStore.Change;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * What every {@link SessionStore} must do, as a list of checks for any test framework. With JUnit:
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> keepsTheContract() {
 *     return SessionStoreSuite.of(name -> MyStore.open(name)).checks().stream()
 *             .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
 * }
 * }</pre>
 */
public final class SessionStoreSuite {
    private static final Instant LATER = Instant.ofEpochMilli(1_900_000_000_123L);
    private static final int WRITERS = 4;
    private static final long DEADLINE_SECONDS = 120;

    private final Opener opener;
    private final long seed;

    private SessionStoreSuite(Opener opener, long seed) {
        this.opener = opener;
        this.seed = seed;
    }

    /**
     * Returns the suite for a kind of store, with a new seed for its random check.
     *
     * @param opener opens stores
     * @return the suite
     */
    public static SessionStoreSuite of(Opener opener) {
        return new SessionStoreSuite(opener, new Random().nextLong());
    }

    /**
     * Returns a copy with the seed that a failure has named.
     *
     * @param other the seed
     * @return the copy
     */
    public SessionStoreSuite withSeed(long other) {
        return new SessionStoreSuite(opener, other);
    }

    /**
     * Returns the checks. Each opens stores of its own and closes them.
     *
     * @return the checks, which can run in any order and each by itself
     */
    public List<Check> checks() {
        return List.of(
                new Check("findsWhatWasInserted", this::findsWhatWasInserted),
                new Check("insertRefusesAnIdInUse", this::insertRefusesAnIdInUse),
                new Check("replacesOnlyWhatWasRead", this::replacesOnlyWhatWasRead),
                new Check("changesOfOneCallAreIndependent", this::changesOfOneCallAreIndependent),
                new Check("answersForEachChangeOfARecord", this::answersForEachChangeOfARecord),
                new Check("sealsAnewInPlace", this::sealsAnewInPlace),
                new Check("knowsTheOwner", this::knowsTheOwner),
                new Check("deletesOnlyWhatWasRead", this::deletesOnlyWhatWasRead),
                new Check("listsEverything", this::listsEverything),
                new Check("listsAndDeletesByPeer", this::listsAndDeletesByPeer),
                new Check("deletesWhatHasExpired", this::deletesWhatHasExpired),
                new Check("listsWhatOtherKeysHaveSealed", this::listsWhatOtherKeysHaveSealed),
                new Check("survivesReopening", this::survivesReopening),
                new Check("oneOfManyWritersSucceeds", this::oneOfManyWritersSucceeds),
                new Check("batchesInAnyOrderDoNotBlockEachOther", this::batchesInAnyOrderDoNotBlockEachOther),
                new Check("behavesAsTheModel", this::behavesAsTheModel),
                new Check("pausedOwnerIsShutOut", this::pausedOwnerIsShutOut),
                new Check("successorContinuesAfterACrash", this::successorContinuesAfterACrash),
                new Check("rotationDoesNotDisturbAnOwner", this::rotationDoesNotDisturbAnOwner),
                new Check("noticesThatItWasPutBack", this::noticesThatItWasPutBack),
                new Check("keepsPromisesAtEveryFailure", this::keepsPromisesAtEveryFailure));
    }

    @Override
    public String toString() {
        return "suite of " + checks().size() + " checks of a session store, seed " + seed;
    }

    private void findsWhatWasInserted() throws Exception {
        try (SessionStore store = opener.open("find")) {
            byte[] everyByte = new byte[256];
            for (int i = 0; i < everyByte.length; i++) {
                everyByte[i] = (byte) i;
            }
            SessionRecord session = SessionRecord.of("session-1", SessionRecord.SESSION, "key_1", LATER, everyByte)
                    .withPeer(PeerId.of(everyByte))
                    .at(Long.MAX_VALUE / 2, Long.MAX_VALUE / 3);
            SessionRecord handshake =
                    SessionRecord.of("handshake-1", SessionRecord.HANDSHAKE, "key_1", LATER, new byte[70_000]);
            SessionRecord foreign = SessionRecord.of("foreign", 255, "key_1", LATER, new byte[1]);
            for (SessionRecord record : List.of(session, handshake, foreign)) {
                require(store.insert(record), "insert returned false for the new record " + record);
                requireSame(store.find(record.id()), record);
            }
            require(!store.find("session-2").isPresent(), "find returned a record for an id that was not inserted");
            require(!store.toString().contains("@"), "toString does not describe the store");
        }
    }

    private void insertRefusesAnIdInUse() throws Exception {
        try (SessionStore store = opener.open("insert")) {
            store.insert(record("one", 1, 1));
            require(!store.insert(record("one", 5, 5)), "insert returned true for an id that is in use");
            requireSame(store.find("one"), record("one", 1, 1));
        }
    }

    private void replacesOnlyWhatWasRead() throws Exception {
        try (SessionStore store = opener.open("replace")) {
            SessionRecord read = record("one", 3, 7);
            store.insert(read);
            for (long[] wrong : new long[][] {{2, 7}, {4, 7}, {3, 6}, {3, 8}, {7, 3}}) {
                Change change = Change.of(record("one", wrong[0], wrong[1]), record("one", 9, 9));
                require(
                        !store.replace(change),
                        "replace returned true for a change of another version or epoch, " + change);
            }
            requireSame(store.find("one"), read);
            SessionRecord next = SessionRecord.of(
                            "one", SessionRecord.HANDSHAKE, "key-2", LATER.plusMillis(5), bytes(9))
                    .withPeer(PeerId.ofUtf8("other"))
                    .at(4, 8);
            require(store.replace(Change.of(read, next)), "replace returned false for a change of what was read");
            requireSame(store.find("one"), next);
            require(!store.replace(Change.of(read, next)), "replace returned true for the same change again");
            require(
                    !store.replace(Change.of(record("two", 1, 1), record("two", 1, 2))),
                    "replace returned true for an id that is not stored");
            require(!store.find("two").isPresent(), "replace inserted a record for an id that was not stored");
        }
    }

    private void changesOfOneCallAreIndependent() throws Exception {
        try (SessionStore store = opener.open("batch")) {
            List<Change> changes = new ArrayList<>();
            List<Boolean> expected = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                boolean good = i % 3 != 0;
                store.insert(record("r" + i, 1, good ? 1 : 2));
                changes.add(Change.of(record("r" + i, 1, 1), record("r" + i, 1, 5)));
                expected.add(good);
            }
            Collections.swap(changes, 0, 99);
            Collections.swap(expected, 0, 99);
            requireEqual(store.replaceAll(changes), expected, "replaceAll of 100 changes");
            for (int i = 0; i < 100; i++) {
                requireSame(store.find("r" + i), record("r" + i, 1, i % 3 != 0 ? 5 : 2));
            }
            require(store.replaceAll(List.of()).isEmpty(), "replaceAll of no changes returned results");
        }
    }

    /** Two claims of one process on a session may be in one commit, and only its owner's change is made. */
    private void answersForEachChangeOfARecord() throws Exception {
        try (SessionStore store = opener.open("record")) {
            for (boolean ownerFirst : List.of(false, true)) {
                String id = ownerFirst ? "first" : "last";
                SessionRecord read = record(id, 1, 1);
                SessionRecord claimed = record(id, 2, 2);
                require(
                        store.insert(read) && store.replace(Change.of(read, claimed)),
                        "insert or replace returned false for a new owner");
                Change overtaken = Change.of(read, record(id, 1, 2));
                Change owners = Change.of(claimed, record(id, 2, 3));
                List<Change> changes = ownerFirst ? List.of(owners, overtaken) : List.of(overtaken, owners);
                requireEqual(
                        store.replaceAll(changes),
                        List.of(ownerFirst, !ownerFirst),
                        "replaceAll of two changes of one record");
                require(stored(store, id).version() == 3, "replaceAll did not make the change of the owner");
            }
        }
    }

    private void sealsAnewInPlace() throws Exception {
        try (SessionStore store = opener.open("reseal")) {
            SessionRecord read = record("one", 2, 2);
            store.insert(read);
            SessionRecord anew = SessionRecord.of("one", SessionRecord.SESSION, "key-2", LATER, bytes(3))
                    .withPeer(Pair.CLIENT_ID)
                    .at(2, 2);
            require(store.replace(Change.of(read, anew)), "replace returned false for a change that keeps the version");
            requireSame(store.find("one"), anew);
        }
    }

    private void knowsTheOwner() throws Exception {
        try (SessionStore store = opener.open("owner")) {
            store.insert(record("one", 2, 2));
            store.insert(record("two", 1, 9));
            List<Boolean> owned = store.areOwned(
                    List.of(record("one", 1, 1), record("two", 1, 3), record("three", 1, 1), record("one", 2, 1)));
            requireEqual(owned, List.of(false, true, false, true), "areOwned, which compares epochs and not versions,");
            require(store.areOwned(List.of()).isEmpty(), "areOwned of no records returned results");
        }
    }

    private void deletesOnlyWhatWasRead() throws Exception {
        try (SessionStore store = opener.open("delete")) {
            store.insert(record("one", 2, 3));
            require(!store.delete(record("one", 1, 3)), "delete returned true for an older epoch");
            require(!store.delete(record("one", 2, 2)), "delete returned true for an older version");
            require(!store.delete(record("two", 1, 1)), "delete returned true for an id that is not stored");
            require(store.delete(record("one", 2, 3)), "delete returned false for what was read");
            require(!store.find("one").isPresent(), "find returned a record that was deleted");
            require(store.insert(record("one", 1, 1)), "insert returned false for an id that was deleted");
        }
    }

    private void listsEverything() throws Exception {
        try (SessionStore store = opener.open("everything")) {
            require(store.list(9).isEmpty(), "list of an empty store returned ids");
            store.insert(record("session", 1, 1));
            store.insert(SessionRecord.of("handshake", SessionRecord.HANDSHAKE, "key-2", LATER, bytes(1)));
            store.insert(SessionRecord.of("foreign", 255, "key-3", Instant.ofEpochMilli(1), bytes(1)));
            requireEqual(
                    sorted(store.list(Integer.MAX_VALUE)),
                    List.of("foreign", "handshake", "session"),
                    "list, which includes all kinds, all keys and expired records,");
            requireEqual(store.list(3).size(), 3, "list of 3 of 3 records: the number of ids");
            requireEqual(new TreeSet<>(store.list(2)).size(), 2, "list of 2 of 3 records: the number of different ids");
            store.delete(record("session", 1, 1));
            requireEqual(sorted(store.list(3)), List.of("foreign", "handshake"), "list after a deletion");
        }
    }

    private void listsAndDeletesByPeer() throws Exception {
        try (SessionStore store = opener.open("peers")) {
            PeerId shorter = PeerId.of(new byte[] {1, 0});
            PeerId longer = PeerId.of(new byte[] {1, 0, 0});
            for (int i = 0; i < 3; i++) {
                store.insert(record("s" + i, 1, 1).withPeer(shorter));
            }
            store.insert(record("l", 1, 1).withPeer(longer));
            store.insert(SessionRecord.of("h", SessionRecord.HANDSHAKE, "key-1", LATER, bytes(1)));
            requireEqual(sorted(store.list(shorter)), List.of("s0", "s1", "s2"), "list of a peer");
            requireEqual(sorted(store.deleteAll(shorter)), List.of("s0", "s1", "s2"), "deleteAll of a peer");
            require(store.list(shorter).isEmpty(), "list returned records of a peer after deleteAll");
            require(store.deleteAll(shorter).isEmpty(), "deleteAll of the same peer again returned ids");
            require(
                    store.find("l").isPresent() && store.find("h").isPresent(),
                    "deleteAll deleted a record of another peer or a handshake");
        }
    }

    private void deletesWhatHasExpired() throws Exception {
        try (SessionStore store = opener.open("expired")) {
            for (int i = 0; i < 5; i++) {
                Instant expires = LATER.plusMillis(i);
                store.insert(SessionRecord.of("r" + i, SessionRecord.SESSION, "key-1", expires, bytes(1)));
            }
            require(store.find("r0").isPresent(), "find did not return an expired record");
            requireEqual(store.deleteExpired(LATER, 10), 0, "deleteExpired at the time of expiry");
            requireEqual(store.deleteExpired(LATER.plusMillis(4), 3), 3, "deleteExpired with a limit of 3");
            requireEqual(store.deleteExpired(LATER.plusMillis(4), 3), 1, "deleteExpired of the last expired record");
            require(store.find("r4").isPresent(), "deleteExpired deleted a record that has not expired");
        }
    }

    private void listsWhatOtherKeysHaveSealed() throws Exception {
        try (SessionStore store = opener.open("keys")) {
            for (int i = 0; i < 5; i++) {
                String key = i == 2 ? "key-2" : "key-1";
                store.insert(SessionRecord.of("r" + i, SessionRecord.SESSION, key, LATER, bytes(1)));
            }
            requireEqual(store.listNotSealedBy("key-1", 9), List.of("r2"), "listNotSealedBy");
            requireEqual(
                    store.listNotSealedBy("key-2", 3).size(),
                    3,
                    "listNotSealedBy with a limit of 3: the number of ids");
            requireEqual(sorted(store.listNotSealedBy("key-2", 9)), List.of("r0", "r1", "r3", "r4"), "listNotSealedBy");
        }
    }

    @SuppressWarnings("try") // A store may be closed twice.
    private void survivesReopening() throws Exception {
        try (SessionStore store = opener.open("reopened")) {
            store.insert(record("one", 1, 1));
            store.insert(record("two", 1, 1));
            store.insert(record("three", 1, 1));
            store.replace(Change.of(record("one", 1, 1), record("one", 2, 2)));
            store.delete(record("two", 1, 1));
        }
        try (SessionStore store = opener.open("reopened")) {
            requireSame(store.find("one"), record("one", 2, 2));
            require(!store.find("two").isPresent(), "find returned a deleted record after the store was opened again");
            requireSame(store.find("three"), record("three", 1, 1));
            store.close();
        }
    }

    private void oneOfManyWritersSucceeds() throws Exception {
        try (SessionStore store = opener.open("writers")) {
            store.insert(record("one", 1, 1));
            for (int round = 1; round <= 25; round++) {
                SessionRecord read = stored(store, "one");
                CyclicBarrier start = new CyclicBarrier(WRITERS);
                List<Callable<Boolean>> writers = new ArrayList<>();
                for (int writer = 0; writer < WRITERS; writer++) {
                    SessionRecord next = record("one", read.epoch() + 1, read.version() + 1);
                    writers.add(() -> {
                        start.await(DEADLINE_SECONDS, TimeUnit.SECONDS);
                        return store.replace(Change.of(read, next));
                    });
                }
                List<Boolean> made = inParallel(writers);
                requireEqual(
                        Collections.frequency(made, true), 1, "replace by " + WRITERS + " writers at once: how often");
            }
            require(
                    stored(store, "one").version() == 26,
                    "replace by one of several writers: the version is not the number of rounds");
        }
    }

    private void batchesInAnyOrderDoNotBlockEachOther() throws Exception {
        try (SessionStore store = opener.open("crossed")) {
            int records = 20;
            for (int i = 0; i < records; i++) {
                store.insert(record("r" + i, 1, 1));
            }
            List<Callable<Integer>> writers = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                boolean reversed = writer % 2 == 1;
                writers.add(() -> {
                    int made = 0;
                    for (int version = 1; version <= 10; version++) {
                        List<Change> changes = new ArrayList<>();
                        for (int i = 0; i < records; i++) {
                            changes.add(Change.of(record("r" + i, 1, version), record("r" + i, 1, version + 1)));
                        }
                        if (reversed) {
                            Collections.reverse(changes);
                        }
                        made += Collections.frequency(store.replaceAll(changes), true);
                    }
                    return made;
                });
            }
            int made = 0;
            for (int one : inParallel(writers)) {
                made += one;
            }
            int versions = 0;
            for (int i = 0; i < records; i++) {
                versions += (int) stored(store, "r" + i).version() - 1;
            }
            requireEqual(
                    made,
                    versions,
                    "replaceAll by several writers: changes that were reported, against versions that are stored,");
            require(
                    made >= records,
                    "replaceAll by several writers made " + made + " changes of " + records + " records");
        }
    }

    private void behavesAsTheModel() throws Exception {
        Random random = new Random(seed);
        try (SessionStore store = opener.open("model" + (seed & 0xffff))) {
            SessionStore model = new MemorySessionStore();
            for (int step = 0; step < 400; step++) {
                String at = ", seed " + seed + ", step " + step + ",";
                String id = "r" + random.nextInt(8);
                long epoch = 1L + random.nextInt(3);
                long version = 1L + random.nextInt(3);
                SessionRecord record = record(id, epoch, version, random);
                switch (random.nextInt(8)) {
                    case 0, 1 -> requireEqual(store.insert(record), model.insert(record), "insert of " + record + at);
                    case 2 -> requireEqual(store.delete(record), model.delete(record), "delete of " + record + at);
                    case 3 -> {
                        Instant now = LATER.plusSeconds(random.nextInt(3));
                        requireEqual(
                                store.deleteExpired(now, 100),
                                model.deleteExpired(now, 100),
                                "deleteExpired before " + now + at);
                    }
                    case 4 -> {
                        PeerId peer = PeerId.of(new byte[] {(byte) random.nextInt(40)});
                        requireEqual(
                                sorted(store.deleteAll(peer)),
                                sorted(model.deleteAll(peer)),
                                "deleteAll of " + peer + at);
                    }
                    default -> {
                        List<Change> changes = new ArrayList<>();
                        for (int i = 0; i < 8; i += 1 + random.nextInt(4)) {
                            SessionRecord read = record("r" + i, 1 + random.nextInt(3), 1 + random.nextInt(3), random);
                            SessionRecord next = record("r" + i, 1 + random.nextInt(3), 1 + random.nextInt(3), random);
                            changes.add(Change.of(read, next));
                        }
                        requireEqual(
                                store.replaceAll(changes), model.replaceAll(changes), "replaceAll of " + changes + at);
                    }
                }
                Optional<SessionRecord> expected = model.find(id);
                if (expected.isPresent()) {
                    requireSame(store.find(id), expected.get());
                } else {
                    require(
                            !store.find(id).isPresent(),
                            "find of " + id + at + " returned a record that is not stored");
                }
                String key = "key-" + random.nextInt(2);
                requireEqual(
                        sorted(store.listNotSealedBy(key, 9)),
                        sorted(model.listNotSealedBy(key, 9)),
                        "listNotSealedBy " + key + at);
            }
        }
    }

    private void pausedOwnerIsShutOut() throws Exception {
        Pair pair = Pair.create();
        try (SessionStore store = opener.open("paused");
                Pair.Sessions peers = pair.establish()) {
            SessionClaim paused = sessions(store, pair).add(peers.server());
            String id = paused.id();
            peers.client().unwrap(paused.wrap(bytes(1)));
            byte[] late = peers.client().wrap(bytes(2));
            SessionClaim owner = sessions(store, pair).claim(id);
            requireLost(() -> paused.wrap(bytes(3)), "a paused owner sends nothing, even with a reserved number");
            requireLost(() -> paused.unwrap(late), "a paused owner delivers nothing");
            require(Arrays.equals(owner.unwrap(late), bytes(2)), "the new owner gets the message");
            peers.client().unwrap(owner.wrap(bytes(4)));
            paused.release();
            peers.client().unwrap(owner.wrap(bytes(5)));
            owner.delete();
            requireRefused(() -> sessions(store, pair).claim(id), StateRejectedException.Reason.NOT_FOUND);
        }
    }

    private void successorContinuesAfterACrash() throws Exception {
        Pair pair = Pair.create();
        try (SessionStore store = opener.open("crash");
                Pair.Sessions peers = pair.establish()) {
            SessionClaim crashed = sessions(store, pair).add(peers.server());
            Set<Long> numbers = new HashSet<>();
            byte[] delivered = peers.client().wrap(bytes(1));
            crashed.unwrap(delivered);
            numbers.add(crashed.wrapNumbered(bytes(2)).number());
            // The process ends here: nothing is released.
            SessionClaim owner = sessions(store, pair).claim(crashed.id());
            requireReplayed(() -> owner.unwrap(delivered));
            for (int i = 0; i < 5; i++) {
                require(numbers.add(owner.wrapNumbered(bytes(3)).number()), "no number is used twice: " + numbers);
            }
            owner.release();
            long last = Collections.max(numbers);
            SessionClaim third = sessions(store, pair).claim(crashed.id());
            require(third.wrapNumbered(bytes(4)).number() == last + 1, "a release leaves no gap");
        }
    }

    private void rotationDoesNotDisturbAnOwner() throws Exception {
        Pair pair = Pair.create();
        StateKey first = key(1);
        StateKey second = key(2);
        try (SessionStore store = opener.open("rotation");
                Pair.Sessions peers = pair.establish()) {
            KeyRing old = KeyRing.of("first", first);
            SessionClaim owner = StoredSessions.of(store, old, pair.server()).add(peers.server());
            StoredSessions other = StoredSessions.of(store, old.withCurrent("second", second), pair.server());
            require(other.rotate(10) == 1, "finds what the earlier key has sealed");
            require(other.rotate(10) == 0, "and seals it with the new one");
            owner.unwrap(peers.client().wrap(bytes(1)));
            require(other.rotate(10) == 1, "the owner, with the earlier ring, has sealed it again");
            owner.unwrap(peers.client().wrap(bytes(2)));
            require(other.rotate(10) == 1, "and once more");
            KeyRing later = KeyRing.of("second", second);
            SessionClaim successor =
                    StoredSessions.of(store, later, pair.server()).claim(owner.id());
            peers.client().unwrap(successor.wrap(bytes(3)));
        }
    }

    private void noticesThatItWasPutBack() throws Exception {
        Pair pair = Pair.create();
        Map<String, Long> counter = new HashMap<>();
        RollbackGuard guard = guard(counter);
        StoreOptions options = options(pair).withRollbackGuard(guard);
        try (SessionStore store = opener.open("backup");
                Pair.Sessions peers = pair.establish()) {
            StoredSessions sessions = StoredSessions.of(store, ring(), pair.server(), options);
            SessionClaim owner = sessions.add(peers.server());
            String id = owner.id();
            SessionRecord backup = stored(store, id);
            byte[] pay = peers.client().wrap("pay 100".getBytes(StandardCharsets.US_ASCII));
            owner.unwrap(pay);
            SessionRecord present = stored(store, id);
            require(store.replace(Change.of(present, backup)), "puts the backup back");
            requireLost(() -> owner.unwrap(peers.client().wrap(bytes(1))), "the owner notices by the version");
            requireRefused(() -> sessions.claim(id), StateRejectedException.Reason.ROLLED_BACK);
            require(store.replace(Change.of(backup, present)), "puts the present state back");
            requireReplayed(() -> sessions.claim(id).unwrap(pay));
            require(sessions.revoke(Pair.CLIENT_ID) == 1, "revokes the peer");
            store.insert(backup);
            requireRefused(() -> sessions.claim(id), StateRejectedException.Reason.ROLLED_BACK);
        }
    }

    /** Lets each call of a store fail in turn, and plays a peer and an application that go on with what is left. */
    private void keepsPromisesAtEveryFailure() throws Exception {
        Pair pair = Pair.create();
        int points = 0;
        for (FaultyStore.Moment moment : FaultyStore.Moment.values()) {
            boolean reached = true;
            for (int call = 1; reached; call++) {
                try (SessionStore store = opener.open("faults-" + moment.name().charAt(0) + call);
                        Pair.Sessions peers = pair.establish()) {
                    FaultyStore faulty = FaultyStore.failingAt(store, call, moment);
                    Faults scenario = new Faults(pair, peers.client(), faulty);
                    scenario.run(peers.server());
                    reached = faulty.hasFailed();
                    points++;
                }
            }
        }
        require(points > 20, "the scenario has more calls than " + points);
    }

    /** Six requests with an answer each, from a peer that asks again until it has the answer. */
    private static final class Faults {
        private final Pair pair;
        private final SecureSession client;
        private final FaultyStore store;
        private final Set<Long> delivered = new HashSet<>();
        private final Set<Integer> applied = new HashSet<>();
        private Optional<SessionClaim> claim = Optional.empty();

        Faults(Pair pair, SecureSession client, FaultyStore store) {
            this.pair = pair;
            this.client = client;
            this.store = store;
        }

        void run(SecureSession server) throws Exception {
            String id;
            try {
                claim = Optional.of(sessions(store, pair).add(server));
                id = claim.get().id();
            } catch (IOException failed) {
                // Nobody was told of the session; its peer starts anew.
                require(server.isClosed(), "a session that may be stored is not used any more");
                return;
            }
            for (int request = 1; request <= 6; request++) {
                byte[] message = client.wrap(bytes(request));
                boolean answered = false;
                for (int attempt = 1; !answered; attempt++) {
                    require(attempt < 6, "request " + request + " is answered in the end, at " + store);
                    try {
                        byte[] answer = serve(id, message);
                        require(applied.contains(request), "what is acknowledged was delivered, at " + store);
                        require(Arrays.equals(client.unwrap(answer), bytes(request)), "the answer, at " + store);
                        answered = true;
                    } catch (MessageRejectedException replayed) {
                        // It was received by an owner that ended: the peer asks in a new message.
                        require(replayed.reason() == MessageRejectedException.Reason.REPLAYED, "only replays");
                        message = client.wrap(bytes(request));
                    } catch (IOException failed) {
                        // The process ends; the next one has nothing but the store.
                        claim = Optional.empty();
                    }
                }
                if (request == 3) {
                    releaseInPassing();
                }
            }
        }

        private byte[] serve(String id, byte[] message) throws IOException, SecureSessionException {
            if (!claim.isPresent()) {
                claim = Optional.of(sessions(store, pair).claim(id));
            }
            NumberedPayload payload = claim.get().unwrapNumbered(message);
            require(delivered.add(payload.number()), "no message is delivered twice, at " + store);
            applied.add((int) payload.payload()[0]);
            return claim.get().wrap(payload.payload());
        }

        private void releaseInPassing() {
            try {
                claim.orElseThrow(AssertionError::new).release();
            } catch (IOException failed) {
                // It can be claimed all the same.
                claim = Optional.empty();
                return;
            }
            claim = Optional.empty();
        }
    }

    private static StoredSessions sessions(SessionStore store, Pair pair) {
        return StoredSessions.of(store, ring(), pair.server(), options(pair));
    }

    private static StoreOptions options(Pair pair) {
        return StoreOptions.defaults().withClock(pair.clock()).withLifetime(Duration.ofDays(1));
    }

    private static KeyRing ring() {
        return KeyRing.of("key-1", key(1));
    }

    private static StateKey key(int fill) {
        byte[] key = new byte[StateKey.LENGTH];
        Arrays.fill(key, (byte) fill);
        return StateKey.of(key);
    }

    private static RollbackGuard guard(Map<String, Long> counter) {
        return new RollbackGuard() {
            @Override
            public void advance(String id, long version) {
                counter.merge(id, version, Math::max);
            }

            @Override
            public long highest(String id) {
                return counter.getOrDefault(id, 0L);
            }
        };
    }

    private static SessionRecord record(String id, long epoch, long version) {
        return SessionRecord.of(id, SessionRecord.SESSION, "key-1", LATER, bytes((int) version))
                .withPeer(Pair.CLIENT_ID)
                .at(epoch, version);
    }

    private static SessionRecord record(String id, long epoch, long version, Random random) {
        byte[] state = new byte[random.nextInt(300)];
        random.nextBytes(state);
        SessionRecord record = SessionRecord.of(
                        id,
                        1 + random.nextInt(2),
                        "key-" + random.nextInt(2),
                        LATER.plusSeconds(random.nextInt(20)),
                        state)
                .at(epoch, version);
        return random.nextInt(4) == 0 ? record : record.withPeer(PeerId.of(new byte[] {(byte) random.nextInt(40)}));
    }

    private static byte[] bytes(int value) {
        return new byte[] {(byte) value, 1};
    }

    private static List<String> sorted(List<String> ids) {
        return new ArrayList<>(new TreeSet<>(ids));
    }

    private static <T> List<T> inParallel(List<Callable<T>> tasks) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(tasks, DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                results.add(result.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw new AssertionError("a writer failed", e);
        } finally {
            threads.shutdownNow();
        }
    }

    private static SessionRecord stored(SessionStore store, String id) throws IOException {
        return store.find(id).orElseThrow(() -> new AssertionError("find of " + id + " returned nothing"));
    }

    private static void requireSame(Optional<SessionRecord> found, SessionRecord expected) {
        require(found.isPresent(), "find returned nothing instead of " + expected);
        SessionRecord record = found.get();
        require(
                record.toString().equals(expected.toString())
                        && record.format() == expected.format()
                        && record.peer().equals(expected.peer())
                        && Arrays.equals(record.state(), expected.state()),
                "find returned " + record + " instead of " + expected + " (or another state)");
    }

    private static void requireLost(Action action, String what) throws Exception {
        try {
            action.run();
        } catch (ClaimLostException expected) {
            return;
        }
        throw new AssertionError(what);
    }

    private static void requireReplayed(Action action) throws Exception {
        try {
            action.run();
        } catch (MessageRejectedException refused) {
            require(refused.reason() == MessageRejectedException.Reason.REPLAYED, "refused as a replay: " + refused);
            return;
        }
        throw new AssertionError("a message that was delivered is refused");
    }

    private static void requireRefused(Action action, StateRejectedException.Reason reason) throws Exception {
        try {
            action.run();
        } catch (StateRejectedException refused) {
            require(refused.reason() == reason, "refused for " + reason + ": " + refused);
            return;
        }
        throw new AssertionError("a claim is refused for " + reason);
    }

    private static void requireEqual(Object returned, Object expected, String call) {
        require(returned.equals(expected), call + " returned " + returned + " instead of " + expected);
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    /** Opens stores for the suite. */
    public interface Opener {
        /**
         * Opens a store: an empty one at the first call with a name, the same one with what it held at later calls.
         *
         * @param name letters, digits and hyphens, at most 20 characters
         * @return the store, which the suite closes
         * @throws Exception if that fails; the check fails with it
         */
        SessionStore open(String name) throws Exception;
    }

    /** One promise of a store. */
    public static final class Check {
        private final String name;
        private final Action action;

        Check(String name, Action action) {
            this.name = name;
            this.action = action;
        }

        /**
         * Returns what happens in this check.
         *
         * @return a name like that of a test
         */
        public String name() {
            return name;
        }

        /**
         * Runs the check.
         *
         * @throws Exception if the store breaks the promise ({@link AssertionError}) or fails
         */
        public void run() throws Exception {
            action.run();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** What a check does. */
    private interface Action {
        void run() throws Exception;
    }
}

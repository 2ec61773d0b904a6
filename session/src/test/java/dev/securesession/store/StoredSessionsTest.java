package dev.securesession.store;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.MessageRejectedException;
import dev.securesession.NumberedPayload;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionListener;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.StateRejectedException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.FaultyStore;
import dev.securesession.testkit.MovableClock;
import dev.securesession.testkit.Pair;
import dev.securesession.testkit.TestKeys;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stored sessions: what is durable before what, who owns a session, and what ends one. */
class StoredSessionsTest {
    private final StateKey key = StateKey.of(new byte[32]);
    private final KeyRing ring = KeyRing.of("first", key);
    private final Pair pair = Pair.create();
    private final MovableClock clock = pair.clock();
    private final Watched store = new Watched();
    private final StoreOptions options = StoreOptions.defaults().withClock(clock);
    private Pair.Sessions peers;

    @BeforeEach
    void establish() throws Exception {
        peers = pair.establish();
    }

    @AfterEach
    void close() {
        peers.close();
    }

    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void reservesNumbersBeforeTheFirstOfThemLeaves() throws Exception {
        SessionClaim claim = sessions(options.withReservedNumbers(3)).add(peers.server());
        store.events.clear();

        for (int i = 0; i < 7; i++) {
            peers.client().unwrap(claim.wrap(payload(i)));
        }

        assertThat(store.events).filteredOn("replace"::equals).hasSize(2);
        SessionClaim successor = sessions(options).claim(claim.id());
        assertThat(successor.wrapNumbered(payload(9)).number()).isEqualTo(9);
    }

    @Test
    @Rule(value = "S-3", kind = REFUSES)
    void reservesFewNumbersForPeersThatMayBeTheReference() throws Exception {
        assertThatThrownBy(() -> sessions(options.withReservedNumbers(5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("withSequenceWrap");
        sessions(options.withReservedNumbers(4));
        StoredSessions.of(store, ring, pair.server().withSequenceWrap(), options.withReservedNumbers(5));
        for (int wrong : new int[] {0, -1, 65_537}) {
            assertThatThrownBy(() -> options.withReservedNumbers(wrong)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> options.withCommitBatch(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @Rule(value = "S-3", kind = ACCEPTS)
    void commitsAReceivedNumberBeforeItsPayloadIsSeen() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        byte[] message = peers.client().wrap(payload(1));

        assertThat(claim.unwrap(message)).isEqualTo(payload(1));

        assertThatThrownBy(() -> sessions(options).claim(claim.id()).unwrap(message))
                .isInstanceOfSatisfying(
                        MessageRejectedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(MessageRejectedException.Reason.REPLAYED));
    }

    @Test
    @Rule(value = "S-3", kind = REFUSES)
    void handsOutNothingThatIsNotDurable() throws Exception {
        for (FaultyStore.Moment moment : FaultyStore.Moment.values()) {
            try (Pair.Sessions others = pair.establish()) {
                FaultyStore faulty = FaultyStore.failingAt(store, 2, moment);
                SessionClaim claim =
                        StoredSessions.of(faulty, ring, pair.server(), options).add(others.server());
                byte[] message = others.client().wrap(payload(1));

                assertThatThrownBy(() -> claim.unwrap(message))
                        .isInstanceOf(IOException.class)
                        .isNotInstanceOf(ClaimLostException.class)
                        .hasMessageContaining("claim it again");

                assertThatThrownBy(() -> claim.unwrap(message)).isInstanceOf(IOException.class);
                assertThatThrownBy(() -> claim.wrap(payload(2))).isInstanceOf(IOException.class);
                assertThat(others.server().isClosed()).isTrue();
                SessionClaim successor = sessions(options).claim(claim.id());
                if (moment == FaultyStore.Moment.BEFORE) {
                    assertThat(successor.unwrap(message)).isEqualTo(payload(1));
                } else {
                    assertThatThrownBy(() -> successor.unwrap(message)).isInstanceOf(MessageRejectedException.class);
                }
            }
        }
    }

    @Test
    @Rule(value = "S-4", kind = ACCEPTS)
    void eachClaimIsTheOwnerUntilTheNext() throws Exception {
        StoredSessions sessions = sessions(options);
        String id = sessions.add(peers.server()).id();
        for (int owner = 1; owner <= 4; owner++) {
            SessionClaim claim = sessions.claim(id);
            assertThat(claim.peer()).isEqualTo(Pair.CLIENT_ID);
            assertThat(claim.transcriptHash()).isEqualTo(peers.client().transcriptHash());
            assertThat(claim.toString()).contains("epoch " + (owner + 1));
            assertThat(claim.unwrap(peers.client().wrap(payload(owner)))).isEqualTo(payload(owner));
            assertThat(peers.client().unwrap(claim.wrap(payload(owner)))).isEqualTo(payload(owner));
        }
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void anOvertakenOwnerSendsAndDeliversNothing() throws Exception {
        StoredSessions sessions = sessions(options);
        SessionClaim late = sessions.add(peers.server());
        sessions.claim(late.id());

        for (ThrowingCallable use : List.<ThrowingCallable>of(
                () -> late.wrap(payload(1)),
                () -> late.unwrap(peers.client().wrap(payload(1))),
                () -> late.unwrapAll(List.of(peers.client().wrap(payload(1)))),
                late::delete)) {
            assertThatThrownBy(use).isInstanceOf(ClaimLostException.class).hasMessageContaining("newer owner");
        }
        assertThat(peers.server().isClosed()).isTrue();
        late.close();
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void anOvertakenOwnerIsShutOutAtItsFirstUseWhateverThatIs() throws Exception {
        List<Use> uses = List.of(
                claim -> claim.wrap(payload(1)),
                claim -> claim.unwrap(peers.client().wrap(payload(1))),
                SessionClaim::delete);
        for (Use use : uses) {
            try (Pair.Sessions others = pair.establish()) {
                peers = others;
                SessionClaim late = sessions(options).add(others.server());
                SessionClaim owner = sessions(options).claim(late.id());
                assertThatThrownBy(() -> use.on(late)).isInstanceOf(ClaimLostException.class);
                assertThat(others.client().unwrap(owner.wrap(payload(2)))).isEqualTo(payload(2));
            }
        }
    }

    /** Within the time that was asked for two owners may answer; their numbers differ all the same. */
    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void ownershipIsReliedOnForAsLongAsWasAskedFor() throws Exception {
        StoredSessions sessions = sessions(options.withOwnershipReliedOnFor(Duration.ofSeconds(1)));
        SessionClaim late = sessions.add(peers.server());
        SessionClaim owner = sessions.claim(late.id());

        peers.client().unwrap(late.wrap(payload(1)));
        peers.client().unwrap(owner.wrap(payload(2)));
        clock.moveBy(Duration.ofSeconds(1));
        assertThatThrownBy(() -> late.wrap(payload(3))).isInstanceOf(ClaimLostException.class);
        clock.moveBy(Duration.ofDays(-1));
        SessionClaim third = sessions.claim(late.id());
        assertThatThrownBy(() -> owner.wrap(payload(4)))
                .as("a check that lies in the future")
                .isInstanceOf(ClaimLostException.class);
        peers.client().unwrap(third.wrap(payload(5)));
        assertThatThrownBy(() -> options.withOwnershipReliedOnFor(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** A claim that another owner makes while the answer is on its way is not in the answer. */
    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void ownershipIsReliedOnFromTheQuestionAndNotFromTheAnswer() throws Exception {
        StoredSessions sessions =
                sessions(options.withReservedNumbers(4).withOwnershipReliedOnFor(Duration.ofSeconds(1)));
        Interference takesASecond = () -> clock.moveBy(Duration.ofSeconds(1));
        store.afterInsert = takesASecond;
        SessionClaim added = sessions.add(peers.server());
        added.wrap(payload(1));
        assertThat(store.checks).as("after a slow insert").hasSize(1);

        store.afterCheck = takesASecond;
        clock.moveBy(Duration.ofSeconds(1));
        added.wrap(payload(2));
        added.wrap(payload(3));
        assertThat(store.checks).as("after a slow check").hasSize(3);

        store.afterReplace = takesASecond;
        SessionRecord found = sessions.require(added.id());
        SessionClaim claimed = sessions.claim(found, sessions.restore(found), 4);
        claimed.wrap(payload(4));
        assertThat(store.checks).as("after a slow claim").hasSize(4);

        claimed.unwrap(peers.client().wrap(payload(5)));
        claimed.wrap(payload(6));
        assertThat(store.checks).as("after a slow commit").hasSize(5);
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void twoClaimsOfOneReadGiveOneOwner() throws Exception {
        String id = sessions(options).add(peers.server()).id();
        AtomicReference<SessionClaim> other = new AtomicReference<>();
        store.afterFind = () -> {
            store.afterFind = () -> {};
            other.set(sessions(options).claim(id));
        };

        assertThatThrownBy(() -> sessions(options).claim(id)).isInstanceOf(ClaimLostException.class);

        assertThat(peers.client().unwrap(other.get().wrap(payload(1)))).isEqualTo(payload(1));
    }

    @Test
    @Rule(value = "S-5", kind = REFUSES)
    void refusesWhatIsOlderThanTheOutsideCounter() throws Exception {
        Map<String, Long> counter = new ConcurrentHashMap<>();
        StoredSessions sessions = sessions(options.withRollbackGuard(counting(counter)));
        SessionClaim claim = sessions.add(peers.server());
        SessionRecord backup = store.find(claim.id()).orElseThrow();
        claim.unwrap(peers.client().wrap(payload(1)));
        SessionRecord present = store.find(claim.id()).orElseThrow();
        store.replace(SessionStore.Change.of(present, backup));

        assertRefused(() -> sessions.claim(claim.id()), Reason.ROLLED_BACK);

        store.replace(SessionStore.Change.of(backup, present));
        sessions.claim(claim.id()).delete();
        store.insert(present);
        assertRefused(() -> sessions.claim(claim.id()), Reason.ROLLED_BACK);
    }

    /** What the documentation warns of: without an outside counter the store is believed. */
    @Test
    @Rule(value = "S-5", kind = ACCEPTS)
    void withoutACounterTheStoreIsBelieved() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        SessionRecord backup = store.find(claim.id()).orElseThrow();
        byte[] message = peers.client().wrap(payload(1));
        claim.unwrap(message);
        SessionRecord present = store.find(claim.id()).orElseThrow();
        store.replace(SessionStore.Change.of(present, backup));

        assertThat(sessions(options).claim(claim.id()).unwrap(message)).isEqualTo(payload(1));
    }

    @Test
    @Rule(value = "S-5", kind = ACCEPTS)
    void theCounterFollowsEachCommitAndAFailureOfItEndsTheClaim() throws Exception {
        Map<String, Long> counter = new ConcurrentHashMap<>();
        AtomicReference<String> broken = new AtomicReference<>("");
        RollbackGuard guard = counting(counter, id -> id.equals(broken.get()));
        StoredSessions sessions = sessions(options.withRollbackGuard(guard));
        SessionClaim claim = sessions.add(peers.server());
        claim.unwrap(peers.client().wrap(payload(1)));
        assertThat(counter).containsEntry(claim.id(), 2L);

        broken.set(claim.id());
        byte[] message = peers.client().wrap(payload(2));
        assertThatThrownBy(() -> claim.unwrap(message)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> claim.wrap(payload(3))).isInstanceOf(IOException.class);
        broken.set("");
        assertThatThrownBy(() -> sessions.claim(claim.id()).unwrap(message))
                .isInstanceOf(MessageRejectedException.class);
    }

    @Test
    @Rule(value = "S-1", kind = REFUSES)
    void fieldsInTheClearAreBoundToTheState() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        claim.release();
        SessionRecord good = store.find(claim.id()).orElseThrow();
        List<SessionRecord> wrong = List.of(
                good.at(good.epoch() + 1, good.version()),
                good.at(good.epoch(), good.version() + 1),
                good.withPeer(Pair.SERVER_ID),
                SessionRecord.of(good.id(), good.format(), good.keyName(), good.expires(), good.state())
                        .at(good.epoch(), good.version()));
        SessionRecord last = good;
        for (SessionRecord record : wrong) {
            assertThat(store.replace(SessionStore.Change.of(last, record))).isTrue();
            last = record;
            assertRefused(() -> sessions(options).claim(good.id()), Reason.NOT_AUTHENTIC);
        }
        SessionRecord moved = SessionRecord.of("other", good.format(), good.keyName(), good.expires(), good.state())
                .withPeer(Pair.CLIENT_ID)
                .at(good.epoch(), good.version());
        store.insert(moved);
        assertRefused(() -> sessions(options).claim("other"), Reason.NOT_AUTHENTIC);
        store.replace(SessionStore.Change.of(last, good));
        sessions(options).claim(good.id());
    }

    @Test
    @Rule(value = "S-5", kind = ACCEPTS)
    void theCounterKnowsEachStepAndEachEnd() throws Exception {
        Map<String, Long> counter = new ConcurrentHashMap<>();
        StoredSessions sessions = sessions(options.withRollbackGuard(counting(counter)));
        SessionClaim added = sessions.add(peers.server());
        assertThat(counter).containsEntry(added.id(), 1L);
        sessions.claim(added.id());
        assertThat(counter).containsEntry(added.id(), 2L);
        sessions.delete(added.id());
        assertThat(counter).containsEntry(added.id(), RollbackGuard.ENDED);

        String handshake = sessions.add(pair.beginAsServer());
        assertThat(counter).containsEntry(handshake, 1L);
        sessions.claimHandshake(handshake).close();
        assertThat(counter).containsEntry(handshake, RollbackGuard.ENDED);
    }

    @Test
    @Rule(value = "S-5", kind = ACCEPTS)
    void theCounterKnowsWhatItsOwnerDeletes() throws Exception {
        Map<String, Long> counter = new ConcurrentHashMap<>();
        SessionClaim claim =
                sessions(options.withRollbackGuard(counting(counter))).add(peers.server());
        SessionRecord backup = store.find(claim.id()).orElseThrow();

        claim.delete();

        assertThat(counter).containsEntry(claim.id(), RollbackGuard.ENDED);
        store.insert(backup);
        assertRefused(
                () -> sessions(options.withRollbackGuard(counting(counter))).claim(claim.id()), Reason.ROLLED_BACK);
    }

    /** A counter that is ahead of the store would refuse the owner for ever. */
    @Test
    @Rule(value = "S-5", kind = ACCEPTS)
    void theCounterIsNotToldOfWhatWasNotStored() throws Exception {
        Map<String, Long> counter = new ConcurrentHashMap<>();
        StoredSessions guarded = sessions(options.withRollbackGuard(counting(counter)));
        SessionClaim late = guarded.add(peers.server());
        store.afterFind = () -> {
            store.afterFind = () -> {};
            sessions(options).claim(late.id());
        };

        assertThatThrownBy(() -> guarded.claim(late.id())).isInstanceOf(ClaimLostException.class);
        assertThat(counter).as("after a claim that came too late").containsEntry(late.id(), 1L);
        assertThatThrownBy(() -> late.unwrap(peers.client().wrap(payload(1)))).isInstanceOf(ClaimLostException.class);
        assertThat(counter).as("after a commit that came too late").containsEntry(late.id(), 1L);
    }

    @Test
    @Rule(value = "S-5", kind = REFUSES)
    void whatTheCounterCannotRememberIsNotUsed() throws Exception {
        AtomicLong highest = new AtomicLong(Long.MAX_VALUE);
        RollbackGuard guard = new RollbackGuard() {
            @Override
            public void advance(String id, long version) throws IOException {
                if (version > highest.get()) {
                    throw new IOException("the counter is out of reach");
                }
            }

            @Override
            public long highest(String id) {
                return 0;
            }
        };
        StoredSessions sessions = sessions(options.withRollbackGuard(guard));
        SessionClaim deleted = sessions.add(peers.server());
        SecureSession second = pair.establish().server();
        SessionRecord added = sessions.add(second).stored();
        SecureSession restored = sessions.restore(added);
        SecureSession third = pair.establish().server();

        highest.set(RollbackGuard.ENDED - 1);
        assertThatThrownBy(deleted::delete).hasMessageContaining("out of reach");
        assertThat(peers.server().isClosed()).as("deleted").isTrue();
        highest.set(0);
        assertThatThrownBy(() -> sessions.claim(added, restored, 2)).hasMessageContaining("out of reach");
        assertThat(restored.isClosed()).as("claimed").isTrue();
        assertThatThrownBy(() -> sessions.add(third)).hasMessageContaining("out of reach");
        assertThat(third.isClosed()).as("added").isTrue();
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void anOwnerThatIsOvertakenWhileItDeletesDeletesNothing() throws Exception {
        StoredSessions sessions = sessions(options);
        SessionClaim late = sessions.add(peers.server());
        store.afterReplace = () -> {
            store.afterReplace = () -> {};
            sessions(options).claim(late.id());
        };

        assertThatThrownBy(late::delete).isInstanceOf(ClaimLostException.class);

        assertThat(store.find(late.id()).orElseThrow().epoch()).isEqualTo(2);
    }

    @Test
    @Rule(value = "S-5", kind = ACCEPTS)
    void theCounterIsAskedOnceForACommitOfManySessions() throws Exception {
        List<Map<String, Long>> calls = new ArrayList<>();
        RollbackGuard guard = told(versions -> calls.add(Map.copyOf(versions)));
        StoredSessions sessions = sessions(options.withRollbackGuard(guard));
        SessionClaim claim = sessions.add(peers.server());
        claim.unwrap(peers.client().wrap(payload(1)));
        sessions.add(pair.establish().server());

        assertThat(sessions.revoke(Pair.CLIENT_ID)).isEqualTo(2);

        assertThat(calls).hasSize(2);
        assertThat(calls.get(0)).containsOnly(Map.entry(claim.id(), 2L));
        assertThat(calls.get(1)).hasSize(2).containsEntry(claim.id(), RollbackGuard.ENDED);
    }

    @Test
    @Rule(value = "S-5", kind = REFUSES)
    void aRevocationThatTheCounterMissedCanBeRepeated() throws Exception {
        Map<String, Long> counter = new HashMap<>();
        AtomicBoolean down = new AtomicBoolean();
        RollbackGuard guard = counting(counter, id -> down.get());
        StoredSessions sessions = sessions(options.withRollbackGuard(guard));
        SessionClaim claim = sessions.add(peers.server());
        SessionRecord backup = store.find(claim.id()).orElseThrow();
        down.set(true);
        assertThatThrownBy(() -> sessions.revoke(Pair.CLIENT_ID)).hasMessageContaining("the counter is out of reach");
        down.set(false);

        assertThat(sessions.revoke(Pair.CLIENT_ID)).isEqualTo(1);

        store.insert(backup);
        assertRefused(() -> sessions.claim(claim.id()), Reason.ROLLED_BACK);
    }

    @Test
    void aClaimEndsWhenItsSessionExpires() throws Exception {
        StoredSessions sessions = sessions(options.withLifetime(Duration.ofMinutes(1)));
        SessionClaim claim = sessions.add(peers.server());
        clock.moveBy(Duration.ofMinutes(1));
        claim.unwrap(peers.client().wrap(payload(1)));
        clock.moveBy(Duration.between(clock.instant(), claim.stored().expires()));
        claim.wrap(payload(1));
        clock.moveBy(Duration.ofMillis(1));
        byte[] late = peers.client().wrap(payload(2));

        for (ThrowingCallable use : List.<ThrowingCallable>of(
                () -> claim.wrap(payload(1)), () -> claim.unwrap(late), () -> claim.unwrapAll(List.of(late)))) {
            assertThatThrownBy(use).isInstanceOf(ClaimLostException.class).hasMessageContaining("expired at");
        }
        assertThat(peers.server().isClosed()).isTrue();
        assertRefused(() -> sessions.claim(claim.id()), Reason.EXPIRED);
    }

    /** The text of PROTOCOL.md S-4: each field in the clear is part of it. */
    @Test
    @Rule(value = "S-4", kind = ACCEPTS)
    void theSealNamesTheFieldsInTheClear() {
        SessionRecord record = SessionRecord.of("some-id", SessionRecord.HANDSHAKE, "key", clock.instant(), new byte[1])
                .withPeer(PeerId.ofUtf8("bob"))
                .at(3, 4);

        assertThat(record.binding())
                .hasToString(StateBinding.of("stored/2/626f62/3/some-id", 4).toString());
    }

    @Test
    void refusesWhatIsNotThereOrOfAnotherKind() throws Exception {
        StoredSessions sessions = sessions(options);
        assertRefused(() -> sessions.claim("nothing"), Reason.NOT_FOUND);
        assertRefused(() -> sessions.claim("../x"), Reason.NOT_FOUND);
        String handshake = sessions.add(pair.beginAsServer());
        assertRefused(() -> sessions.claim(handshake), Reason.WRONG_KIND);
        String session = sessions.add(peers.server()).id();
        assertRefused(() -> sessions.claimHandshake(session), Reason.WRONG_KIND);
        store.insert(SessionRecord.of("later", 3, "first", clock.instant(), new byte[9]));
        assertRefused(() -> sessions.claim("later"), Reason.WRONG_KIND);
        assertThatThrownBy(() -> sessions.claim("later")).hasMessageContaining("update");
        store.insert(SessionRecord.of("moving", 129, "first", clock.instant(), new byte[9]));
        assertRefused(() -> sessions.claim("moving"), Reason.WRONG_KIND);
        assertThatThrownBy(() -> sessions.claim("moving")).hasMessageContaining("secure-session state move");
        assertThatThrownBy(() -> SessionRecord.of("x", 0, "first", clock.instant(), new byte[9]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SessionRecord.of("x", 256, "first", clock.instant(), new byte[9]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** A database need not write the index over a time that stays as it is. */
    @Test
    void mostCommitsLeaveTheTimeOfExpiryAsItIs() throws Exception {
        Duration lifetime = Duration.ofMinutes(64);
        StoredSessions sessions = sessions(options.withLifetime(lifetime));
        SessionClaim claim = sessions.add(peers.server());
        Set<Instant> times = new HashSet<>();
        for (int second = 0; second < 120; second += 5) {
            claim.unwrap(peers.client().wrap(payload(second)));
            Instant expires = store.find(claim.id()).orElseThrow().expires();
            assertThat(expires)
                    .isBetween(
                            clock.instant().plus(lifetime),
                            clock.instant().plus(lifetime).plus(Duration.ofMinutes(1)));
            times.add(expires);
            clock.moveBy(Duration.ofSeconds(5));
        }
        assertThat(times).hasSizeBetween(2, 3);
    }

    @Test
    void expiresWithoutUse() throws Exception {
        StoredSessions sessions = sessions(options.withLifetime(Duration.ofHours(1)));
        SessionClaim claim = sessions.add(peers.server());
        clock.moveBy(Duration.ofMinutes(50));
        claim.unwrap(peers.client().wrap(payload(1)));
        clock.moveBy(Duration.ofMinutes(50));
        SessionClaim second = sessions.claim(claim.id());
        clock.moveBy(Duration.ofHours(1));
        assertThat(sessions.deleteExpired(10)).isZero();
        clock.moveBy(Duration.ofMinutes(1));

        assertRefused(() -> sessions.claim(claim.id()), Reason.EXPIRED);
        assertThat(sessions.deleteExpired(10)).isEqualTo(1);
        assertRefused(() -> sessions.claim(claim.id()), Reason.NOT_FOUND);
        assertThatThrownBy(() -> second.wrap(payload(2))).isInstanceOf(ClaimLostException.class);
        for (Duration wrong : List.of(Duration.ZERO, Duration.ofSeconds(-1))) {
            assertThatThrownBy(() -> options.withLifetime(wrong)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> options.withHandshakeLifetime(wrong)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @Rule(value = "H-5", kind = REFUSES)
    void theDirectoryIsAskedAgain() throws Exception {
        String id = sessions(options).add(peers.server()).id();
        for (PeerDirectory directory : List.of(
                PeerDirectory.of(Pair.SERVER_ID, TestKeys.pair(1).publicKey()),
                PeerDirectory.of(Pair.CLIENT_ID, TestKeys.pair(7).publicKey()))) {
            StoredSessions sessions =
                    StoredSessions.of(store, ring, pair.server().withDirectory(directory), options);
            assertRefused(() -> sessions.claim(id), Reason.UNKNOWN_PEER);
        }
        sessions(options).claim(id);
    }

    @Test
    void revokingEndsAllSessionsOfAPeer() throws Exception {
        StoredSessions sessions = sessions(options);
        SessionClaim claim = sessions.add(peers.server());
        try (Pair.Sessions second = pair.establish()) {
            String other = sessions.add(second.server()).id();
            assertThat(sessions.list(Pair.CLIENT_ID)).containsExactlyInAnyOrder(claim.id(), other);

            assertThat(sessions.revoke(Pair.CLIENT_ID)).isEqualTo(2);

            assertThatThrownBy(() -> claim.wrap(payload(1))).isInstanceOf(ClaimLostException.class);
            assertRefused(() -> sessions.claim(other), Reason.NOT_FOUND);
            assertThat(sessions.list(Pair.CLIENT_ID)).isEmpty();
        }
    }

    @Test
    void keysAreExchangedWhileSessionsAreInUse() throws Exception {
        StoredSessions sessions = sessions(options);
        SessionClaim claim = sessions.add(peers.server());
        String handshake = sessions.add(pair.beginAsServer());
        KeyRing both = ring.withCurrent("second", StateKey.of(TestKeysOf.bytes(2)));
        sessions.useKeys(both);

        claim.unwrap(peers.client().wrap(payload(1)));
        assertThat(store.find(claim.id()).orElseThrow().keyName()).isEqualTo("second");
        assertThat(sessions.rotate(10)).isEqualTo(1);
        assertThat(sessions.rotate(10)).isZero();

        sessions.useKeys(both.without("first"));
        sessions.claimHandshake(handshake).close();
        assertThat(sessions.claim(claim.id()).wrapNumbered(payload(1)).number()).isEqualTo(2);
        assertRefused(() -> sessions(options).claim(claim.id()), Reason.UNKNOWN_KEY);
        StoredSessions wrongKey =
                StoredSessions.of(store, KeyRing.of("second", StateKey.of(TestKeysOf.bytes(3))), pair.server());
        assertRefused(() -> wrongKey.claim(claim.id()), Reason.NOT_AUTHENTIC);
        wrongKey.useKeys(KeyRing.of("second", key).withCurrent("third", key));
        assertRefused(() -> wrongKey.rotate(1), Reason.NOT_AUTHENTIC);
    }

    /** One damaged record must not keep an earlier key in the ring for ever, and with it all others. */
    @Test
    void whatCannotBeReadDoesNotHoldUpARotation() throws Exception {
        StoredSessions sessions = sessions(options);
        for (int i = 0; i < 6; i++) {
            sessions.add(pair.beginAsServer());
        }
        SessionRecord damaged =
                store.find(store.listNotSealedBy("none", 10).get(0)).orElseThrow();
        byte[] state = damaged.state().clone();
        state[state.length - 1] ^= 1;
        store.replace(SessionStore.Change.of(damaged, damaged.withState(state)));
        sessions.useKeys(ring.withCurrent("second", StateKey.of(TestKeysOf.bytes(2))));
        for (int i = 0; i < 5; i++) {
            assertThat(sessions.rotate(1)).isEqualTo(1);
        }

        assertThatThrownBy(() -> sessions.rotate(1))
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(Reason.NOT_AUTHENTIC))
                .hasMessageContaining("1 stored states cannot be read");
        assertThat(store.listNotSealedBy("second", 10)).containsExactly(damaged.id());
    }

    @Test
    void aRingNamesItsKeys() {
        assertThat(ring).hasToString("key ring of 1 keys, current first");
        assertThatThrownBy(() -> ring.withCurrent("first", key)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ring.without("first")).hasMessageContaining("current");
        assertThatThrownBy(() -> ring.without("second")).hasMessageContaining("no key");
        assertThatThrownBy(() -> KeyRing.of("Upper", key)).isInstanceOf(IllegalArgumentException.class);
        assertThat(ring.find("first")).contains(key);
        assertThat(ring.find("second")).isEmpty();
        assertThat(ring.withCurrent("second", key).without("first").find("first"))
                .isEmpty();
    }

    @Test
    @Rule(value = "S-1", kind = ACCEPTS)
    void eachMessageOfAHandshakeMayReachAnotherMachine() throws Exception {
        try (Handshake client = pair.beginAsClient()) {
            Handshake first = pair.beginAsServer();
            byte[] message2 = first.receive(client.start()).message().orElseThrow();
            String id = sessions(options).add(first);
            byte[] message3 = client.receive(message2).message().orElseThrow();

            try (Handshake second = sessions(options).claimHandshake(id)) {
                HandshakeStep step = second.receive(message3);
                SessionClaim claim = sessions(options).add(((HandshakeStep.Established) step).session());
                HandshakeStep last = client.receive(step.message().orElseThrow());
                SecureSession session = ((HandshakeStep.Established) last).session();
                assertThat(claim.unwrap(session.wrap(payload(1)))).isEqualTo(payload(1));
                session.close();
            }
            assertRefused(() -> sessions(options).claimHandshake(id), Reason.NOT_FOUND);
        }
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void oneMachineTakesAHandshake() throws Exception {
        String id = sessions(options).add(pair.beginAsServer());
        store.afterFind = () -> {
            store.afterFind = () -> {};
            sessions(options).claimHandshake(id).close();
        };
        assertThatThrownBy(() -> sessions(options).claimHandshake(id)).isInstanceOf(ClaimLostException.class);

        String expired =
                sessions(options.withHandshakeLifetime(Duration.ofSeconds(1))).add(pair.beginAsServer());
        clock.moveBy(Duration.ofSeconds(2));
        assertRefused(() -> sessions(options).claimHandshake(expired), Reason.EXPIRED);
    }

    @Test
    void manyMessagesTakeOneCommit() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            messages.add(peers.client().wrap(payload(i)));
        }
        store.events.clear();

        assertThat(claim.unwrapAll(messages))
                .extracting(NumberedPayload::number)
                .containsExactly(0L, 1L, 2L, 3L, 4L);

        assertThat(store.events).containsExactly("replace");
        assertThatThrownBy(() -> claim.unwrapAll(messages)).isInstanceOf(MessageRejectedException.class);
        assertThatThrownBy(() -> claim.unwrapAll(List.of())).isInstanceOf(IllegalArgumentException.class);
        byte[] next = peers.client().wrap(payload(5));
        assertThat(claim.unwrapAll(List.of(next, messages.get(0), peers.client().wrap(payload(6)))))
                .hasSize(1);
    }

    @Test
    void aReleasedSessionContinuesWithoutAGap() throws Exception {
        StoredSessions sessions = sessions(options);
        SessionClaim first = sessions.add(peers.server());
        assertThat(first.wrapNumbered(payload(1)).number()).isZero();
        first.close();
        first.close();
        assertThat(peers.server().isClosed()).isTrue();
        assertThatThrownBy(() -> first.wrap(payload(1)))
                .isInstanceOf(ClaimLostException.class)
                .hasMessageContaining("released");
        assertThatThrownBy(() -> first.unwrap(peers.client().wrap(payload(1)))).isInstanceOf(ClaimLostException.class);

        SessionClaim second = sessions.claim(first.id());
        assertThat(second.wrapNumbered(payload(2)).number()).isEqualTo(1);
        second.release();
        store.events.clear();
        SessionClaim third = sessions.claim(first.id());
        third.release();
        assertThat(store.events).containsExactly("find", "replace");
    }

    @Test
    void aReleaseThatFailsEndsTheClaimToo() throws Exception {
        FaultyStore faulty = FaultyStore.failingAt(store, 2, FaultyStore.Moment.BEFORE);
        SessionClaim claim =
                StoredSessions.of(faulty, ring, pair.server(), options).add(peers.server());
        assertThatThrownBy(claim::release).isInstanceOf(IOException.class);
        assertThat(peers.server().isClosed()).isTrue();
        claim.release();
        sessions(options).claim(claim.id());
    }

    @Test
    void aDeletedSessionIsGone() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        claim.delete();
        assertThat(peers.server().isClosed()).isTrue();
        assertRefused(() -> sessions(options).claim(claim.id()), Reason.NOT_FOUND);
        assertThatThrownBy(claim::delete).isInstanceOf(ClaimLostException.class);
    }

    @Test
    void aSessionThatCannotBeAddedIsClosed() throws Exception {
        FaultyStore faulty = FaultyStore.failingAt(store, 1, FaultyStore.Moment.BEFORE);
        StoredSessions sessions = StoredSessions.of(faulty, ring, pair.server(), options);
        assertThatThrownBy(() -> sessions.add(peers.server())).isInstanceOf(IOException.class);
        assertThat(peers.server().isClosed()).isTrue();
        assertThatThrownBy(() -> sessions.add(peers.server())).isInstanceOf(IllegalStateException.class);
        assertThat(sessions.toString()).contains("server").contains("store");
    }

    @Test
    void manyThreadsShareCommits() throws Exception {
        StoredSessions sessions = sessions(options);
        int threads = 8;
        List<Pair.Sessions> all = new ArrayList<>();
        List<SessionClaim> claims = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            all.add(pair.establish());
            claims.add(sessions.add(all.get(i).server()));
        }
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        store.beforeReplace = () -> {
            first.countDown();
            await(go);
        };
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<byte[]>> payloads = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                byte[] message = all.get(i).client().wrap(payload(i));
                SessionClaim claim = claims.get(i);
                payloads.add(executor.submit(() -> claim.unwrap(message)));
                if (i == 0) {
                    await(first);
                }
            }
            store.events.clear();
            store.batches.clear();
            go.countDown();
            for (int i = 0; i < threads; i++) {
                assertThat(payloads.get(i).get(60, TimeUnit.SECONDS)).isEqualTo(payload(i));
            }
            assertThat(store.batches.stream().mapToInt(Integer::intValue).sum()).isEqualTo(threads);
        } finally {
            executor.shutdownNow();
            all.forEach(Pair.Sessions::close);
        }
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void manyThreadsShareChecksOfOwnership() throws Exception {
        StoredSessions sessions = sessions(options);
        int threads = 8;
        List<SessionClaim> claims = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            claims.add(sessions.add(pair.establish().server()));
        }
        sessions.claim(claims.get(threads - 1).id());
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        store.beforeCheck = () -> {
            first.countDown();
            await(go);
        };
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            List<Future<byte[]>> messages = new ArrayList<>();
            CountDownLatch started = new CountDownLatch(threads - 1);
            for (int i = 0; i < threads; i++) {
                SessionClaim claim = claims.get(i);
                messages.add(executor.submit(() -> {
                    started.countDown();
                    return claim.wrap(payload(1));
                }));
                if (i == 0) {
                    await(first);
                }
            }
            await(started);
            go.countDown();
            for (int i = 0; i < threads - 1; i++) {
                assertThat(messages.get(i).get(60, TimeUnit.SECONDS)).isNotEmpty();
            }
            assertThatThrownBy(() -> messages.get(threads - 1).get(60, TimeUnit.SECONDS))
                    .as("each claim is judged by its own record")
                    .hasCauseInstanceOf(ClaimLostException.class);
            // A thread may ask once more while the check that answers it is being made.
            assertThat(store.checks.stream().mapToInt(Integer::intValue).sum()).isBetween(threads, 2 * threads);
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void aCheckOfOwnershipThatFailsIsMadeAgain() throws Exception {
        SessionClaim claim = sessions(options).add(pair.establish().server());
        store.beforeCheck = () -> {
            throw new IOException("not reached");
        };
        assertThatThrownBy(() -> claim.wrap(payload(1))).hasMessage("not reached");
        store.beforeCheck = () -> {};
        assertThat(claim.wrap(payload(1))).isNotEmpty();
        assertThat(store.checks).containsExactly(1);
    }

    @Test
    void anInterruptedWaitDeliversNothing() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        CountDownLatch committing = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        store.beforeReplace = () -> {
            committing.countDown();
            await(go);
        };
        ExecutorService executor = Executors.newFixedThreadPool(2);
        try {
            Future<byte[]> leader =
                    executor.submit(() -> claim.unwrap(peers.client().wrap(payload(1))));
            await(committing);
            AtomicReference<Thread> waiter = new AtomicReference<>();
            CountDownLatch started = new CountDownLatch(1);
            Future<Throwable> waiting = executor.submit(() -> {
                waiter.set(Thread.currentThread());
                started.countDown();
                try {
                    claim.unwrap(peers.client().wrap(payload(2)));
                    return null;
                } catch (IOException e) {
                    return e;
                }
            });
            await(started);
            waiter.get().interrupt();
            assertThat(waiting.get(60, TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
            go.countDown();
            assertThat(leader.get(60, TimeUnit.SECONDS)).isEqualTo(payload(1));
        } finally {
            executor.shutdownNow();
        }
    }

    /** The other claims of the batch must not wait for a commit that nobody makes. */
    @Test
    void aFailedBatchEndsAllItsClaimsAlthoughAListenerFailsWithAnError() throws Exception {
        AtomicBoolean fails = new AtomicBoolean(true);
        Pair told = pair.withServer(config -> config.withListener(new SessionListener() {
            @Override
            public void closed(SecureSession session) {
                if (fails.getAndSet(false)) {
                    throw new OutOfMemoryError("for a test");
                }
            }
        }));
        StoredSessions sessions = StoredSessions.of(store, ring, told.server(), options);
        CountDownLatch committing = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (Pair.Sessions leading = told.establish();
                Pair.Sessions first = told.establish();
                Pair.Sessions second = told.establish()) {
            SessionClaim leader = sessions.add(leading.server());
            SessionClaim one = sessions.add(first.server());
            SessionClaim other = sessions.add(second.server());
            store.beforeReplace = () -> {
                committing.countDown();
                await(go);
            };
            Future<byte[]> committed =
                    executor.submit(() -> leader.unwrap(leading.client().wrap(payload(1))));
            await(committing);
            // Interrupted, so that the claim waits for the next batch without a thread.
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> one.unwrap(first.client().wrap(payload(1))))
                    .isInstanceOf(InterruptedIOException.class);
            assertThat(Thread.interrupted()).isTrue();
            go.countDown();
            assertThat(committed.get(60, TimeUnit.SECONDS)).isEqualTo(payload(1));
            store.failure = new IllegalStateException("the driver is broken");

            assertThatThrownBy(() -> other.unwrap(second.client().wrap(payload(1))))
                    .isInstanceOf(OutOfMemoryError.class);

            store.failure = null;
            for (SessionClaim ended : List.of(one, other)) {
                assertThatThrownBy(() -> ended.wrap(payload(2)))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("may not be stored");
            }
            assertThat(second.server().isClosed()).isTrue();
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void listenersAreToldAndChangeNothing() throws Exception {
        List<String> events = new ArrayList<>();
        StoreListener listener = new StoreListener() {
            @Override
            public void claimed(String id) {
                fail("claimed");
            }

            @Override
            public void lost(String id) {
                fail("lost");
            }

            @Override
            public void refused(String id, Reason reason) {
                fail("refused " + reason);
            }

            @Override
            public void committed(int sessions, Duration took) {
                fail("committed " + sessions);
            }

            @Override
            public void commitFailed(int sessions) {
                fail("failed " + sessions);
            }

            private void fail(String event) {
                events.add(event);
                throw new IllegalStateException(event);
            }
        };
        StoreOptions observed = options.withListener(listener);
        SessionClaim claim = sessions(observed).add(peers.server());
        claim.unwrap(peers.client().wrap(payload(1)));
        SessionClaim second = sessions(observed).claim(claim.id());
        assertThatThrownBy(() -> claim.wrap(payload(1))).isInstanceOf(ClaimLostException.class);
        assertRefused(() -> sessions(observed).claim("nothing"), Reason.NOT_FOUND);
        store.failure = new IllegalStateException("the driver is broken");
        assertThatThrownBy(() -> second.unwrap(peers.client().wrap(payload(2))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("driver");

        assertThat(events)
                .containsExactly("claimed", "committed 1", "claimed", "lost", "refused NOT_FOUND", "failed 1");
        assertThat(observed.toString()).contains("default number");
        assertThat(observed.withReservedNumbers(3).toString()).contains("3 reserved");
    }

    /** Languages without checked exceptions throw them from everywhere. */
    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void checkedExceptionsOfListenersEndNoClaim() throws Exception {
        StoreListener listener = new StoreListener() {
            @Override
            public void committed(int sessions, Duration took) {
                sneak(new IOException("a listener in a language without checked exceptions"));
            }

            @SuppressWarnings("unchecked")
            private static <E extends Exception> void sneak(Exception exception) throws E {
                throw (E) exception;
            }
        };
        SessionClaim claim = sessions(options.withListener(listener)).add(peers.server());

        assertThat(claim.unwrap(peers.client().wrap(payload(1)))).isEqualTo(payload(1));
        assertThat(peers.client().unwrap(claim.wrap(payload(2)))).isEqualTo(payload(2));
    }

    /** What is durable stays so; the error is not hidden either. */
    @Test
    @Rule(value = "H-11", kind = REFUSES)
    void errorsOfListenersEndNoClaim() throws Exception {
        AtomicBoolean thrown = new AtomicBoolean();
        StoreListener listener = new StoreListener() {
            @Override
            public void committed(int sessions, Duration took) {
                if (!thrown.getAndSet(true)) {
                    throw new StackOverflowError("in a listener");
                }
            }
        };
        SessionClaim claim = sessions(options.withListener(listener)).add(peers.server());

        assertThatThrownBy(() -> claim.unwrap(peers.client().wrap(payload(1)))).isInstanceOf(StackOverflowError.class);
        assertThat(peers.client().unwrap(claim.wrap(payload(2)))).isEqualTo(payload(2));
    }

    @Test
    @Rule(value = "S-4", kind = REFUSES)
    void aListenerMayUseSessionsWhenItHearsOfALoss() throws Exception {
        Pair.Sessions others = pair.establish();
        AtomicReference<SessionClaim> other = new AtomicReference<>();
        List<String> told = new ArrayList<>();
        StoreListener listener = new StoreListener() {
            @Override
            public void lost(String id) {
                told.add("lost " + id);
                try {
                    other.get().unwrap(others.client().wrap(payload(2)));
                } catch (IOException | MessageRejectedException e) {
                    throw new AssertionError(e);
                }
            }

            @Override
            public void committed(int sessions, Duration took) {
                told.add("committed " + sessions);
            }
        };
        RollbackGuard takesNothingEmpty = told(versions -> assertThat(versions).isNotEmpty());
        StoredSessions sessions = sessions(options.withListener(listener).withRollbackGuard(takesNothingEmpty));
        SessionClaim claim = sessions.add(peers.server());
        other.set(sessions.add(others.server()));
        sessions(options).claim(claim.id());

        assertThatThrownBy(() -> claim.unwrap(peers.client().wrap(payload(1)))).isInstanceOf(ClaimLostException.class);

        assertThat(told).containsExactly("lost " + claim.id(), "committed 1");
    }

    @Test
    void anErrorInTheStoreEndsTheClaimAndIsNotHidden() throws Exception {
        SessionClaim claim = sessions(options).add(peers.server());
        store.error = new StackOverflowError("deep");
        assertThatThrownBy(() -> claim.unwrap(peers.client().wrap(payload(2)))).isInstanceOf(StackOverflowError.class);
        assertThatThrownBy(() -> claim.wrap(payload(1))).isInstanceOf(IOException.class);
    }

    private StoredSessions sessions(StoreOptions chosen) {
        return StoredSessions.of(store, ring, pair.server(), chosen);
    }

    private static RollbackGuard counting(Map<String, Long> counter) {
        return counting(counter, id -> false);
    }

    /** Returns a counter that cannot be reached for some sessions. */
    private static RollbackGuard counting(Map<String, Long> counter, Predicate<String> outOfReach) {
        return new RollbackGuard() {
            @Override
            public void advance(String id, long version) throws IOException {
                if (outOfReach.test(id)) {
                    throw new IOException("the counter is out of reach");
                }
                counter.merge(id, version, Math::max);
            }

            @Override
            public long highest(String id) {
                return counter.getOrDefault(id, 0L);
            }
        };
    }

    /** Returns a counter that passes on what it is told of commits and revocations, and remembers nothing. */
    private static RollbackGuard told(Consumer<Map<String, Long>> together) {
        return new RollbackGuard() {
            @Override
            public void advance(String id, long version) {
                // At the beginning of a session.
            }

            @Override
            public void advanceAll(Map<String, Long> versions) {
                together.accept(versions);
            }

            @Override
            public long highest(String id) {
                return 0;
            }
        };
    }

    private static void assertRefused(ThrowingCallable call, Reason reason) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        StateRejectedException.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason));
    }

    private static byte[] payload(int value) {
        return new byte[] {(byte) value, 2};
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A use of a claim. */
    private interface Use {
        void on(SessionClaim claim) throws Exception;
    }

    /** Something that happens in the middle of a call of the store. */
    private interface Interference {
        void run() throws Exception;
    }

    /** Keys of these tests. */
    private static final class TestKeysOf {
        static byte[] bytes(int fill) {
            byte[] bytes = new byte[StateKey.LENGTH];
            Arrays.fill(bytes, (byte) fill);
            return bytes;
        }
    }

    /** A store in memory that notes its calls and lets tests step in. */
    private static final class Watched extends ForwardingStore {
        final List<String> events = new ArrayList<>();
        final List<Integer> batches = new ArrayList<>();
        final List<Integer> checks = new ArrayList<>();
        volatile Interference afterFind = () -> {};
        volatile Interference afterInsert = () -> {};
        volatile Interference afterReplace = () -> {};
        volatile Interference afterCheck = () -> {};
        volatile Interference beforeReplace = () -> {};
        volatile Interference beforeCheck = () -> {};
        volatile RuntimeException failure;
        volatile Error error;

        Watched() {
            super(new MemorySessionStore());
        }

        @Override
        public boolean insert(SessionRecord record) throws IOException {
            boolean inserted = store.insert(record);
            run(afterInsert);
            return inserted;
        }

        @Override
        public Optional<SessionRecord> find(String id) throws IOException {
            Optional<SessionRecord> found = store.find(id);
            events.add("find");
            run(afterFind);
            return found;
        }

        @Override
        public List<Boolean> replaceAll(List<Change> changes) throws IOException {
            run(beforeReplace);
            if (failure != null) {
                throw failure;
            }
            if (error != null) {
                throw error;
            }
            events.add("replace");
            batches.add(changes.size());
            List<Boolean> made = store.replaceAll(changes);
            run(afterReplace);
            return made;
        }

        @Override
        public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
            run(beforeCheck);
            checks.add(records.size());
            List<Boolean> owned = store.areOwned(records);
            run(afterCheck);
            return owned;
        }

        private static void run(Interference interference) throws IOException {
            try {
                interference.run();
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
    }
}

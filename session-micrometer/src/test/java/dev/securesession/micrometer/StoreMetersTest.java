package dev.securesession.micrometer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.SecureSession;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.StateRejectedException.Reason;
import dev.securesession.store.KeyRing;
import dev.securesession.store.MemorySessionStore;
import dev.securesession.store.SessionClaim;
import dev.securesession.store.SessionManager;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import dev.securesession.testkit.FaultyStore;
import dev.securesession.testkit.Pair;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StoreMetersTest {
    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final StoreMeters meters = StoreMeters.in(registry);
    private final Pair pair = Pair.create();
    private final KeyRing keys = KeyRing.of("key-1", StateKey.of(new byte[StateKey.LENGTH]));
    private final SessionStore store = new MemorySessionStore();

    @Test
    void aManagerCountsItsClaimsAndCommits() throws Exception {
        try (SessionManager manager = SessionManager.of(sessions(store));
                Handshake client = pair.beginAsClient()) {
            SessionManager.HandshakeReply second = manager.begin(client.start());
            byte[] third = client.receive(second.message()).message().orElseThrow();
            SessionManager.HandshakeReply fourth =
                    (SessionManager.HandshakeReply) manager.receive(second.token(), third);
            SecureSession session = ((HandshakeStep.Established) client.receive(fourth.message())).session();
            double commitsBefore =
                    registry.get("securesession.store.commit").timer().count();
            SessionManager.Request request =
                    (SessionManager.Request) manager.receive(second.token(), session.wrap("ask".getBytes(UTF_8)));
            session.unwrap(request.answer("answer".getBytes(UTF_8)));

            assertThat(count("securesession.store.claimed")).isEqualTo(1);
            assertThat(count("securesession.store.lost")).isZero();
            assertThat(registry.get("securesession.store.commit").timer().count())
                    .isEqualTo((long) commitsBefore + 1);
        }
    }

    @Test
    void anOvertakenOwnerCountsOneLostClaim() throws Exception {
        StoredSessions sessions = sessions(store);
        try (SessionClaim late = sessions.add(pair.establish().server());
                SessionClaim owner = sessions.claim(late.id())) {
            assertThatThrownBy(() -> late.wrap(new byte[] {1})).isInstanceOf(IOException.class);

            assertThat(owner.wrap(new byte[] {1})).isNotEmpty();
            assertThat(count("securesession.store.lost")).isEqualTo(1);
        }
    }

    @Test
    void aRefusalCountsUnderItsReasonOnly() {
        assertThatThrownBy(() -> sessions(store).claim("0".repeat(32))).isInstanceOf(StateRejectedException.class);

        for (Reason reason : Reason.values()) {
            assertThat(refused(reason)).as(reason.name()).isEqualTo(reason == Reason.NOT_FOUND ? 1 : 0);
        }
    }

    @Test
    void aFailedCommitCountsItsSessions() throws Exception {
        String id;
        try (SessionClaim claim = sessions(store).add(pair.establish().server())) {
            id = claim.id();
        }
        double committed = registry.get("securesession.store.commit").timer().count();
        int failing = 1;
        while (count("securesession.store.commit.failed") == 0) {
            FaultyStore faulty = FaultyStore.failingAt(store, failing, FaultyStore.Moment.BEFORE);
            failing++;
            useOnce(sessions(faulty), id);
            assertThat(faulty.hasFailed()).as("a commit among the calls").isTrue();
        }

        assertThat(count("securesession.store.commit.failed")).isEqualTo(1);
        assertThat(registry.get("securesession.store.commit").timer().count()).isGreaterThanOrEqualTo((long) committed);
    }

    @SuppressWarnings("EmptyCatch") // One call of the store fails; the meters tell which kind of call it was.
    private static void useOnce(StoredSessions sessions, String id) throws StateRejectedException {
        try (SessionClaim claim = sessions.claim(id)) {
            for (int i = 0; i < 3; i++) {
                byte[] unused = claim.wrap(new byte[] {1});
            }
        } catch (IOException failed) {
            return;
        }
    }

    @Test
    void aCommitAddsItsTimeAndItsSessions() {
        meters.committed(3, Duration.ofMillis(20));
        meters.committed(1, Duration.ofMillis(5));
        meters.commitFailed(4);

        assertThat(registry.get("securesession.store.commit").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(25);
        assertThat(registry.get("securesession.store.commit.size").summary().totalAmount())
                .isEqualTo(4);
        assertThat(registry.get("securesession.store.commit.size").summary().count())
                .isEqualTo(2);
        assertThat(count("securesession.store.commit.failed")).isEqualTo(4);
    }

    @Test
    void twoStoresWithTagsCountApart() {
        StoreMeters orders = StoreMeters.in(registry, Tags.of("store", "orders"));
        StoreMeters chat = StoreMeters.in(registry, Tags.of("store", "chat"));
        orders.claimed("1");
        orders.claimed("2");
        chat.claimed("3");

        assertThat(registry.get("securesession.store.claimed")
                        .tag("store", "orders")
                        .counter()
                        .count())
                .isEqualTo(2);
        assertThat(registry.get("securesession.store.claimed")
                        .tag("store", "chat")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void aTagCannotTakeThePlaceOfTheReason() {
        assertThatThrownBy(() -> StoreMeters.in(registry, Tags.of("reason", "x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("use another key");
    }

    @Test
    void noMeterNamesASessionOrAPeer() throws Exception {
        try (SessionClaim claim = sessions(store).add(pair.establish().server())) {
            assertThatThrownBy(() -> sessions(store).claim("0".repeat(32))).isInstanceOf(StateRejectedException.class);

            for (Meter meter : registry.getMeters()) {
                assertThat(meter.getId().toString())
                        .doesNotContain(claim.id())
                        .doesNotContain("0".repeat(32))
                        .doesNotContain(Pair.CLIENT_ID.toString());
            }
        }
    }

    @Test
    void describesItself() {
        meters.claimed("1");

        assertThat(meters).hasToString("meters of stored sessions: 1 claimed, 0 lost, 0 commits");
    }

    private StoredSessions sessions(SessionStore of) {
        return StoredSessions.of(
                of,
                keys,
                pair.server(),
                StoreOptions.defaults().withClock(pair.clock()).withListener(meters));
    }

    private double count(String name) {
        return registry.get(name).counter().count();
    }

    private double refused(Reason reason) {
        return registry.get("securesession.store.refused")
                .tag("reason", reason.name().toLowerCase(Locale.ROOT))
                .counter()
                .count();
    }
}

package dev.securesession.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.SecureSession;
import dev.securesession.StateKey;
import dev.securesession.testkit.Pair;
import java.time.Clock;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClaimStateTest {
    /** A claim that waits for the next batch may have been covered by the one that runs. */
    @Test
    void onlyWhatHasChangedIsCommitted() throws Exception {
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        Instant expires = Instant.ofEpochSecond(2_000_000_000);
        try (Pair.Sessions sessions = Pair.create().establish()) {
            ClaimState claim = claim(sessions.server());
            assertThat(claim.snapshot("key-1", key, 2, expires)).isNull();
            claim.changed();
            ClaimState.Snapshot snapshot = claim.snapshot("key-1", key, 2, expires);
            claim.stored(snapshot);

            assertThat(claim.snapshot("key-1", key, 2, expires)).isNull();

            claim.changed();
            assertThat(claim.snapshot("key-1", key, 2, expires)).isNotNull();
        }
    }

    /** Two threads may both have seen the last number that was reserved. */
    @Test
    void wrapsNothingWithoutAReservedNumber() throws Exception {
        StateKey key = StateKey.of(new byte[StateKey.LENGTH]);
        try (Pair.Sessions sessions = Pair.create().establish()) {
            ClaimState claim = claim(sessions.server());
            assertThat(claim.wrap(new byte[1])).isNull();
            claim.changed();
            claim.stored(claim.snapshot("key-1", key, 1, Instant.ofEpochSecond(2_000_000_000)));

            assertThat(claim.wrap(new byte[1])).isNotNull();
            assertThat(claim.wrap(new byte[1])).isNull();
        }
    }

    /** The commit that gives the numbers back may be running. */
    @Test
    void nothingIsUsedWhileAClaimIsBeingReleased() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            ClaimState claim = claim(sessions.server());
            byte[] message = sessions.client().wrap(new byte[1]);
            assertThat(claim.release()).isTrue();

            assertThatThrownBy(claim::hasReserved).isInstanceOf(ClaimLostException.class);
            assertThatThrownBy(() -> claim.wrap(new byte[1])).isInstanceOf(ClaimLostException.class);
            assertThatThrownBy(() -> claim.open(message)).isInstanceOf(ClaimLostException.class);
            assertThat(claim.release()).as("the first release is the only one").isFalse();
        }
    }

    static ClaimState claim(SecureSession session) {
        return new ClaimState(
                session,
                SessionRecord.of(
                        "one", SessionRecord.SESSION, "key-1", Instant.ofEpochSecond(2_000_000_000), new byte[1]),
                0,
                Clock.systemUTC(),
                0);
    }
}

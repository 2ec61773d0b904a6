package dev.securesession.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.securesession.testkit.Pair;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CommitTurnsTest {
    private final CommitTurns turns = new CommitTurns(8);

    /** A thread that comes when its claim is committed must not take a turn: nobody would end it. */
    @Test
    void aClaimThatIsCommittedTakesNoTurn() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            ClaimState claim = ClaimStateTest.claim(sessions.server());
            turns.add(claim);
            assertThat(turns.await(claim)).containsExactly(claim);
            turns.finish();

            assertThat(turns.await(claim)).isEmpty();

            turns.add(claim);
            assertTimeoutPreemptively(
                    Duration.ofSeconds(20), () -> assertThat(turns.await(claim)).containsExactly(claim));
            turns.finish();
        }
    }
}

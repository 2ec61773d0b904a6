package dev.securesession.testsupport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AttackedServerTest {
    private static final String COUNTERS = "ServerCounters[accepted=3, established=2, failed=1, shed=0, open=7]";

    @Test
    void readsTheNumberOfThatName() {
        assertThat(AttackedServer.number(COUNTERS, "established")).isEqualTo(2);
        assertThat(AttackedServer.number(COUNTERS, "shed")).isZero();
        assertThat(AttackedServer.number(COUNTERS, "open")).isEqualTo(7);
    }

    @Test
    void failsIfThereIsNoSuchNumber() {
        assertThatThrownBy(() -> AttackedServer.number(COUNTERS, "evicted")).isInstanceOf(AssertionError.class);
    }
}

package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {
    @Test
    void theEarlierOfTwoDeadlinesCounts() {
        Deadline soon = Deadline.after(Duration.ofSeconds(10));
        Deadline later = Deadline.after(Duration.ofSeconds(20));
        Deadline never = Deadline.after(Duration.ZERO);

        assertThat(soon.earliest(later)).isSameAs(soon);
        assertThat(later.earliest(soon)).isSameAs(soon);
        assertThat(soon.earliest(never)).isSameAs(soon);
        assertThat(never.earliest(soon)).isSameAs(soon);
        assertThat(never.earliest(never).isLimited()).isFalse();
    }
}

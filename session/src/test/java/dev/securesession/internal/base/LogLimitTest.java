package dev.securesession.internal.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LogLimitTest {
    private long nanos = Long.MAX_VALUE - 1;
    private final LogLimit limit = new LogLimit(() -> nanos);

    @Test
    void firstEventsHaveALineEach() {
        for (int i = 0; i < LogLimit.MAX_LINES; i++) {
            assertThat(limit.next()).hasValue(0);
        }
        assertThat(limit.next()).isEmpty();
    }

    @Test
    void nextPeriodBeginsWithTheCountOfTheOthers() {
        flood(10_000);
        nanos += LogLimit.PERIOD_NANOS - 1;
        assertThat(limit.next()).isEmpty();

        nanos++;
        assertThat(limit.next()).hasValue(10_000 - LogLimit.MAX_LINES + 1);
        assertThat(limit.next()).hasValue(0);
    }

    @Test
    void everyEventHasALineOrIsCounted() {
        List<OptionalLong> lines = new ArrayList<>();
        for (int period = 0; period < 3; period++) {
            lines.addAll(flood(1000));
            nanos += LogLimit.PERIOD_NANOS;
        }
        lines.add(limit.next());

        assertThat(lines).hasSize(3 * LogLimit.MAX_LINES + 1);
        assertThat(lines.stream().mapToLong(OptionalLong::getAsLong).sum() + lines.size())
                .isEqualTo(3001);
    }

    private List<OptionalLong> flood(int events) {
        List<OptionalLong> lines = new ArrayList<>();
        for (int i = 0; i < events; i++) {
            OptionalLong line = limit.next();
            if (line.isPresent()) {
                lines.add(line);
            }
        }
        return lines;
    }
}

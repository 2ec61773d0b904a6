package dev.securesession.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;

class MovableClockTest {
    @Test
    void standsStillUntilItIsMoved() {
        MovableClock clock = MovableClock.at(Instant.EPOCH);
        assertThat(clock.instant()).isEqualTo(Instant.EPOCH);

        clock.moveBy(Duration.ofDays(1));
        assertThat(clock.instant()).isEqualTo(Instant.EPOCH.plusSeconds(86_400));

        clock.moveTo(Instant.ofEpochSecond(5));
        assertThat(clock.millis()).isEqualTo(5_000);
    }

    @Test
    void showsTheSameTimeInEveryZone() {
        MovableClock clock = MovableClock.at(Instant.EPOCH);
        MovableClock elsewhere = clock.withZone(ZoneId.of("Asia/Tokyo"));

        clock.moveBy(Duration.ofSeconds(3));

        assertThat(elsewhere.instant()).isEqualTo(clock.instant());
        assertThat(elsewhere.getZone()).isEqualTo(ZoneId.of("Asia/Tokyo"));
    }
}

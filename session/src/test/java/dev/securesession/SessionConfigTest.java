package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.internal.message.SessionSettings;
import dev.securesession.testkit.TestKeys;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionConfigTest {
    private final SessionConfig defaults = SessionConfig.askingForKeys(
            LocalIdentity.of(PeerId.ofUtf8("a"), TestKeys.pair(1).privateKey()));

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 65_537, Integer.MAX_VALUE})
    void refusesWindowsOutsideTheirRange(int messages) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> defaults.withReplayWindow(messages))
                .withMessageContaining("of " + messages + " messages");
        assertThat(defaults.withReplayWindow(1).settings().replayWindow).isEqualTo(1);
        assertThat(defaults.withReplayWindow(65_536).settings().replayWindow).isEqualTo(65_536);
    }

    @Test
    void refusesTolerancesOutsideTheirRange() {
        Duration longest = Duration.ofDays(10_000);
        for (Duration wrong : new Duration[] {Duration.ofNanos(-1), longest.plusNanos(1), Duration.ofDays(-1)}) {
            assertThatIllegalArgumentException().isThrownBy(() -> defaults.withClockTolerance(wrong));
        }
        assertThat(defaults.withClockTolerance(Duration.ZERO).settings().clockToleranceSeconds)
                .isZero();
        assertThat(defaults.withClockTolerance(longest).settings().clockToleranceSeconds)
                .isEqualTo(864_000_000);
        assertThat(defaults.withoutTimestampCheck().settings().clockToleranceSeconds)
                .isEqualTo(SessionSettings.NO_TIMESTAMP_CHECK);
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, -1, 0})
    void refusesFailureLimitsThatAllowNothing(long messages) {
        assertThatIllegalArgumentException().isThrownBy(() -> defaults.withFailureLimit(messages));
        assertThat(defaults.withFailureLimit(1).settings().failureLimit).isEqualTo(1);
    }

    @Test
    void changesOneSettingAtATime() {
        SessionSettings all = defaults.withReplayWindow(7)
                .withFailureLimit(8)
                .withDelivery(Delivery.ORDERED)
                .withSequenceWrap()
                .withSelfAllowed()
                .withTsscExport()
                .withClockTolerance(Duration.ofSeconds(9))
                .settings();
        SessionSettings none = defaults.settings();

        assertThat(all.replayWindow).isEqualTo(7);
        assertThat(all.failureLimit).isEqualTo(8);
        assertThat(all.delivery).isEqualTo(Delivery.ORDERED);
        assertThat(all.crossesWrap).isTrue();
        assertThat(all.allowsSelf).isTrue();
        assertThat(all.keepsMaster).isTrue();
        assertThat(all.clockToleranceSeconds).isEqualTo(9);
        assertThat(none.replayWindow).isEqualTo(1024);
        assertThat(none.failureLimit).isEqualTo(1L << 36);
        assertThat(none.delivery).isEqualTo(Delivery.UNORDERED);
        assertThat(none.crossesWrap).isFalse();
        assertThat(none.allowsSelf).isFalse();
        assertThat(none.keepsMaster).isFalse();
        assertThat(none.clockToleranceSeconds).isEqualTo(86_400);
    }

    @Test
    void generatesOnP256UnlessToldOtherwise() {
        assertThat(IdentityKeyPair.generate().publicKey().curve()).isEqualTo(Curve.P256);
    }
}

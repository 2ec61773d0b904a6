package dev.securesession;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.testkit.TestKeys;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionOptionsTest {
    private final SessionOptions defaults = SessionOptions.defaults();

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 65_537, Integer.MAX_VALUE})
    void refusesWindowsOutsideTheirRange(int messages) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> defaults.withReplayWindow(messages))
                .withMessageContaining("of " + messages + " messages");
        assertThat(defaults.withReplayWindow(1).replayWindow()).isEqualTo(1);
        assertThat(defaults.withReplayWindow(65_536).replayWindow()).isEqualTo(65_536);
    }

    @Test
    void refusesTolerancesOutsideTheirRange() {
        Duration longest = Duration.ofDays(10_000);
        for (Duration wrong : new Duration[] {Duration.ofNanos(-1), longest.plusNanos(1), Duration.ofDays(-1)}) {
            assertThatIllegalArgumentException().isThrownBy(() -> defaults.withClockTolerance(wrong));
        }
        assertThat(defaults.withClockTolerance(Duration.ZERO).clockTolerance()).isEqualTo(Duration.ZERO);
        assertThat(defaults.withClockTolerance(longest).clockTolerance()).isEqualTo(longest);
        assertThat(defaults.withoutTimestampCheck().clockTolerance()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0})
    void refusesFailureLimitsThatAllowNothing(int messages) {
        assertThatIllegalArgumentException().isThrownBy(() -> defaults.withFailureLimit(messages));
        assertThat(defaults.withFailureLimit(1).failureLimit()).isEqualTo(1);
    }

    @Test
    void changesOneSettingAtATime() {
        SessionOptions all = defaults.withReplayWindow(7)
                .withFailureLimit(8)
                .withDelivery(Delivery.ORDERED)
                .withSequenceWrap()
                .withSelfAllowed()
                .withTsscExport()
                .withClockTolerance(Duration.ofSeconds(9));

        assertThat(all.replayWindow()).isEqualTo(7);
        assertThat(all.failureLimit()).isEqualTo(8);
        assertThat(all.delivery()).isEqualTo(Delivery.ORDERED);
        assertThat(all.sequenceWrap()).isTrue();
        assertThat(all.selfAllowed()).isTrue();
        assertThat(all.tsscExport()).isTrue();
        assertThat(all.clockTolerance()).isEqualTo(Duration.ofSeconds(9));
        assertThat(defaults.replayWindow()).isEqualTo(1024);
        assertThat(defaults.failureLimit()).isEqualTo(1L << 20);
        assertThat(defaults.delivery()).isEqualTo(Delivery.UNORDERED);
        assertThat(defaults.sequenceWrap()).isFalse();
        assertThat(defaults.selfAllowed()).isFalse();
        assertThat(defaults.tsscExport()).isFalse();
        assertThat(defaults.clockTolerance()).isEqualTo(Duration.ofDays(1));
    }

    @Test
    void generatesOnP256UnlessToldOtherwise() {
        assertThat(IdentityKeyPair.generate().publicKey().curve()).isEqualTo(Curve.P256);
        SessionConfig config = SessionConfig.askingForKeys(
                LocalIdentity.of(PeerId.ofUtf8("a"), TestKeys.pair(1).privateKey()));
        assertThat(config.options().replayWindow()).isEqualTo(1024);
        assertThat(config.expectedPeer()).isEmpty();
    }
}

package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionOptionsTest {
    private static final ConnectionOptions DEFAULTS = ConnectionOptions.defaults();

    @Test
    @Rule(value = "P-4", kind = Kind.ACCEPTS)
    @Rule(value = "H-7", kind = Kind.ACCEPTS)
    void defaultsAreThoseOfTheRules() {
        assertThat(DEFAULTS.framing()).isSameAs(Framing.lengthPrefix());
        assertThat(DEFAULTS.handshakeMessageLimit()).isEqualTo(131_072);
        assertThat(DEFAULTS.messageLimit()).isEqualTo(16_777_216);
        assertThat(DEFAULTS.handshakeDeadline()).isEqualTo(Duration.ofSeconds(30));
        assertThat(DEFAULTS.halfOpenLimit()).isEqualTo(1024);
    }

    @Test
    void copiesDifferInOneSettingOnly() {
        ConnectionOptions changed = DEFAULTS.withFraming(Framing.themisSocket())
                .withHandshakeDeadline(Duration.ofMillis(1))
                .withHandshakeMessageLimit(1)
                .withMessageLimit(2)
                .withHalfOpenLimit(3);

        assertThat(changed.framing()).isSameAs(Framing.themisSocket());
        assertThat(changed.handshakeDeadline()).isEqualTo(Duration.ofMillis(1));
        assertThat(changed.handshakeMessageLimit()).isEqualTo(1);
        assertThat(changed.messageLimit()).isEqualTo(2);
        assertThat(changed.halfOpenLimit()).isEqualTo(3);
        assertThat(DEFAULTS.messageLimit()).isEqualTo(16_777_216);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT0.000999S", "PT-1S", "P1DT0.001S", "PT2562047788015215H"})
    void refusesDeadlinesOutsideTheirRange(Duration deadline) {
        assertThatThrownBy(() -> DEFAULTS.withHandshakeDeadline(deadline))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(deadline.toString());
    }

    @Test
    void acceptsTheLongestDeadline() {
        assertThat(DEFAULTS.withHandshakeDeadline(Duration.ofDays(1)).handshakeDeadline())
                .isEqualTo(Duration.ofDays(1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void refusesLimitsBelowOne(int limit) {
        assertThatThrownBy(() -> DEFAULTS.withMessageLimit(limit)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DEFAULTS.withHandshakeMessageLimit(limit))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DEFAULTS.withHalfOpenLimit(limit))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Integer.toString(limit));
    }
}

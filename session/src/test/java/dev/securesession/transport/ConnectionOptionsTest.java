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
        assertThat(DEFAULTS.maxHandshakeMessageLength()).isEqualTo(16_384);
        assertThat(DEFAULTS.maxMessageLength()).isEqualTo(16_777_216);
        assertThat(DEFAULTS.handshakeDeadline()).isEqualTo(Duration.ofSeconds(30));
        assertThat(DEFAULTS.firstMessageDeadline()).isEqualTo(Duration.ofSeconds(5));
        assertThat(DEFAULTS.sendTimeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(DEFAULTS.idleTimeout()).isZero();
        assertThat(ServerOptions.defaults().halfOpenLimit()).isEqualTo(1024);
        assertThat(ServerOptions.defaults().halfOpenLimitPerAddress()).isEqualTo(64);
    }

    @Test
    void copiesDifferInOneSettingOnly() {
        ConnectionOptions changed = DEFAULTS.withFraming(Framing.themisSocket())
                .withHandshakeDeadline(Duration.ofMillis(1))
                .withFirstMessageDeadline(Duration.ofMillis(2))
                .withMaxHandshakeMessageLength(1)
                .withMaxMessageLength(53)
                .withSendTimeout(Duration.ofMillis(3))
                .withIdleTimeout(Duration.ofMillis(4))
                .withKeepAlive(Duration.ofMillis(5));
        ServerOptions server = ServerOptions.defaults()
                .withConnections(changed)
                .withHalfOpenLimit(5)
                .withHalfOpenLimitPerAddress(6)
                .withHandshakeBytesLimit(7)
                .withIncompleteBytesLimit(8)
                .withExecutor(Runnable::run);

        assertThat(changed.framing()).isSameAs(Framing.themisSocket());
        assertThat(changed.handshakeDeadline()).isEqualTo(Duration.ofMillis(1));
        assertThat(changed.firstMessageDeadline()).isEqualTo(Duration.ofMillis(2));
        assertThat(changed.maxHandshakeMessageLength()).isEqualTo(1);
        assertThat(changed.maxMessageLength()).isEqualTo(53);
        assertThat(changed.sendTimeout()).isEqualTo(Duration.ofMillis(3));
        assertThat(changed.idleTimeout()).isEqualTo(Duration.ofMillis(4));
        assertThat(changed.keepAlive()).isEqualTo(Duration.ofMillis(5));
        assertThat(DEFAULTS.keepAlive()).isZero();
        assertThat(DEFAULTS.maxMessageLength()).isEqualTo(16_777_216);
        assertThat(server.connections()).isSameAs(changed);
        assertThat(server.halfOpenLimit()).isEqualTo(5);
        assertThat(server.halfOpenLimitPerAddress()).isEqualTo(6);
        assertThat(server.handshakeBytesLimit()).isEqualTo(7);
        assertThat(server.incompleteBytesLimit()).isEqualTo(8);
        assertThat(server.executor()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT0.000999S", "PT-1S", "P1DT0.001S", "PT2562047788015215H"})
    void refusesDeadlinesOutsideTheirRange(Duration deadline) {
        assertThatThrownBy(() -> DEFAULTS.withFirstMessageDeadline(deadline))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DEFAULTS.withHandshakeDeadline(deadline))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(deadline.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-0.001S", "P1DT0.001S"})
    void refusesTimeoutsOutsideTheirRange(Duration timeout) {
        assertThatThrownBy(() -> DEFAULTS.withSendTimeout(timeout)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DEFAULTS.withIdleTimeout(timeout)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void acceptsTheLongestDeadline() {
        assertThat(DEFAULTS.withHandshakeDeadline(Duration.ofDays(1)).handshakeDeadline())
                .isEqualTo(Duration.ofDays(1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void refusesLimitsBelowOne(int limit) {
        ServerOptions server = ServerOptions.defaults();
        assertThatThrownBy(() -> DEFAULTS.withMaxMessageLength(limit)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DEFAULTS.withMaxHandshakeMessageLength(limit))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.withHalfOpenLimitPerAddress(limit))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.withHandshakeBytesLimit(limit)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.withIncompleteBytesLimit(limit)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.withHalfOpenLimit(limit))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Integer.toString(limit));
    }
}

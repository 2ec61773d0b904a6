package dev.securesession.transport.datagram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DatagramOptionsTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration TOO_LONG = Duration.ofDays(1).plusMillis(1);

    private final DatagramOptions options = DatagramOptions.defaults();

    @Test
    void copiesWithOtherSettingsAndLeavesTheOriginal() {
        DatagramOptions other = options.withMaxDatagramLength(1472)
                .withHandshakeDeadline(Duration.ofMillis(1500))
                .withRepetition(SECOND, SECOND)
                .withIdleTimeout(Duration.ZERO)
                .withHalfOpenLimit(1)
                .withHalfOpenLimitPerAddress(2)
                .withHandshakeBytesLimit(3)
                .withSessionLimit(4)
                .withSessionLimitPerPeer(5)
                .withHandshakeThreads(6)
                .withAddressChanges();

        assertThat(other).hasToString("datagrams of up to 1472 bytes, handshake within 1500 ms");
        assertThat(other.maxPayloadLength()).isEqualTo(1420);
        assertThat(other.firstRepetition()).isEqualTo(SECOND);
        assertThat(other.longestRepetition()).isEqualTo(SECOND);
        assertThat(other.idleTimeout()).isZero();
        assertThat(other.halfOpenLimit()).isEqualTo(1);
        assertThat(other.halfOpenLimitPerAddress()).isEqualTo(2);
        assertThat(other.handshakeBytesLimit()).isEqualTo(3);
        assertThat(other.sessionLimit()).isEqualTo(4);
        assertThat(other.sessionLimitPerPeer()).isEqualTo(5);
        assertThat(other.handshakeThreads()).isEqualTo(6);
        assertThat(other.followsAddressChanges()).isTrue();
        assertThat(options).hasToString("datagrams of up to 1200 bytes, handshake within 30 s");
        assertThat(options.followsAddressChanges()).isFalse();
    }

    @Test
    void refusesSettingsOutsideTheirRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options.withMaxDatagramLength(511))
                .withMessage("a datagram limit of 511 bytes; it must be 512 to 65507");
        assertThatIllegalArgumentException().isThrownBy(() -> options.withMaxDatagramLength(65_508));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeDeadline(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeDeadline(TOO_LONG));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withRepetition(Duration.ZERO, SECOND));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withRepetition(SECOND, TOO_LONG));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options.withRepetition(SECOND, Duration.ofMillis(999)))
                .withMessageContaining("no shorter than the first");
        assertThatIllegalArgumentException().isThrownBy(() -> options.withIdleTimeout(SECOND.negated()));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withIdleTimeout(TOO_LONG));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHalfOpenLimit(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHalfOpenLimitPerAddress(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeBytesLimit(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withSessionLimit(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withSessionLimitPerPeer(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeThreads(0));
    }
}

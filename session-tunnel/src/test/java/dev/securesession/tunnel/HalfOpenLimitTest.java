package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.LocalIdentity;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.ServerLimits;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The handshakes that a server admits in a second do not push each other out. */
class HalfOpenLimitTest {
    private final List<EmbeddedChannel> channels = new ArrayList<>();

    @AfterEach
    void close() {
        channels.forEach(EmbeddedChannel::finishAndReleaseAll);
    }

    @ParameterizedTest
    @CsvSource({"100, 100, 100", "100, 120, 100", "0, 300, 300", "1, 64, 64"})
    void asManyOfOneAddressAreHalfOpenAsMayBeginInASecond(int perSecond, int begun, int open) {
        ServerLimits limits = TunnelServer.limits(TunnelOptions.defaults().withHandshakesPerSecond(perSecond));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(TestTunnel.SERVER, TestTunnel.SERVER_KEYS.privateKey()), TestTunnel.ONLY_THE_CLIENT);
        for (int i = 0; i < begun; i++) {
            channels.add(new Accepted(SecureSessionHandler.server(
                    config, SecureSessionOptions.defaults().withServerLimits(limits))));
        }
        channels.forEach(EmbeddedChannel::runPendingTasks);

        assertThat(channels).filteredOn(EmbeddedChannel::isOpen).hasSize(open);
    }

    /** A channel that comes from another machine. */
    private static final class Accepted extends EmbeddedChannel {
        Accepted(SecureSessionHandler session) {
            super(session, new IgnoredFailures());
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return new InetSocketAddress("192.0.2.7", 4000);
        }
    }
}

package dev.securesession.internal.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.HandshakeException;
import dev.securesession.PeerId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class ServerLogTest {
    private final ServerLog log = new ServerLog("test", "no session with");

    @Test
    void linesOfTheLogSayWhoAndWhy() throws Exception {
        InetSocketAddress six = new InetSocketAddress(InetAddress.getByName("2001:db8::1"), 7);
        PeerId peer = PeerId.ofUtf8("alice");
        HandshakeException refusal =
                new HandshakeException(HandshakeException.Reason.REFLECTED_KEY, "our own key came back", peer);

        assertThat(log.line(six, refusal, 0))
                .isEqualTo("no session with [2001:db8:0:0:0:0:0:1]:7: our own key came back;"
                        + " the peer claims to be \"alice\"");
        assertThat(log.line(six, new RejectedExecutionException("no thread\nfor\u202e it"), 0))
                .endsWith(": RejectedExecutionException: no thread?for? it");
        assertThat(log.line(UnixDomainSocketAddress.of("/run/x"), new IOException("broken"), 3))
                .isEqualTo("no session with /run/x: broken (and 3 more since the line before)");
        assertThat(log.line(six, new IOException(), 0)).endsWith(": IOException");
        assertThat(log.line(six, new IOException("x".repeat(10_000)), 9)).hasSizeLessThan(1100);
    }
}

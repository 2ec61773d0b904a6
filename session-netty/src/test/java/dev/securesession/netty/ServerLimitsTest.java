package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.PeerId;
import dev.securesession.transport.ServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What the connections of a server share. */
class ServerLimitsTest {
    private static final PeerId CLIENT = PeerId.ofUtf8("client");

    private final List<String> closed = new ArrayList<>();

    private final List<String> reasons = new ArrayList<>();

    private Consumer<IOException> named(String name) {
        return cause -> {
            closed.add(name);
            reasons.add(String.valueOf(cause.getMessage()));
        };
    }

    @Test
    void theOldestSilentConnectionMakesRoom() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimit(3));
        limits.admit(null, named("busy")).sent();
        limits.admit(null, named("silent"));
        limits.admit(null, named("silent later"));
        limits.admit(null, named("new"));

        assertThat(closed).containsExactly("silent");
        assertThat(limits.counters().halfOpen()).isEqualTo(3);
        assertThat(limits.counters().shed()).isEqualTo(1);
        assertThat(limits.counters().failed()).isZero();
    }

    @Test
    void theOldestMakesRoomIfNoneIsSilent() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimit(2));
        limits.admit(null, named("first")).sent();
        limits.admit(null, named("second")).sent();
        limits.admit(null, named("new"));

        assertThat(closed).containsExactly("first");
    }

    @Test
    void establishedConnectionsDoNotCount() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimit(1));
        for (int i = 0; i < 10; i++) {
            ServerLimits.Admission admission = limits.admit(null, named("each"));
            admission.establish(CLIENT);
        }
        assertThat(closed).isEmpty();
        assertThat(limits.counters().open()).isEqualTo(10);
        assertThat(limits.toString()).contains("at most 1 half-open");
    }

    @Test
    void aServerWithoutOptionsHasTheDefaultLimits() {
        long before = SecureSessionHandler.DEFAULT_LIMITS.counters().established();
        try (Wire wire = new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                SecureSessionHandler.server(Peers.server()))) {
            wire.established();

            assertThat(SecureSessionHandler.DEFAULT_LIMITS.counters().established())
                    .isEqualTo(before + 1);
        }
    }

    @Test
    void onePeerDoesNotGetTheConnectionsOfAll() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withConnectionLimitPerPeer(2));
        ServerLimits.Admission first = limits.admit(null, named("first"));
        first.establish(CLIENT);
        limits.admit(null, named("second")).establish(CLIENT);
        ServerLimits.Admission third = limits.admit(null, named("third"));
        assertThatThrownBy(() -> third.establish(CLIENT))
                .hasMessage("\"client\" has 2 connections, the limit for one peer; the new one was closed");
        third.leave();
        limits.admit(null, named("other")).establish(PeerId.ofUtf8("other"));

        assertThat(closed).isEmpty();
        assertThat(limits.counters().open()).isEqualTo(3);
        assertThat(limits.counters().halfOpen()).isZero();
        assertThat(limits.counters().turnedAway()).isEqualTo(1);
        assertThat(limits.counters().failed()).isZero();

        first.leave();
        limits.admit(null, named("fourth")).establish(CLIENT);
        assertThat(limits.counters().open()).isEqualTo(3);
    }

    @Test
    void allPeersTogetherHaveALimit() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withConnectionLimit(1));
        limits.admit(null, named("first")).establish(CLIENT);
        ServerLimits.Admission second = limits.admit(null, named("second"));

        assertThatThrownBy(() -> second.establish(PeerId.ofUtf8("other")))
                .hasMessage("the server has 1 connections, its limit; the new one was closed");
        assertThat(limits.counters().open()).isEqualTo(1);
    }

    @Test
    void oneAddressHasALimitOfItsOwn() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimitPerAddress(1));
        limits.admit(InetAddress.getByName("192.0.2.1"), named("first"));
        limits.admit(InetAddress.getByName("192.0.2.2"), named("other"));
        limits.admit(InetAddress.getByName("192.0.2.1"), named("second"));
        for (int i = 0; i < 3; i++) {
            limits.admit(InetAddress.getLoopbackAddress(), named("loopback"));
        }
        assertThat(closed).containsExactly("first");
    }

    @Test
    void addressesOfOneIpv6NetworkCountTogether() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimitPerAddress(1));
        limits.admit(InetAddress.getByName("2001:db8:0:1::1"), named("first"));
        limits.admit(InetAddress.getByName("2001:db8:0:2::1"), named("other network"));
        limits.admit(InetAddress.getByName("2001:db8:0:1:ffff::2"), named("same network"));
        assertThat(closed).containsExactly("first");
    }

    @Test
    void whoHoldsTheMostIsClosed() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHandshakeBytesLimit(1000));
        ServerLimits.Admission large = limits.admit(null, named("large"));
        ServerLimits.Admission small = limits.admit(null, named("small"));
        large.hold(900);
        small.hold(200);
        assertThat(closed).containsExactly("large");
        assertThat(reasons)
                .containsExactly(
                        "the handshake messages of all half-open connections hold 1000 bytes, which is the limit; "
                                + "this connection held the most");
        assertThatThrownBy(() -> large.establish(CLIENT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("too many connections are half open");

        ServerLimits.Admission larger = limits.admit(null, named("larger"));
        assertThatThrownBy(() -> larger.hold(900))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1000");
        assertThat(limits.counters().evicted()).isEqualTo(2);
    }

    @Test
    void establishedConnectionThatHoldsTheMostIsClosed() throws Exception {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withIncompleteBytesLimit(1000));
        ServerLimits.Admission large = limits.admit(null, named("large"));
        ServerLimits.Admission small = limits.admit(null, named("small"));
        large.establish(CLIENT);
        small.establish(CLIENT);
        large.hold(900);
        small.hold(200);

        assertThat(closed).containsExactly("large");
        assertThat(reasons)
                .containsExactly("the incomplete messages of all connections hold 1000 bytes, which is the limit; "
                        + "this connection held the most");
    }

    @Test
    void establishedConnectionsHaveABudgetOfTheirOwnAndWhatLeavesHoldsNothing() throws Exception {
        ServerLimits limits = ServerLimits.of(
                ServerOptions.defaults().withHandshakeBytesLimit(100).withIncompleteBytesLimit(1000));
        for (int i = 0; i < 20; i++) {
            ServerLimits.Admission admission = limits.admit(null, named("each"));
            admission.hold(100);
            admission.establish(CLIENT);
            admission.hold(900);
            admission.leave();
        }
        assertThat(closed).isEmpty();
        assertThat(limits.counters().open()).isZero();
    }

    @Test
    void aDisplacedConnectionIsClosedWithItsReason() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimit(1));
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        try (Wire first = new Wire(
                        SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                        SecureSessionHandler.server(Peers.server(), options));
                Wire second = new Wire(
                        SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                        SecureSessionHandler.server(Peers.server(), options))) {
            first.connect();
            second.established();
            first.server.channel.runPendingTasks();

            assertThat(first.server.exception()).hasMessageContaining("too many connections are half open");
            assertThat(first.server.channel.isOpen()).isFalse();
            assertThat(limits.counters().established()).isEqualTo(1);
        }
        assertThat(limits.counters().open()).isZero();
    }

    @Test
    void aConnectionThatIsTurnedAwayTellsItsPipelineWhy() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withConnectionLimitPerPeer(1));
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        try (Wire first = wire(options);
                Wire second = wire(options)) {
            first.established();
            second.connect();
            second.exchange();

            assertThat(second.server.exception())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("has 1 connections, the limit for one peer");
            assertThat(second.server.events)
                    .singleElement()
                    .isInstanceOfSatisfying(
                            HandshakeCompletion.class,
                            end -> assertThat(end.cause()).contains(second.server.exception()));
        }
    }

    @Test
    void aConnectionThatHasSentAMessageOutlastsASilentOne() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimit(2));
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        try (Wire slow = wire(options);
                Wire silent = wire(options);
                Wire honest = wire(options)) {
            slow.connect();
            slow.server.arrives(slow.client.sent());
            silent.connect();
            honest.established();

            assertThat(slow.server.exceptions).isEmpty();
            silent.server.channel.runPendingTasks();
            assertThat(silent.server.exception()).hasMessageContaining("too many connections");
        }
    }

    @Test
    void oneByteIsNoMessage() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHalfOpenLimit(2));
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        try (Wire slow = wire(options);
                Wire silent = wire(options);
                Wire honest = wire(options)) {
            slow.connect();
            slow.server.arrives(new byte[] {0});
            silent.connect();
            honest.established();

            assertThat(silent.server.exceptions).isEmpty();
            slow.server.channel.runPendingTasks();
            assertThat(slow.server.exception()).hasMessageContaining("too many connections");
        }
    }

    @Test
    void whatAnIncompleteHandshakeMessageHoldsIsCounted() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHandshakeBytesLimit(1000));
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        try (Wire greedy = wire(options)) {
            greedy.connect();
            greedy.server.arrives(new byte[] {0, 0, 0x10, 0, 1, 2, 3});

            assertThat(greedy.server.exception()).hasMessageContaining("which is the limit");
            assertThat(limits.counters().evicted()).isEqualTo(1);
        }
    }

    private static Wire wire(SecureSessionOptions options) {
        return new Wire(
                SecureSessionHandler.client(Peers.client(), Peers.SERVER),
                SecureSessionHandler.server(Peers.server(), options));
    }
}

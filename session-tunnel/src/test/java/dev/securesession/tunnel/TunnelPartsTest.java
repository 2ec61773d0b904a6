package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.SecureSession;
import dev.securesession.testsupport.Rule;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.StreamLayer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts that need no network. */
@SuppressWarnings("AddressSelection") // All addresses are literals.
class TunnelPartsTest {
    // TN-1: the request

    @Test
    @Rule(value = "TN-1", kind = Rule.Kind.ACCEPTS)
    void requestHasTheSpecifiedBytes() {
        assertThat(encoded("db")).isEqualTo("01026462");
        assertThat(encoded("")).isEqualTo("0100");
    }

    private static String encoded(String target) {
        ByteBuf request = OpenRequest.encode(ByteBufAllocator.DEFAULT, target);
        try {
            return ByteBufUtil.hexDump(request);
        } finally {
            request.release();
        }
    }

    @Test
    @Rule(value = "TN-1", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "TN-2", kind = Rule.Kind.ACCEPTS)
    void requestMayArriveInAnyPieces() throws Exception {
        byte[] bytes = HexFormat.of().parseHex("01026462ff");
        for (int length = 0; length < 4; length++) {
            ByteBuf part = Unpooled.copiedBuffer(bytes, 0, length);
            assertThat(OpenRequest.decode(part)).isNull();
            assertThat(part.readableBytes()).isEqualTo(length);
        }
        ByteBuf all = Unpooled.copiedBuffer(bytes);
        assertThat(OpenRequest.decode(all)).isEqualTo("db");
        assertThat(all.readableBytes()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"00", "02", "ff026462", "0101ff", "0102c328"})
    @Rule(value = "TN-2", kind = Rule.Kind.REFUSES)
    void refusesOtherVersionsAndNamesThatAreNoText(String hex) {
        assertThatExceptionOfType(TunnelException.class)
                .isThrownBy(() ->
                        OpenRequest.decode(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex))))
                .satisfies(e -> assertThat(e.code()).isEqualTo(TunnelException.Code.UNSUPPORTED));
    }

    @Test
    @Rule(value = "TN-1", kind = Rule.Kind.REFUSES)
    void limitsTheNamesOfTargets() {
        OpenRequest.requireName("x".repeat(255));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OpenRequest.requireName("x".repeat(254) + "\u00e9"))
                .withMessageContaining("256 bytes");
    }

    // Addresses

    @Test
    void readsAddresses() throws Exception {
        assertThat(TunnelAddress.parse("127.0.0.1:80").resolve()).isEqualTo(new InetSocketAddress("127.0.0.1", 80));
        assertThat(TunnelAddress.parse("[::1]:0").resolve()).isEqualTo(new InetSocketAddress("::1", 0));
        assertThat(TunnelAddress.parse("unix:/run/x").path()).hasToString("/run/x");
        assertThat(TunnelAddress.parse("unix:/run/x").isUnix()).isTrue();
        assertThat(TunnelAddress.parse("a:1"))
                .isEqualTo(TunnelAddress.parse("a:1"))
                .hasToString("a:1");
        assertThat(TunnelAddress.parse("a:1")).isNotEqualTo(TunnelAddress.parse("a:2"));
        assertThat(TunnelAddress.parse("a:1")).hasSameHashCodeAs(TunnelAddress.parse("a:1"));
    }

    @Test
    void readsTheAddressesThatItDescribes() throws Exception {
        for (SocketAddress address : List.of(
                new InetSocketAddress("127.0.0.1", 4000),
                new InetSocketAddress("::1", 5),
                UnixDomainSocketAddress.of("/run/x"))) {
            assertThat(TunnelAddress.parse(TunnelAddress.describe(address)).resolve())
                    .isEqualTo(address);
        }
        assertThat(TunnelAddress.describe(new InetSocketAddress("::1", 5))).isEqualTo("[::1]:5");
        assertThat(TunnelAddress.describe(new InetSocketAddress("0.0.0.0", 5))).isEqualTo("0.0.0.0:5");
        assertThat(TunnelAddress.describe(new InetSocketAddress("::", 7000))).isEqualTo("[::]:7000");
        assertThat(TunnelAddress.describe(new InetSocketAddress("2001:db8:0:0:1::1", 5)))
                .isEqualTo("[2001:db8::1:0:0:1]:5");
        assertThat(TunnelAddress.describe(new InetSocketAddress("fe80::1%7", 5)))
                .isEqualTo("[fe80::1%7]:5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "host", ":80", "unix:", "::1:80", "host:65536", "host:-1", "host:", "host:http"})
    void refusesWhatIsNoAddress(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TunnelAddress.parse(text))
                .withMessageContaining("\"" + text + "\"");
    }

    @Test
    void refusalFromAnUnknownAddressIsToldAsWell() {
        List<String> told = new ArrayList<>();
        TunnelListener listener = new TunnelListener() {
            @Override
            public void refused(TunnelRefusal refusal) {
                told.add(refusal.reason() + " " + refusal);
            }
        };
        new Relays(1, 1, listener)
                .refused(null, TunnelRefusal.Reason.HANDSHAKE, null, new IOException("the peer closed the connection"));

        assertThat(told).containsExactly("HANDSHAKE unknown: the peer closed the connection");
    }

    // Options

    @Test
    void optionsAreEqualIfAllTheirValuesAre() {
        TunnelOptions defaults = TunnelOptions.defaults();
        List<TunnelOptions> others = List.of(
                defaults.withMaxConnections(1),
                defaults.withMaxConnectionsPerPeer(1),
                defaults.withHandshakesPerSecond(1),
                defaults.withHandshakeDeadline(Duration.ofSeconds(1)),
                defaults.withConnectTimeout(Duration.ofSeconds(1)),
                defaults.withIdleTimeout(Duration.ofSeconds(1)),
                defaults.withKeepAlive(Duration.ofSeconds(1)),
                defaults.withListener(new TunnelListener() {}));

        assertThat(others).doesNotHaveDuplicates().doesNotContain(defaults);
        assertThat(defaults.withMaxConnections(1)).isEqualTo(others.get(0)).hasSameHashCodeAs(others.get(0));
    }

    // Rates

    @Test
    void sourceMayBeginSoManyHandshakesASecond() throws Exception {
        AtomicLong clock = new AtomicLong(1);
        SourceRates rates = new SourceRates(3, clock::get);
        InetAddress source = InetAddress.getByName("192.0.2.1");
        for (int i = 0; i < 3; i++) {
            assertThat(rates.admits(source)).isTrue();
        }
        assertThat(rates.admits(source)).isFalse();
        assertThat(rates.admits(InetAddress.getByName("192.0.2.2"))).isTrue();
        clock.addAndGet(Duration.ofMillis(334).toNanos());
        assertThat(rates.admits(source)).isTrue();
        assertThat(rates.admits(source)).isFalse();
    }

    @Test
    void addressesOfOneIpv6NetworkAreOneSource() throws Exception {
        SourceRates rates = new SourceRates(1, () -> 1);

        assertThat(rates.admits(InetAddress.getByName("2001:db8::1"))).isTrue();
        assertThat(rates.admits(InetAddress.getByName("2001:db8::ffff:1"))).isFalse();
        assertThat(rates.admits(InetAddress.getByName("2001:db8:0:1::1"))).isTrue();
    }

    @Test
    void loopbackAndUnlimitedRatesAreNotLimited() throws Exception {
        SourceRates rates = new SourceRates(1, () -> 1);
        SourceRates none = new SourceRates(0, () -> 1);
        for (int i = 0; i < 10; i++) {
            assertThat(rates.admits(InetAddress.getLoopbackAddress())).isTrue();
            assertThat(none.admits(InetAddress.getByName("192.0.2.1"))).isTrue();
        }
    }

    // Options and texts

    @Test
    void refusesOptionsThatMakeNoSense() {
        TunnelOptions options = TunnelOptions.defaults();
        assertThatIllegalArgumentException().isThrownBy(() -> options.withMaxConnections(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withMaxConnectionsPerPeer(0));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakesPerSecond(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeDeadline(Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withConnectTimeout(Duration.ofSeconds(-1)));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withIdleTimeout(Duration.ofSeconds(-1)));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withKeepAlive(Duration.ofSeconds(-1)));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeDeadline(Duration.ofNanos(1)));
        // Such times do not fit into nanoseconds, or no session would accept them: each connection would fail.
        Duration ages = Duration.ofSeconds(Long.MAX_VALUE);
        assertThatIllegalArgumentException().isThrownBy(() -> options.withHandshakeDeadline(ages));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withConnectTimeout(ages));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withIdleTimeout(ages));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withKeepAlive(ages));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withSessionReuse(ages));
        assertThatIllegalArgumentException().isThrownBy(() -> options.withSessionReuse(Duration.ofNanos(-1)));
        assertThat(options.withMaxConnections(5).withMaxConnectionsPerPeer(4).withHandshakesPerSecond(6))
                .hasToString(
                        "at most 5 connections, 4 of one peer, 6 handshakes a second of one source, PT10S for a handshake, PT10S to connect,"
                                + " idle timeout PT0S, keep-alive PT30S, sessions used again for PT1M");
        assertThat(options.peerTimeout()).isEqualTo(Duration.ofMinutes(2));
        assertThat(options.withKeepAlive(Duration.ofSeconds(1)).peerTimeout()).isEqualTo(Duration.ofMinutes(1));
        assertThat(options.withKeepAlive(Duration.ZERO).peerTimeout()).isZero();
    }

    /** Keep-alives tell whether the peer is there; how long its program or ours pauses is theirs to decide. */
    @Test
    void sendingHasNoTimeout() {
        ConnectionOptions connection =
                Endpoints.connection(TunnelOptions.defaults().withHandshakeDeadline(Duration.ofSeconds(7)));

        assertThat(connection.sendTimeout()).isZero();
        assertThat(connection.handshakeDeadline()).isEqualTo(Duration.ofSeconds(7));
    }

    @Test
    @Rule(value = "TN-8", kind = Rule.Kind.ACCEPTS)
    void messagesAreNoLongerThanAChunkOfAStream() {
        assertThat(Endpoints.connection(TunnelOptions.defaults()).maxMessageLength())
                .isEqualTo(StreamLayer.MAX_CHUNK_LENGTH + 1 + SecureSession.OVERHEAD);
    }

    /** The reason of an abort is the peer's text, and goes to logs. */
    @Test
    void wordsOfAPeerForgeNoLines() {
        assertThat(TunnelEnd.failed("a\nb\u001b[31m\u2028c\u202ed").reason()).isEqualTo("a?b?[31m?c?d");
        assertThat(TunnelEnd.failed("x".repeat(1000)).reason()).hasSize(400);
    }
}

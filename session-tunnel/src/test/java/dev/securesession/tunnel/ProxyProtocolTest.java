package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The header of the PROXY protocol, as another implementation decodes it. */
@Timeout(60)
class ProxyProtocolTest {
    @Test
    void targetLearnsAddressAndIdBeforeTheFirstByte() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                TestTunnel tunnel = TestTunnel.to(
                        Map.of(
                                "",
                                TestTunnel.address(target.getLocalSocketAddress())
                                        .withProxyProtocol()),
                        "",
                        TunnelOptions.defaults());
                Socket client = tunnel.connect()) {
            client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            try (Socket accepted = target.accept()) {
                accepted.setSoTimeout(20_000);
                DataInputStream in = new DataInputStream(accepted.getInputStream());
                byte[] begin = in.readNBytes(16);
                byte[] rest = in.readNBytes(((begin[14] & 0xFF) << 8) | (begin[15] & 0xFF));

                HAProxyMessage header = decode(Unpooled.wrappedBuffer(begin, rest));
                assertThat(header.protocolVersion()).isEqualTo(HAProxyProtocolVersion.V2);
                assertThat(header.command()).isEqualTo(HAProxyCommand.PROXY);
                assertThat(header.proxiedProtocol()).isEqualTo(HAProxyProxiedProtocol.TCP4);
                assertThat(header.sourceAddress()).isEqualTo("127.0.0.1");
                assertThat(header.destinationAddress()).isEqualTo("127.0.0.1");
                assertThat(header.destinationPort()).isEqualTo(((InetSocketAddress) tunnel.server.address()).getPort());
                TunnelConnection facts = TestTunnel.Told.next(tunnel.serverTold.opened);
                assertThat(facts.remote())
                        .contains(new InetSocketAddress(InetAddress.getLoopbackAddress(), header.sourcePort()));
                assertThat(peer(header)).isEqualTo("client");
                assertThat(in.readNBytes(5)).asString(StandardCharsets.US_ASCII).isEqualTo("hello");
                header.release();
            }
        }
    }

    @Test
    void otherTargetsGetNoHeader() throws Exception {
        try (ServerSocket target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                TestTunnel tunnel = TestTunnel.to(target.getLocalSocketAddress());
                Socket client = tunnel.connect()) {
            client.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
            try (Socket accepted = target.accept()) {
                accepted.setSoTimeout(20_000);
                assertThat(accepted.getInputStream().readNBytes(5))
                        .asString(StandardCharsets.US_ASCII)
                        .isEqualTo("hello");
            }
        }
    }

    @Test
    void addressesOfIpv6AreWithoutZone() throws Exception {
        InetAddress from = java.net.Inet6Address.getByAddress(
                "", new byte[] {(byte) 0xFE, (byte) 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 3);
        HAProxyMessage header = decode(written(
                new InetSocketAddress(from, 4000),
                new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 7000),
                PeerId.ofUtf8("a")));

        assertThat(header.proxiedProtocol()).isEqualTo(HAProxyProxiedProtocol.TCP6);
        assertThat(InetAddress.getByName(header.sourceAddress())).isEqualTo(InetAddress.getByName("fe80::1"));
        assertThat(InetAddress.getByName(header.destinationAddress())).isEqualTo(InetAddress.getByName("192.0.2.1"));
        header.release();
    }

    @Test
    void peerOnUnixSocketHasNoAddress() {
        HAProxyMessage header = decode(written(
                UnixDomainSocketAddress.of("/run/x"), UnixDomainSocketAddress.of("/run/y"), PeerId.ofUtf8("a")));

        assertThat(header.command()).isEqualTo(HAProxyCommand.LOCAL);
        header.release();
    }

    @Test
    void idThatIsTooLongForTheHeaderIsLeftOut() {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        HAProxyMessage header = decode(written(address, address, PeerId.of(new byte[1025])));

        assertThat(header.tlvs()).isEmpty();
        header.release();
    }

    private static ByteBuf written(java.net.SocketAddress remote, java.net.SocketAddress local, PeerId peer) {
        EmbeddedChannel channel = new EmbeddedChannel();
        ProxyHeader.write(channel, remote, local, peer);
        channel.flush();
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        assertThat(channel.pipeline().toMap()).isEmpty();
        return all;
    }

    private static HAProxyMessage decode(ByteBuf bytes) {
        EmbeddedChannel decoder = new EmbeddedChannel(new HAProxyMessageDecoder());
        decoder.writeInbound(bytes);
        HAProxyMessage header = decoder.readInbound();
        assertThat(header).isNotNull();
        return header;
    }

    private static String peer(HAProxyMessage header) {
        assertThat(header.tlvs()).hasSize(1);
        assertThat(header.tlvs().get(0).typeByteValue()).isEqualTo(ProxyHeader.PEER_ID_TYPE);
        return new String(ByteBufUtil.getBytes(header.tlvs().get(0).content()), StandardCharsets.UTF_8);
    }
}

package dev.securesession.tunnel;

import dev.securesession.PeerId;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.handler.codec.haproxy.HAProxyTLV;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The header of the PROXY protocol, version 2: tells a target from where a peer has connected, and who it is. */
final class ProxyHeader {
    /** The type of the field with the id of the peer, in the range that is free for applications. */
    static final byte PEER_ID_TYPE = (byte) 0xE0;

    private ProxyHeader() {}

    /** Writes the header to a target that has got no byte yet, without flushing; on the event loop of the target. */
    static void write(Channel target, @Nullable SocketAddress remote, @Nullable SocketAddress local, PeerId peer) {
        target.pipeline().addFirst(HAProxyMessageEncoder.INSTANCE);
        target.write(message(remote, local, peer));
        target.pipeline().remove(HAProxyMessageEncoder.INSTANCE);
    }

    private static HAProxyMessage message(@Nullable SocketAddress remote, @Nullable SocketAddress local, PeerId peer) {
        if (!(remote instanceof InetSocketAddress from) || !(local instanceof InetSocketAddress to)) {
            // A Unix-domain socket has no address that would mean something to the target.
            return new HAProxyMessage(
                    HAProxyProtocolVersion.V2, HAProxyCommand.LOCAL, HAProxyProxiedProtocol.UNKNOWN, null, null, 0, 0);
        }
        boolean version4 = from.getAddress() instanceof Inet4Address && to.getAddress() instanceof Inet4Address;
        List<HAProxyTLV> fields = peer.length() > MAX_PEER_ID_LENGTH
                ? List.of()
                : List.of(new HAProxyTLV(PEER_ID_TYPE, Unpooled.wrappedBuffer(peer.toBytes())));
        return new HAProxyMessage(
                HAProxyProtocolVersion.V2,
                HAProxyCommand.PROXY,
                version4 ? HAProxyProxiedProtocol.TCP4 : HAProxyProxiedProtocol.TCP6,
                text(from.getAddress(), version4),
                text(to.getAddress(), version4),
                from.getPort(),
                to.getPort(),
                fields);
    }

    /** Returns the address without its zone, one of IPv4 mapped if the other one is of IPv6. */
    private static String text(InetAddress address, boolean version4) {
        if (version4) {
            return address.getHostAddress();
        }
        if (address instanceof Inet4Address) {
            return "::ffff:" + address.getHostAddress();
        }
        try {
            return Inet6Address.getByAddress("", address.getAddress(), -1).getHostAddress();
        } catch (UnknownHostException e) {
            throw new AssertionError("an IPv6 address has 16 bytes", e);
        }
    }

    private static final int MAX_PEER_ID_LENGTH = 1024;
}

package dev.securesession.netty;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.transport.ServerOptions;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Base64;

/** The server of {@link NettyServerUnderAttackTest}, in a JVM of its own. Ends when its input does. */
final class AttackedNettyServer {
    private AttackedNettyServer() {}

    public static void main(String[] keys) throws Exception {
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(
                        Peers.SERVER,
                        IdentityPrivateKey.decode(Base64.getDecoder().decode(keys[0]))),
                PeerDirectory.of(
                        Peers.CLIENT,
                        IdentityPublicKey.decode(Base64.getDecoder().decode(keys[1]))));
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults());
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        try (NettyServer server = new NettyServer(() -> new ChannelHandler[] {
            SecureSessionHandler.server(config, options),
            new NetworkTest.Echo(),
            new ChannelInboundHandlerAdapter() {
                @Override
                public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    if (cause instanceof Error) {
                        cause.printStackTrace();
                    }
                }
            }
        })) {
            System.out.println(server.address().getPort());
            while (System.in.read() >= 0) {
                System.out.println(limits.counters());
            }
        }
    }
}

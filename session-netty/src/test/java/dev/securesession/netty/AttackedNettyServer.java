package dev.securesession.netty;

import dev.securesession.SessionConfig;
import dev.securesession.testsupport.AttackedProgram;
import dev.securesession.transport.ServerOptions;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** The server of {@link NettyServerUnderAttackTest}, in a JVM of its own. Ends when its input does. */
final class AttackedNettyServer {
    private AttackedNettyServer() {}

    public static void main(String[] arguments) throws Exception {
        SessionConfig config = AttackedProgram.config(arguments);
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
            AttackedProgram.report(server.address().getPort(), limits::counters);
        }
    }
}

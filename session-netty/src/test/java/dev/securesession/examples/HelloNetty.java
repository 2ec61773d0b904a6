package dev.securesession.examples;

// example: netty-hello
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.ServerLimits;
import dev.securesession.transport.ServerOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;

/** A server that sends back what it gets, and a client, in one program. */
public final class HelloNetty {
    private static final System.Logger LOGGER = System.getLogger("hello");

    public static void main(String[] arguments) throws Exception {
        PeerId clientId = PeerId.ofUtf8("client");
        PeerId serverId = PeerId.ofUtf8("server");
        IdentityKeyPair clientKeys = IdentityKeyPair.generate(); // once; each peer keeps its private key to itself
        IdentityKeyPair serverKeys = IdentityKeyPair.generate();
        SessionConfig clientConfig = SessionConfig.of(
                LocalIdentity.of(clientId, clientKeys.privateKey()),
                PeerDirectory.of(serverId, serverKeys.publicKey()));
        SessionConfig serverConfig = SessionConfig.of(
                LocalIdentity.of(serverId, serverKeys.privateKey()),
                PeerDirectory.of(clientId, clientKeys.publicKey()));

        EventLoopGroup group = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        try {
            Channel server = listen(group, serverConfig);
            Channel client = new Bootstrap()
                    .group(group)
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline()
                                    .addLast(SecureSessionHandler.client(clientConfig, serverId))
                                    .addLast(new Printer());
                        }
                    })
                    .connect(server.localAddress())
                    .sync()
                    .channel();
            // Waits for the end of the handshake by itself.
            client.writeAndFlush(ByteBufUtil.writeUtf8(client.alloc(), "hello"));
            client.closeFuture().sync();
        } finally {
            group.shutdownGracefully().sync();
        }
    }

    static Channel listen(EventLoopGroup group, SessionConfig config) throws InterruptedException {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults()); // one for all connections
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
        return new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(SecureSessionHandler.server(config, options))
                                .addLast(new Echo());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
    }

    /** Gets payloads of authenticated peers, and learns why a connection has failed. */
    private static final class Echo extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf question) {
            ctx.writeAndFlush(question.retain());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Any stranger and the network can cause the first three at any time; the rest is a bug.
            boolean expected = cause instanceof IOException
                    || cause instanceof HandshakeException
                    || cause instanceof MessageRejectedException;
            LOGGER.log(
                    expected ? System.Logger.Level.DEBUG : System.Logger.Level.ERROR,
                    "the connection with " + ctx.channel().remoteAddress() + " failed",
                    cause);
            SecureSessionHandler.abort(ctx.channel()); // not close, which is an orderly end
        }
    }

    private static final class Printer extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf answer) {
            System.out.println(answer.toString(UTF_8)); // hello
            ctx.close();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            LOGGER.log(System.Logger.Level.ERROR, "the connection with the server failed", cause);
            SecureSessionHandler.abort(ctx.channel());
        }
    }
}
// end

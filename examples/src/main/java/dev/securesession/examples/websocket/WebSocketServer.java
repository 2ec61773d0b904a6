package dev.securesession.examples.websocket;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.securesession.HandshakeException;
import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.ServerLimits;
import dev.securesession.netty.WebSocketMessages;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.ServerOptions;
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
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * Answers every message of its clients in capitals, until its standard input ends.
 *
 * <pre>
 * WebSocketServer 8080 server.key client.key.pub
 * </pre>
 */
public final class WebSocketServer {
    private static final int MAX_MESSAGE_LENGTH = 64 * 1024;
    private static final Logger LOGGER = System.getLogger(WebSocketServer.class.getName());

    private WebSocketServer() {}

    public static void main(String[] arguments) throws Exception {
        IdentityPrivateKey ownKey = IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1])));
        IdentityPublicKey clientKey = IdentityPublicKey.read(Files.readAllBytes(Path.of(arguments[2])));
        SessionConfig config = SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8("server"), ownKey),
                PeerDirectory.of(PeerId.ofUtf8("client"), clientKey));
        SecureSessionOptions options = SecureSessionOptions.defaults()
                .withoutFraming() // a frame of the WebSocket is a message
                .withConnection(ConnectionOptions.defaults()
                        .withMaxMessageLength(MAX_MESSAGE_LENGTH)
                        .withFirstMessageDeadline(Duration.ofSeconds(20))) // the upgrade comes before it
                .withServerLimits(ServerLimits.of(ServerOptions.defaults()));

        EventLoopGroup group = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        try {
            Channel server = new ServerBootstrap()
                    .group(group)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline()
                                    .addLast(new HttpServerCodec())
                                    .addLast(new HttpObjectAggregator(8192))
                                    .addLast(new WebSocketServerProtocolHandler("/session"))
                                    .addLast(new WebSocketFrameAggregator(MAX_MESSAGE_LENGTH))
                                    .addLast(new WebSocketMessages())
                                    .addLast(SecureSessionHandler.server(config, options))
                                    .addLast(new Capitals());
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]))
                    .sync()
                    .channel();
            System.out.println("listening on port " + ((InetSocketAddress) server.localAddress()).getPort());
            System.in.transferTo(System.out);
        } finally {
            group.shutdownGracefully().sync();
        }
    }

    /** Gets payloads, one at a time, after the handshake. */
    private static final class Capitals extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf line) {
            ctx.writeAndFlush(
                    ByteBufUtil.writeUtf8(ctx.alloc(), line.toString(UTF_8).toUpperCase(Locale.ROOT)));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            // Any stranger and the network can cause these at any time; the rest is a bug.
            boolean expected = cause instanceof IOException
                    || cause instanceof HandshakeException
                    || cause instanceof MessageRejectedException
                    || cause instanceof DecoderException;
            LOGGER.log(expected ? Level.DEBUG : Level.ERROR, "the connection has failed", cause);
            SecureSessionHandler.abort(ctx.channel()); // not close, which is an orderly end
        }
    }
}

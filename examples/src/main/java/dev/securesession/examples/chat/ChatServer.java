package dev.securesession.examples.chat;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.ServerLimits;
import dev.securesession.netty.WebSocketMessages;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.ServerOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Serves the page and the chat, until its standard input ends.
 *
 * <pre>
 * secure-session keygen --out server.key
 * ChatServer 8080 server.key browser-chat/dist
 * </pre>
 */
public final class ChatServer {
    private static final int MAX_MESSAGE_LENGTH = 16 * 1024;

    private ChatServer() {}

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        LocalIdentity identity = LocalIdentity.of(
                PeerId.ofUtf8("chat-server"), IdentityPrivateKey.read(Files.readAllBytes(Path.of(arguments[1]))));
        Path pages = Path.of(arguments[2]);

        Room room = new Room();
        SessionConfig config = SessionConfig.of(identity, room::keysOf);
        SecureSessionOptions options = SecureSessionOptions.defaults()
                .withoutFraming()
                .withConnection(ConnectionOptions.defaults().withMaxMessageLength(MAX_MESSAGE_LENGTH))
                .withServerLimits(ServerLimits.of(ServerOptions.defaults()));

        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            Channel server = new ServerBootstrap()
                    .group(group)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline()
                                    .addLast(new HttpServerCodec())
                                    .addLast(new HttpObjectAggregator(MAX_MESSAGE_LENGTH))
                                    .addLast(new WebSocketServerProtocolHandler("/session"))
                                    .addLast(new Pages(pages, identity, room))
                                    .addLast(new WebSocketFrameAggregator(MAX_MESSAGE_LENGTH))
                                    .addLast(new WebSocketMessages())
                                    .addLast(SecureSessionHandler.server(config, options))
                                    .addLast(room.newVisitor());
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), port)
                    .sync()
                    .channel();
            System.out.println("open http://localhost:" + ((InetSocketAddress) server.localAddress()).getPort());
            System.out.println("and compare " + identity.publicKey().fingerprint());
            System.in.transferTo(System.out);
        } finally {
            group.shutdownGracefully().sync();
        }
    }
}

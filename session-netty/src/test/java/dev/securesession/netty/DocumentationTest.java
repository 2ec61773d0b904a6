package dev.securesession.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.ServerOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/netty.md, which are the text between the comments here, at work. */
@Timeout(120)
class DocumentationTest {
    private final SessionConfig serverConfig = Peers.server();
    private final SessionConfig clientConfig = Peers.client();
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    @Test
    void aClientAsksAServer() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            // example: netty-server
            ServerLimits limits = ServerLimits.of(ServerOptions.defaults());
            SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(limits);
            Channel server = new ServerBootstrap()
                    .group(group)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline()
                                    .addLast(SecureSessionHandler.server(serverConfig, options))
                                    .addLast(new SimpleChannelInboundHandler<ByteBuf>() {
                                        @Override
                                        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf question) {
                                            ctx.writeAndFlush(question.retain());
                                        }
                                    });
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            // end
            // example: netty-client
            Channel client = new Bootstrap()
                    .group(group)
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline()
                                    .addLast(SecureSessionHandler.client(clientConfig, PeerId.ofUtf8("server")))
                                    .addLast(new SimpleChannelInboundHandler<ByteBuf>() {
                                        @Override
                                        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf answer) {
                                            answers.add(answer.toString(UTF_8));
                                        }
                                    });
                        }
                    })
                    .connect(server.localAddress())
                    .sync()
                    .channel();
            // Waits for the end of the handshake by itself.
            client.writeAndFlush(ByteBufUtil.writeUtf8(client.alloc(), "hello"));
            // end
            assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("hello");
            assertThat(limits.counters().established()).isEqualTo(1);
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).sync();
        }
    }

    @Test
    void aServerLooksUpKeysWithoutWaiting() throws Exception {
        ExecutorService handshakes = Executors.newSingleThreadExecutor();
        LocalIdentity identity = Peers.server().identity();
        Database database = new Database();
        try (NettyServer server = new NettyServer(() -> {
                    // example: netty-key-lookup
                    SecureSessionHandler handler = SecureSessionHandler.server(
                            SessionConfig.askingForKeys(identity),
                            SecureSessionOptions.defaults()
                                    .withKeyLookup(peer -> database.findKeys(peer))
                                    .withExecutor(handshakes));
                    // end
                    return new ChannelHandler[] {handler, new NetworkTest.Echo()};
                });
                SecureConnection connection = SecureConnection.connect(
                        new Socket(
                                server.address().getAddress(), server.address().getPort()),
                        clientConfig,
                        Peers.SERVER)) {
            connection.send("hello".getBytes(UTF_8));
            assertThat(connection.receive()).hasValue("hello".getBytes(UTF_8));
        } finally {
            handshakes.shutdown();
        }
    }

    @Test
    void aStreamIsSentBack() throws Exception {
        ChannelHandler initializer = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                // example: netty-stream
                channel.pipeline()
                        .addLast(SecureSessionHandler.server(serverConfig))
                        .addLast(new SecureStreamHandler())
                        .addLast(new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object bytes) {
                                ctx.writeAndFlush(bytes);
                            }

                            @Override
                            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                                if (event instanceof ChannelInputShutdownEvent) {
                                    SecureStreamHandler stream = ctx.pipeline().get(SecureStreamHandler.class);
                                    stream.acknowledge(); // we have done with everything up to the end
                                    stream.shutdownOutput();
                                }
                            }
                        });
                // end
            }
        };
        try (NettyServer server = new NettyServer(() -> new ChannelHandler[] {initializer});
                SecureStream stream = SecureStream.over(SecureConnection.connect(
                        new Socket(
                                server.address().getAddress(), server.address().getPort()),
                        clientConfig,
                        Peers.SERVER))) {
            stream.output().write("hello".getBytes(UTF_8));
            stream.shutdownOutput();
            assertThat(stream.input().readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
            stream.acknowledge();
            stream.awaitAcknowledgement();
        }
    }

    /** A store of keys that answers later. */
    private static final class Database {
        CompletionStage<List<IdentityPublicKey>> findKeys(PeerId peer) {
            return CompletableFuture.supplyAsync(
                    () -> peer.equals(Peers.CLIENT) ? List.of(Peers.clientKey()) : List.of());
        }
    }
}

package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testsupport.NoLeaks;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.Framing;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureServer;
import dev.securesession.transport.ServerOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Over real sockets, with the other end in the blocking API. */
@Timeout(120)
@ExtendWith(NoLeaks.class)
class NetworkTest {
    static Stream<ConnectionOptions> framings() {
        return Stream.of(Framing.lengthPrefix(), Framing.themisSocket())
                .map(framing -> ConnectionOptions.defaults().withFraming(framing));
    }

    @ParameterizedTest
    @MethodSource("framings")
    void servesBlockingClients(ConnectionOptions connection) throws Exception {
        long seed = System.nanoTime();
        System.out.println("NetworkTest: seed " + seed);
        Random random = new Random(seed);
        SecureSessionOptions options = SecureSessionOptions.defaults().withConnection(connection);
        try (NettyServer server = new NettyServer(
                        () -> new ChannelHandler[] {SecureSessionHandler.server(Peers.server(), options), new Echo()});
                SecureConnection client = SecureConnection.connect(
                        new Socket(
                                server.address().getAddress(), server.address().getPort()),
                        Peers.client(),
                        Peers.SERVER,
                        connection)) {
            for (int i = 0; i < 200; i++) {
                byte[] payload = new byte[1 + random.nextInt(i % 10 == 0 ? 65_000 : 500)];
                random.nextBytes(payload);
                client.send(payload);
                assertThat(client.receive()).as("seed %d, message %d", seed, i).hasValue(payload);
            }
        }
    }

    @Test
    void carriesMessagesOfManyReads() throws Exception {
        byte[] payload = new byte[5_000_000];
        new Random(1).nextBytes(payload);
        try (NettyServer server = new NettyServer(() -> new ChannelHandler[] {
                    SecureSessionHandler.server(Peers.server(), SecureSessionOptions.defaults()), new Echo()
                });
                SecureConnection client = SecureConnection.connect(
                        new Socket(
                                server.address().getAddress(), server.address().getPort()),
                        Peers.client(),
                        Peers.SERVER)) {
            client.send(payload);
            assertThat(client.receive()).hasValue(payload);
        }
    }

    @ParameterizedTest
    @MethodSource("framings")
    void connectsToABlockingServer(ConnectionOptions connection) throws Exception {
        ExecutorService work = Executors.newSingleThreadExecutor();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        BlockingQueue<String> answers = new LinkedBlockingQueue<>();
        CountDownLatch served = new CountDownLatch(1);
        SecureSessionOptions options =
                SecureSessionOptions.defaults().withConnection(connection).withExecutor(work);
        try (SecureServer server = SecureServer.listen(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                Peers.server(),
                accepted -> {
                    for (var question = accepted.receive(); question.isPresent(); question = accepted.receive()) {
                        accepted.send(question.get());
                    }
                    served.countDown();
                },
                ServerOptions.defaults().withConnections(connection))) {
            Channel channel = new Bootstrap()
                    .group(group)
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel created) {
                            created.pipeline()
                                    .addLast(SecureSessionHandler.client(Peers.client(), Peers.SERVER, options))
                                    .addLast(new SimpleChannelInboundHandler<ByteBuf>() {
                                        @Override
                                        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf answer) {
                                            answers.add(answer.toString(java.nio.charset.StandardCharsets.UTF_8));
                                        }
                                    });
                        }
                    })
                    .connect(server.address())
                    .sync()
                    .channel();
            channel.writeAndFlush(ByteBufUtil.writeUtf8(channel.alloc(), "hello"));
            assertThat(answers.poll(30, TimeUnit.SECONDS)).isEqualTo("hello");
            SecureSessionHandler handler = channel.pipeline().get(SecureSessionHandler.class);
            assertThat(handler.handshake().get(30, TimeUnit.SECONDS).peer()).isEqualTo(Peers.SERVER);
            channel.writeAndFlush(Unpooled.copiedBuffer(new byte[60_000]));
            assertThat(answers.poll(30, TimeUnit.SECONDS)).hasSize(60_000);
            channel.close().sync();
            assertThat(served.await(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).sync();
            work.shutdown();
        }
    }

    /** Sends everything back. */
    static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.write(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }
    }
}

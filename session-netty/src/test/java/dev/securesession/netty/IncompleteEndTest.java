package dev.securesession.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.SessionConfig;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import dev.securesession.transport.ServerOptions;
import dev.securesession.transport.StreamAbortedException;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** A peer does not take the end of a connection that has failed for an orderly end of messages, which have none of their own. */
@Timeout(120)
@ExtendWith(NoLeaks.class)
class IncompleteEndTest {
    private final ServerLimits one = ServerLimits.of(ServerOptions.defaults().withConnectionLimitPerPeer(1));

    private NettyServer limited() {
        SecureSessionOptions options = SecureSessionOptions.defaults().withServerLimits(one);
        return new NettyServer(() -> new ChannelHandler[] {
            SecureSessionHandler.server(Peers.server(), options), new Quiet(), new NetworkTest.Echo()
        });
    }

    private static NettyServer serving(ChannelHandler... handlers) {
        return new NettyServer(() -> {
            ChannelHandler[] all = new ChannelHandler[handlers.length + 1];
            all[0] = SecureSessionHandler.server(Peers.server());
            System.arraycopy(handlers, 0, all, 1, handlers.length);
            return all;
        });
    }

    @Test
    void aConnectionBeyondALimitIsReset() throws Exception {
        try (NettyServer server = limited();
                SecureConnection first = connect(server)) {
            requireEcho(first);

            assertThatThrownBy(() -> connectAndReceive(server)).isInstanceOf(SocketException.class);

            assertThat(one.counters().turnedAway()).isEqualTo(1);
            requireEcho(first);
        }
    }

    @Test
    void aNettyClientBeyondALimitSeesAnException() throws Exception {
        CompletableFuture<Object> end = new CompletableFuture<>();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try (NettyServer server = limited();
                SecureConnection first = connect(server)) {
            requireEcho(first);

            Channel second = new Bootstrap()
                    .group(group)
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline()
                                    .addLast(SecureSessionHandler.client(Peers.client(), Peers.SERVER), new End(end));
                        }
                    })
                    .connect(server.address())
                    .sync()
                    .channel();
            // A reset that arrives before the write fails the write, and not the channel.
            second.writeAndFlush(ByteBufUtil.writeUtf8(second.alloc(), "hello")).addListener(written -> {
                if (!written.isSuccess()) {
                    end.complete(written.cause());
                }
            });

            assertThat(end.get(60, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        } finally {
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    @Test
    void aMessageThatIsRefusedResetsTheConnection() throws Exception {
        try (NettyServer server = serving(new Quiet());
                Socket socket = new Socket(
                        server.address().getAddress(), server.address().getPort());
                SecureConnection client = SecureConnection.connect(socket, Peers.client(), Peers.SERVER)) {
            socket.getOutputStream().write(new byte[] {0, 0, 0, 60});
            socket.getOutputStream().write(new byte[60]);

            assertThatThrownBy(() -> receive(client)).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void abortingResetsTheConnection() throws Exception {
        try (NettyServer server = serving(new Failing());
                SecureConnection client = connect(server)) {
            client.send("hello".getBytes(UTF_8));

            assertThatThrownBy(() -> receive(client)).isInstanceOf(SocketException.class);
        }
    }

    @Test
    void abortingAStreamTellsThePeer() throws Exception {
        try (NettyServer server = serving(new SecureStreamHandler(), new Failing());
                SecureStream client = SecureStream.over(connect(server))) {
            client.output().write("hello".getBytes(UTF_8));

            assertThatThrownBy(() -> client.input().read())
                    .isInstanceOfSatisfying(
                            StreamAbortedException.class,
                            abort -> assertThat(abort.code()).isEqualTo(StreamAbortedException.CLOSED));
        }
    }

    /** The client would not learn from a reset that its identity may have been refused. */
    @Test
    void aHandshakeThatIsAbortedEndsAsARefusedOneDoes() throws Exception {
        ChannelHandler aborting = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                // All that the client sends before an answer has been read by now: nothing else resets the connection.
                SecureSessionOptions options = SecureSessionOptions.defaults().withKeyLookup(peer -> {
                    channel.eventLoop().execute(() -> SecureSessionHandler.abort(channel));
                    return new CompletableFuture<>();
                });
                channel.pipeline()
                        .addLast(SecureSessionHandler.server(
                                SessionConfig.askingForKeys(Peers.server().identity()), options))
                        .addLast(new Quiet());
            }
        };
        try (NettyServer server = new NettyServer(() -> new ChannelHandler[] {aborting})) {
            assertThatThrownBy(() -> connect(server)).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void closingIsAnOrderlyEnd() throws Exception {
        try (NettyServer server = serving(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ReferenceCountUtil.release(message);
                        ctx.close();
                    }
                });
                SecureConnection client = connect(server)) {
            client.send("hello".getBytes(UTF_8));

            assertThat(client.receive(Duration.ofSeconds(60))).isEmpty();
        }
    }

    private static SecureConnection connect(NettyServer server) throws Exception {
        return SecureConnection.connect(
                new Socket(server.address().getAddress(), server.address().getPort()), Peers.client(), Peers.SERVER);
    }

    private static void connectAndReceive(NettyServer server) throws Exception {
        try (SecureConnection client = connect(server)) {
            receive(client);
        }
    }

    private static void receive(SecureConnection client) throws Exception {
        assertThat(client.receive(Duration.ofSeconds(60)))
                .as("an orderly end, or a message")
                .isNull();
    }

    private static void requireEcho(SecureConnection client) throws Exception {
        client.send("hello".getBytes(UTF_8));
        assertThat(client.receive(Duration.ofSeconds(60))).hasValue("hello".getBytes(UTF_8));
    }

    /** Logs nothing. */
    private static final class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }

        @Override
        public boolean isSharable() {
            return true;
        }
    }

    /** Fails at the first message. */
    private static final class Failing extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            throw new IllegalStateException("of the handler");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            SecureSessionHandler.abort(ctx.channel());
        }
    }

    /** Notes the first exception, or that there was none. */
    private static final class End extends ChannelInboundHandlerAdapter {
        private final CompletableFuture<Object> end;

        End(CompletableFuture<Object> end) {
            this.end = end;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            end.complete(cause);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            end.complete("an orderly end");
        }
    }
}

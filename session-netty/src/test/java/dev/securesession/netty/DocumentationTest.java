package dev.securesession.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/netty.md, which are the text between the comments here, at work. */
@Timeout(120)
class DocumentationTest {
    private static final int SERVER_FAILED = 256;

    private final SessionConfig serverConfig = Peers.server();
    private final SessionConfig clientConfig = Peers.client();

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

                            @Override
                            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                                SecureStreamHandler stream = ctx.pipeline().get(SecureStreamHandler.class);
                                stream.abort(SERVER_FAILED, "the server has failed"); // the peer is told
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

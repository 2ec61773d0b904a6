package dev.securesession.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.Pair;
import dev.securesession.transport.SecureConnection;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/http.md, which are the text between the comments here, at work. */
@Timeout(60)
class DocumentationTest {
    @Test
    void aClientAsksAServerOnNetty() throws Exception {
        SessionConfig config = Pair.create().server();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        // example: http-netty
        ExecutorService executor = Executors.newFixedThreadPool(16);
        NettyHttpSessions sessions = NettyHttpSessions.of(config, (peer, request) -> answer(peer, request), executor);
        Channel server = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), sessions.newHandler("/api"));
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        // end
        try {
            int port = ((InetSocketAddress) server.localAddress()).getPort();
            URI uri = URI.create("http://127.0.0.1:" + port + "/api");
            assertThat(ask(uri, Pair.create().client(), Pair.SERVER_ID, "what?".getBytes(UTF_8)))
                    .isEqualTo("\"client\" asks what?");
        } finally {
            server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
            sessions.close();
            executor.shutdownNow();
        }
    }

    private static String ask(URI uri, SessionConfig config, PeerId serverId, byte[] question) throws Exception {
        try (HttpSessionClient client = HttpSessionClient.of(uri, config, serverId)) {
            return new String(client.send(question), UTF_8);
        }
    }

    @Test
    void aClientAsksOverAWebSocket() throws Exception {
        Pair pair = Pair.create();
        try (WebSocketEcho server = WebSocketEcho.start(pair.server())) {
            assertThat(askOverWebSocket(server.address(), pair.client(), Pair.SERVER_ID, "what?".getBytes(UTF_8)))
                    .isEqualTo("what?");
        }
    }

    private static String askOverWebSocket(URI uri, SessionConfig config, PeerId serverId, byte[] question)
            throws Exception {
        // example: websocket
        HttpClient http = HttpClient.newHttpClient();
        WebSocketTransport transport = WebSocketTransport.connect(http, uri, Duration.ofSeconds(10));
        try (SecureConnection connection = SecureConnection.connect(transport, config, serverId)) {
            connection.send(question);
            byte[] answer = connection.receive().orElseThrow();
            return new String(answer, UTF_8);
        }
        // end
    }

    private static byte[] answer(PeerId peer, byte[] request) {
        return (peer + " asks " + new String(request, UTF_8)).getBytes(UTF_8);
    }
}

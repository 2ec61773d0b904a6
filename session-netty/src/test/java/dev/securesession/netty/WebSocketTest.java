package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.transport.SecureConnection;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sessions over WebSocket: the server on Netty, the client on the JDK. */
@Timeout(120)
@ExtendWith(NoLeaks.class)
class WebSocketTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final NettyServer SERVER = new NettyServer(() -> new ChannelHandler[] {
        new HttpServerCodec(),
        new HttpObjectAggregator(8192),
        new WebSocketServerProtocolHandler(WebSocketServerProtocolConfig.newBuilder()
                .websocketPath("/session")
                .maxFramePayloadLength(1 << 20)
                .build()),
        new WebSocketFrameAggregator(1 << 20),
        new WebSocketMessages(),
        SecureSessionHandler.server(
                Peers.server(), SecureSessionOptions.defaults().withoutFraming()),
        new NetworkTest.Echo(),
        new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                // The client of the test looks at what it gets.
            }
        }
    });

    @AfterAll
    static void stop() {
        SERVER.close();
    }

    private static URI address() {
        return URI.create("ws://127.0.0.1:" + SERVER.address().getPort() + "/session");
    }

    @Test
    void carriesMessagesInBothDirections() throws Exception {
        long seed = System.nanoTime();
        System.out.println("WebSocketTest: seed " + seed);
        Random random = new Random(seed);
        WebSocketTransport transport = WebSocketTransport.connect(HTTP, address(), PATIENCE);
        try (SecureConnection connection = SecureConnection.connect(transport, Peers.client(), Peers.SERVER)) {
            for (int i = 0; i < 50; i++) {
                byte[] payload = new byte[1 + random.nextInt(i % 10 == 0 ? 500_000 : 1000)];
                random.nextBytes(payload);
                connection.send(payload);
                assertThat(connection.receive(PATIENCE)).as("seed %d", seed).hasValue(payload);
            }
        }
    }

    @Test
    void aReceiveMayTimeOutAndGoOn() throws Exception {
        WebSocketTransport transport = WebSocketTransport.connect(HTTP, address(), PATIENCE);
        try (SecureConnection connection = SecureConnection.connect(transport, Peers.client(), Peers.SERVER)) {
            assertThatThrownBy(() -> connection.receive(Duration.ofMillis(20)))
                    .isInstanceOf(SocketTimeoutException.class);
            connection.send(new byte[] {1});
            assertThat(connection.receive(PATIENCE)).hasValue(new byte[] {1});
        }
    }

    @Test
    void aMessageBeyondTheLimitEndsTheConnection() throws Exception {
        try (WebSocketTransport transport = WebSocketTransport.connect(HTTP, address(), PATIENCE)) {
            SecureConnection connection = SecureConnection.connect(transport, Peers.client(), Peers.SERVER);
            connection.send(new byte[100_000]);
            // Refused when the first parts have arrived, not when all of it is there.
            assertThatThrownBy(() -> transport.receive(10_000, PATIENCE))
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("10000")
                    .hasMessageNotContaining("100052");
        }
    }

    @Test
    void anAddressWithoutAWebSocketIsAnError() {
        assertThatThrownBy(() -> WebSocketTransport.connect(
                        HTTP, URI.create(address().toString().replace("/session", "/other")), PATIENCE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/other");
    }

    @Test
    void theEndOfTheServerEndsTheClient() throws Exception {
        try (WebSocketTransport transport = WebSocketTransport.connect(HTTP, address(), PATIENCE)) {
            transport.send(new byte[] {1, 2, 3});
            assertThatThrownBy(() -> {
                        if (transport.receive(100, PATIENCE).isEmpty()) {
                            throw new IOException("ended");
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void textIsRefused() throws Exception {
        CompletableFuture<Integer> closed = new CompletableFuture<>();
        WebSocket socket = HTTP.newWebSocketBuilder()
                .buildAsync(address(), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onClose(WebSocket webSocket, int status, String reason) {
                        closed.complete(status);
                        return null;
                    }
                })
                .get(30, TimeUnit.SECONDS);
        socket.sendText("hello", true);

        assertThat(closed.get(30, TimeUnit.SECONDS)).isEqualTo(1003);
    }

    @Test
    void closingEndsAWaitingReceive() throws Exception {
        WebSocketTransport transport = WebSocketTransport.connect(HTTP, address(), PATIENCE);
        CompletableFuture<Throwable> result = new CompletableFuture<>();
        Thread reader = new Thread(() -> {
            try {
                transport.receive(100, Duration.ZERO);
                result.complete(null);
            } catch (IOException e) {
                result.complete(e);
            }
        });
        reader.start();
        transport.close();
        assertThat(result.get(30, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> transport.send(ByteBuffer.allocate(1).array())).isInstanceOf(IOException.class);
    }

    @Test
    void refusesTextFromAnotherHandler() {
        try (Wire wire = new Wire(new ChannelInboundHandlerAdapter(), new WebSocketMessages())) {
            wire.connect();
            wire.server.channel.pipeline().fireChannelRead(new TextWebSocketFrame("text"));
            assertThat(wire.server.exception())
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("TextWebSocketFrame");
            io.netty.util.ReferenceCountUtil.release(wire.server.channel.readOutbound());
        }
    }
}

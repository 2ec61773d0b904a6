package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testsupport.NoLeaks;
import dev.securesession.transport.ServerOptions;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.net.ProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** One message for each binary frame. Sessions over real WebSockets are tested in session-http, with a client. */
@Timeout(60)
@ExtendWith(NoLeaks.class)
class WebSocketMessagesTest {
    private final Wire wire = new Wire(new ChannelInboundHandlerAdapter(), new WebSocketMessages());

    @Test
    void putsMessagesIntoFramesAndTakesThemOut() {
        try (wire) {
            wire.connect();
            wire.server.channel.pipeline().fireChannelRead(new BinaryWebSocketFrame(wire.server.buffer("in")));
            assertThat(wire.server.texts()).containsExactly("in");

            wire.server.channel.writeOutbound(wire.server.buffer("out"));
            BinaryWebSocketFrame frame = wire.server.channel.readOutbound();
            assertThat(frame.content().toString(java.nio.charset.StandardCharsets.UTF_8))
                    .isEqualTo("out");
            frame.release();
        }
    }

    @Test
    void refusesText() {
        try (wire) {
            wire.connect();
            wire.server.channel.pipeline().fireChannelRead(new TextWebSocketFrame("text"));
            assertThat(wire.server.exception())
                    .isInstanceOf(ProtocolException.class)
                    .hasMessageContaining("TextWebSocketFrame");
            CloseWebSocketFrame close = wire.server.channel.readOutbound();
            assertThat(close.statusCode()).isEqualTo(1003);
            close.release();
            assertThat(wire.server.channel.isActive()).isFalse();
        }
    }

    @Test
    void refusesFragments() {
        try (wire) {
            wire.connect();
            wire.server
                    .channel
                    .pipeline()
                    .fireChannelRead(new BinaryWebSocketFrame(false, 0, wire.server.buffer("in")));
            assertThat(wire.server.exception()).isInstanceOf(ProtocolException.class);
            assertThat(wire.server.texts()).isEmpty();
            ReferenceCountUtil.release(wire.server.channel.readOutbound());
        }
    }

    @Test
    void refusesToSendAnythingButBytes() {
        try (wire) {
            wire.connect();
            assertThat(wire.server.channel.writeOneOutbound("text").cause())
                    .isInstanceOf(UnsupportedMessageTypeException.class);
        }
    }

    /** Netty's handlers hold the beginning of a frame; here its bytes just do not become one. */
    @Test
    void whatHasArrivedOfAFrameCountsForTheLimits() {
        ServerLimits limits = ServerLimits.of(ServerOptions.defaults().withHandshakeBytesLimit(100_000));
        SecureSessionOptions options =
                SecureSessionOptions.defaults().withoutFraming().withServerLimits(limits);
        ChannelHandler decoder = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                if (message instanceof ByteBuf) {
                    ReferenceCountUtil.release(message);
                } else {
                    ctx.fireChannelRead(message);
                }
            }
        };
        try (Wire wire = new Wire(new ChannelHandler[] {new ChannelInboundHandlerAdapter()}, new ChannelHandler[] {
            decoder, new WebSocketMessages(), SecureSessionHandler.server(Peers.server(), options)
        })) {
            wire.connect();
            wire.server.arrives(new byte[60_000]);
            assertThat(wire.server.channel.isOpen()).isTrue();
            wire.server.arrives(new byte[60_000]);
            assertThat(wire.server.channel.isOpen()).isFalse();
            assertThat(limits.counters().evicted()).isEqualTo(1);
            assertThat(wire.server.exception()).hasMessageContaining("100000 bytes, which is the limit");
        }
    }
}

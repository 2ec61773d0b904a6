package dev.securesession.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.util.ReferenceCountUtil;
import java.net.ProtocolException;

/**
 * Messages over WebSocket: one {@link ByteBuf} for each binary frame, in both directions.
 *
 * <pre>{@code
 * pipeline.addLast(new HttpServerCodec(), new HttpObjectAggregator(8192));
 * pipeline.addLast(new WebSocketServerProtocolHandler("/session"));
 * pipeline.addLast(new WebSocketFrameAggregator(65_536));
 * pipeline.addLast(new WebSocketMessages());
 * pipeline.addLast(SecureSessionHandler.server(config, SecureSessionOptions.defaults().withoutFraming()));
 * }</pre>
 *
 * <p>A frame of another type, or a fragment because no {@code WebSocketFrameAggregator} is there, ends the connection with
 * the status 1003 and goes to {@code exceptionCaught}. At the client's end add this handler and the session when the
 * WebSocket handshake is complete. What has arrived of an incomplete frame counts for the {@link ServerLimits} of the session.
 * Belongs to one channel. PROTOCOL.md, section 10.
 */
public final class WebSocketMessages extends ChannelDuplexHandler {
    /** Of a frame to a server: two bytes and a mask. */
    private static final int MIN_FRAME_OVERHEAD = 6;

    private final Arriving arriving = new Arriving();
    private boolean failed;

    /** Makes a handler for one channel. */
    public WebSocketMessages() {}

    /** Begins to count what arrives. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.pipeline().addFirst(arriving);
    }

    /** Counts no more. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (ctx.pipeline().context(arriving) != null) {
            ctx.pipeline().remove(arriving);
        }
    }

    /**
     * Counts the bytes that have arrived since the last message, at the beginning of the pipeline: the handlers of HTTP and
     * WebSocket hold them until a frame is whole, and they have no limit for all connections together (PROTOCOL.md P-4).
     */
    private static final class Arriving extends ChannelInboundHandlerAdapter {
        private int bytes;
        private int lastBytes;

        /** Takes a message off. What is left came behind it in the last buffer, or was no part of any message. */
        void delivered(int length) {
            bytes = Math.min(Math.max(0, bytes - length), lastBytes);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof ByteBuf part) {
                lastBytes = part.readableBytes();
                bytes += lastBytes;
            }
            ctx.fireChannelRead(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            SecureSessionHandler session = ctx.pipeline().get(SecureSessionHandler.class);
            if (session != null) {
                session.holdsInFront(bytes);
            }
            ctx.fireChannelReadComplete();
        }
    }

    /** Takes a message out of its frame. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof BinaryWebSocketFrame frame && frame.isFinalFragment() && !failed) {
            arriving.delivered(frame.content().readableBytes() + MIN_FRAME_OVERHEAD);
            ctx.fireChannelRead(frame.content());
            return;
        }
        ReferenceCountUtil.release(message);
        if (failed) {
            return;
        }
        failed = true;
        ctx.fireExceptionCaught(new ProtocolException("a " + message.getClass().getSimpleName()
                + " over WebSocket; each message must be one whole binary frame"));
        ctx.writeAndFlush(new CloseWebSocketFrame(
                        WebSocketCloseStatus.INVALID_MESSAGE_TYPE, "one message for each binary frame"))
                .addListener(ChannelFutureListener.CLOSE);
    }

    /** Puts a message into a frame. */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message instanceof ByteBuf body) {
            ctx.write(new BinaryWebSocketFrame(body), promise);
        } else {
            Buffers.refuse(message, promise, new UnsupportedMessageTypeException(message, ByteBuf.class));
        }
    }
}

package dev.securesession.netty;

import dev.securesession.transport.Framing;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import java.io.EOFException;
import java.io.IOException;

/**
 * Marks where messages begin and end on a stream of bytes: one {@link ByteBuf} for each message, in both directions.
 *
 * <p>{@link SecureSessionHandler} does this by itself. This handler is for pipelines that exchange framed messages without
 * a session, or that need a handler of their own between the framing and the session
 * ({@link SecureSessionOptions#withoutFraming}).
 *
 * <p>A message that is too long, has another framing or is cut off goes to {@code exceptionCaught}, and the channel is
 * closed. Incomplete messages hold as much memory as has arrived of them. Belongs to one channel.
 *
 * <p>PROTOCOL.md P-4 and section 10.1.
 */
public final class FramingCodec extends ChannelDuplexHandler {
    private final Framing framing;
    private final int maxMessageLength;
    private final FrameDecoder decoder;
    private boolean delivered;
    private boolean failed;

    /**
     * Makes a codec for one channel.
     *
     * @param framing the same as the peer's
     * @param maxMessageLength bytes that a message may have in either direction, 1 or more
     * @throws IllegalArgumentException if the limit is less than 1
     */
    public FramingCodec(Framing framing, int maxMessageLength) {
        if (maxMessageLength < 1) {
            throw new IllegalArgumentException(
                    "a message limit of " + maxMessageLength + " bytes; it must be 1 or more");
        }
        this.framing = framing;
        this.maxMessageLength = Math.min(maxMessageLength, framing.maxMessageLength());
        this.decoder = new FrameDecoder(framing);
    }

    /** Cuts the bytes of the network into messages. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf network)) {
            ctx.fireChannelRead(message);
            return;
        }
        try {
            while (!failed) {
                ByteBuf next = decoder.next(network, ctx.alloc(), maxMessageLength);
                if (next == null) {
                    return;
                }
                delivered = true;
                ctx.fireChannelRead(next);
            }
        } catch (IOException e) {
            fail(ctx, e);
        } finally {
            network.release();
        }
    }

    /** Reads on by itself while no message is complete. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!delivered && !ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
        delivered = false;
        ctx.fireChannelReadComplete();
    }

    /** Reports a message that was cut off. */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (decoder.isWithinMessage() && !failed) {
            decoder.release();
            ctx.fireExceptionCaught(new EOFException("the connection ended within a message; the message is lost"));
        }
        ctx.fireChannelInactive();
    }

    /** Writes a header and the message. */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf body)) {
            Buffers.refuse(message, promise, new UnsupportedMessageTypeException(message, ByteBuf.class));
            return;
        }
        int length = body.readableBytes();
        if (length > maxMessageLength) {
            Buffers.refuse(
                    body,
                    promise,
                    new IllegalArgumentException(
                            "a message of " + length + " bytes; it must be at most " + maxMessageLength + " here"));
            return;
        }
        byte[] header = new byte[framing.headerLength()];
        framing.writeHeader(length, header);
        // The header fails together with the message, whose promise tells.
        ctx.write(ctx.alloc().buffer(header.length).writeBytes(header));
        ctx.write(body, promise);
    }

    /** Drops an incomplete message. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        decoder.release();
    }

    private void fail(ChannelHandlerContext ctx, Throwable cause) {
        failed = true;
        decoder.release();
        ctx.fireExceptionCaught(cause);
        ctx.close();
    }
}

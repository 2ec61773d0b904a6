package dev.securesession.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * Stands in front of the codec of a connection and passes bytes on only as far as the connection wants them. The codec turns
 * bytes into many objects, some 30 bytes of memory for each byte of a header, and turns all that it gets at once: so it gets
 * little at a time while no body is expected, and nothing while a response is on its way. Runs on the event loop of its channel.
 */
final class NettyHttpGate extends ChannelInboundHandlerAdapter {
    private static final int PART_LENGTH = 256;
    private static final int MAX_HELD_LENGTH = 8 * 1024;

    private final NettyHttpConnection connection;
    private @Nullable ByteBuf held;
    private boolean passing;

    NettyHttpGate(NettyHttpConnection connection) {
        this.connection = connection;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf bytes)) {
            ctx.fireChannelRead(message);
            return;
        }
        try {
            if (held == null) {
                pass(ctx, bytes);
            }
            if (bytes.isReadable()) {
                hold(ctx, bytes);
            }
        } finally {
            bytes.release();
        }
    }

    /** Passes on what was held back, as far as it is wanted now. */
    void passHeld(ChannelHandlerContext ctx) {
        ByteBuf bytes = held;
        if (bytes == null || passing) {
            return;
        }
        pass(ctx, bytes);
        if (held != null && !held.isReadable()) {
            release();
        }
    }

    private void pass(ChannelHandlerContext ctx, ByteBuf bytes) {
        passing = true;
        try {
            while (bytes.isReadable() && connection.wantsBytes()) {
                long wanted = Math.max(PART_LENGTH, connection.bodyLeft());
                int length = (int) Math.min(bytes.readableBytes(), wanted);
                connection.passes(length);
                ctx.fireChannelRead(bytes.readRetainedSlice(length));
            }
        } finally {
            passing = false;
        }
    }

    private void hold(ChannelHandlerContext ctx, ByteBuf bytes) {
        int length = bytes.readableBytes() + (held == null ? 0 : held.readableBytes());
        if (length > MAX_HELD_LENGTH || connection.isClosed()) {
            ctx.close();
            return;
        }
        // A copy: a part of a large buffer would hold all of it.
        ByteBuf all = ctx.alloc().buffer(length);
        if (held != null) {
            all.writeBytes(held);
        }
        all.writeBytes(bytes);
        release();
        held = all;
    }

    private void release() {
        if (held != null) {
            held.release();
            held = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        release();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        release();
    }
}

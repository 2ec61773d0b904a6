package dev.securesession.tunnel;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Ends a pipeline whose failures a test sees in another way: an embedded channel would throw them. */
final class IgnoredFailures extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // The channel is closed.
    }
}

package dev.securesession.tunnel;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.socket.ChannelInputShutdownEvent;

/**
 * Gives Unix-domain sockets the half close that TCP sockets have in Netty: the end of the input is an event, and the channel
 * stays open. Belongs to one channel.
 *
 * <p>Netty closes such a channel when a read reports the end of the input. This allocator of receive buffers is told the
 * result of each read first, and reports an empty read instead.
 */
final class HalfCloseOfUnixSockets extends AdaptiveRecvByteBufAllocator {
    private final Channel channel;
    private boolean ended;

    HalfCloseOfUnixSockets(Channel channel, int minLength, int firstLength, int maxLength) {
        super(minLength, firstLength, maxLength);
        this.channel = channel;
    }

    @Override
    @SuppressWarnings("deprecation") // of the type that Netty's own method returns
    public Handle newHandle() {
        return new DelegatingHandle(super.newHandle()) {
            @Override
            public void lastBytesRead(int bytes) {
                super.lastBytesRead(Math.max(0, bytes));
                if (bytes < 0) {
                    inputEnded();
                }
            }
        };
    }

    private void inputEnded() {
        // There is nothing to wait for any more; a selector would report the end again and again.
        channel.config().setAutoRead(false);
        if (!ended) {
            ended = true;
            channel.eventLoop()
                    .execute(() -> channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE));
        }
    }
}

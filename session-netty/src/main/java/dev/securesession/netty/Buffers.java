package dev.securesession.netty;

import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;

/** What several handlers do with messages. */
final class Buffers {
    private Buffers() {}

    /** Releases a message that cannot be written, and fails its promise. */
    static void refuse(Object message, ChannelPromise promise, Throwable cause) {
        ReferenceCountUtil.release(message);
        promise.setFailure(cause);
    }
}

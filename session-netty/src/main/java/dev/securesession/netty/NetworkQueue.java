package dev.securesession.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Buffers of the network on their way to a consumer that has to pause at times, in order and bounded, with the end of the
 * network after the last of them.
 *
 * <p>Belongs to the event loop of its channel.
 */
final class NetworkQueue {
    private static final int MAX_WAITING_BYTES = 64 * 1024;

    private final Consumer consumer;
    private @Nullable ArrayDeque<ByteBuf> waiting;
    private int waitingBytes;
    private boolean consuming;
    private boolean paused;
    private boolean autoReadSuspended;
    private boolean delivered;
    private boolean released;
    private @Nullable Runnable postponedEnd;

    /** Takes messages off the buffers. */
    interface Consumer {
        /** Takes the next message off; returns false if the buffer holds no whole one any more. */
        boolean consume(ChannelHandlerContext context, ByteBuf network);
    }

    NetworkQueue(Consumer consumer) {
        this.consumer = consumer;
    }

    /** Returns how many bytes wait. */
    int waitingBytes() {
        return waitingBytes;
    }

    /** Returns whether the consumer has paused. */
    boolean isPaused() {
        return paused;
    }

    /** Takes a buffer over, and consumes it as far as possible. */
    void add(ChannelHandlerContext context, ByteBuf network) {
        if (paused || consuming) {
            keep(context, network);
        } else {
            consume(context, network);
            consumeWaiting(context);
        }
    }

    private void keep(ChannelHandlerContext context, ByteBuf network) {
        queue().add(network);
        waitingBytes += network.readableBytes();
        if (waitingBytes > MAX_WAITING_BYTES && context.channel().config().isAutoRead()) {
            autoReadSuspended = true;
            context.channel().config().setAutoRead(false);
        }
    }

    private ArrayDeque<ByteBuf> queue() {
        ArrayDeque<ByteBuf> buffers = waiting;
        if (buffers == null) {
            buffers = new ArrayDeque<>(4);
            waiting = buffers;
        }
        return buffers;
    }

    /** Consumes a buffer as far as possible; what has to wait goes to the front of the queue. */
    private void consume(ChannelHandlerContext context, ByteBuf network) {
        boolean handedOver = false;
        consuming = true;
        try {
            while (!released) {
                if (paused) {
                    if (network.isReadable()) {
                        handedOver = true;
                        queue().addFirst(network);
                        waitingBytes += network.readableBytes();
                    }
                    return;
                }
                if (!consumer.consume(context, network)) {
                    return;
                }
            }
        } finally {
            consuming = false;
            if (!handedOver) {
                network.release();
            }
        }
    }

    /** Consumes what waits as far as possible. */
    void consumeWaiting(ChannelHandlerContext context) {
        ArrayDeque<ByteBuf> buffers = waiting;
        while (buffers != null && !paused && !consuming && !released) {
            ByteBuf network = buffers.poll();
            if (network == null) {
                waiting = null;
                break;
            }
            waitingBytes -= network.readableBytes();
            consume(context, network);
        }
    }

    /** Consumes nothing until {@link #resume}: a key look-up or an operation on another thread has begun. */
    void pause() {
        paused = true;
    }

    /** Goes on with the next call of {@link #consumeWaiting}, and reads from the network again. */
    void resume(ChannelHandlerContext context) {
        paused = false;
        if (autoReadSuspended) {
            // Before the application is called: what it sets stays.
            autoReadSuspended = false;
            context.channel().config().setAutoRead(true);
        }
    }

    /** Notes that the application got something in the current series of reads. */
    void delivered() {
        delivered = true;
    }

    /** Ends a series of reads, and reads on by itself as long as there is nothing to deliver. */
    void readComplete(ChannelHandlerContext context) {
        readIfNeeded(context);
        delivered = false;
        context.fireChannelReadComplete();
    }

    /** Reads by itself what the handshake or an incomplete message needs. */
    void readIfNeeded(ChannelHandlerContext context) {
        if (!delivered && !paused && !released && !context.channel().config().isAutoRead()) {
            context.read();
        }
    }

    /** Ends the series of reads that a pause has interrupted; runs the end if it has arrived meanwhile. */
    void readOn(ChannelHandlerContext context) {
        if (paused || consuming) {
            return;
        }
        if (!released) {
            if (delivered) {
                delivered = false;
                context.fireChannelReadComplete();
            } else {
                readIfNeeded(context);
            }
        }
        runPostponedEnd();
    }

    /** Runs an end when everything that has arrived before was consumed: it must not overtake the last messages. */
    void afterInput(Runnable end) {
        if (released || (!paused && waiting == null && postponedEnd == null)) {
            end.run();
            return;
        }
        Runnable earlier = postponedEnd;
        postponedEnd = earlier == null
                ? end
                : () -> {
                    earlier.run();
                    end.run();
                };
    }

    /** Runs an end that waits. */
    void runPostponedEnd() {
        Runnable end = postponedEnd;
        if (end != null) {
            postponedEnd = null;
            end.run();
        }
    }

    /** Consumes nothing more and releases what waits. An end still runs. */
    void release() {
        released = true;
        ArrayDeque<ByteBuf> unread = waiting;
        if (unread != null) {
            unread.forEach(ByteBuf::release);
            unread.clear();
        }
    }
}

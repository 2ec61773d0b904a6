package dev.securesession.netty;

import dev.securesession.transport.StreamAbortedException;
import dev.securesession.transport.StreamLayer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.PromiseCombiner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream of bytes in each direction over a session, each with an authenticated end: the stream layer for Netty.
 *
 * <pre>{@code
 * pipeline.addLast(SecureSessionHandler.client(config, PeerId.ofUtf8("server")));
 * pipeline.addLast(new SecureStreamHandler());
 * pipeline.addLast(new CopyFile());       // buffers of any length; their bounds have no meaning
 * }</pre>
 *
 * <p>The end of the peer's bytes is a {@link ChannelInputShutdownEvent} and comes only if the peer has sent it; answer it by
 * {@link #acknowledge} when all bytes are where they belong. Our own end is {@link #shutdownOutput}, and
 * {@link #acknowledged} tells when the peer has everything. When both directions have ended and are acknowledged, the
 * channel is closed, unless the handler is {@linkplain #forStreamsInTurn for streams in turn}. Anything else is incomplete
 * and goes to {@code exceptionCaught}: {@link StreamAbortedException} if the peer aborts, {@link java.io.EOFException} if the
 * connection ends before the end or the acknowledgement of the peer.
 * Closing the channel before {@link #shutdownOutput} and {@link #acknowledge} tells the peer so, by an abort that is given a
 * second to leave.
 *
 * <p>Long buffers are sent in chunks of up to 32 KiB, without a copy of their own. Understood by
 * {@link dev.securesession.transport.SecureStream} at the other end. Belongs to one channel; all methods but
 * {@link #beginNext} may be called by any thread, and keep their order with the writes of that thread. PROTOCOL.md ST-1 to ST-10.
 */
public final class SecureStreamHandler extends ChannelDuplexHandler {
    private static final int ABORT_PATIENCE_SECONDS = 1;
    private static final ByteBuf DATA_HEADER = Unpooled.unreleasableBuffer(
            Unpooled.wrappedBuffer(new byte[] {StreamLayer.DATA}).asReadOnly());

    private final ChannelFutureListener failsUnlessWritten = this::written;
    private final boolean inTurn;
    private @Nullable ChannelHandlerContext context;
    private @Nullable StreamLayer layer;
    private volatile @Nullable Promise<Void> acknowledged;
    private int maxChunkLength;
    private boolean inputEnded;
    private boolean closing;
    private boolean consumed;
    private boolean delivered;

    /** Makes a handler for one channel; it must follow a {@link SecureSessionHandler}. */
    public SecureStreamHandler() {
        this(false);
    }

    private SecureStreamHandler(boolean inTurn) {
        this.inTurn = inTurn;
    }

    /**
     * Returns a handler for streams that follow one another in one session, if the peer does the same (PROTOCOL.md ST-10). The
     * channel stays open when a stream is complete, unless the peer has closed the connection: begin the next one with
     * {@link #beginNext}, or close the channel.
     *
     * @return a new handler for one channel; it must follow a {@link SecureSessionHandler}
     */
    public static SecureStreamHandler forStreamsInTurn() {
        return new SecureStreamHandler(true);
    }

    /**
     * Begins the next stream when the one before is complete: it is {@link #acknowledged}, and {@link #acknowledge} has
     * succeeded. Until either side has sent something in the new stream, closing the channel aborts nothing, and the end of the
     * connection cuts nothing off. Belongs to the event loop.
     *
     * @throws IllegalStateException if the stream before is not complete, the connection has ended, the handler is not
     *     {@linkplain #forStreamsInTurn for streams in turn}, or it is in no pipeline
     */
    public void beginNext() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw notAdded();
        }
        if (!inTurn) {
            throw new IllegalStateException("a handler for one stream; make it with forStreamsInTurn()");
        }
        stream().beginNext();
        acknowledged = newPromise(ctx);
    }

    private static Promise<Void> newPromise(ChannelHandlerContext ctx) {
        Promise<Void> promise = ctx.executor().newPromise();
        promise.setUncancellable();
        return promise;
    }

    /**
     * Begins a stream.
     *
     * @throws IllegalStateException if there is no {@link SecureSessionHandler} in the pipeline
     * @throws IllegalArgumentException if it allows payloads of less than 258 bytes, the length of an abort
     */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        acknowledged = newPromise(ctx);
        SecureSessionHandler session = ctx.pipeline().get(SecureSessionHandler.class);
        if (session == null) {
            throw new IllegalStateException("a stream without a session; add a SecureSessionHandler first");
        }
        layer = new StreamLayer(session.maxPayloadLength());
        maxChunkLength = Math.min(session.maxPayloadLength() - 1, StreamLayer.MAX_CHUNK_LENGTH);
        context = ctx;
    }

    /** Fails what is waited for; the channel goes on without a stream. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        acknowledgement().tryFailure(new ClosedChannelException());
    }

    /**
     * Ends our direction after everything that was written, and flushes it. The peer's reads answer the end of the stream.
     * That it has left is no proof that it has arrived: see {@link #acknowledged}.
     *
     * @return completes when the end has reached the network; fails if the stream has failed or this direction has ended
     * @throws IllegalStateException if the handler was not added to a pipeline
     */
    public ChannelFuture shutdownOutput() {
        return control((stream, ctx, promise) -> ctx.writeAndFlush(Unpooled.wrappedBuffer(stream.end()), promise));
    }

    /**
     * Tells the peer that everything up to its end has arrived where it belongs. If that has failed, {@link #abort} instead.
     * Does not depend on our direction, which may go on.
     *
     * @return completes when it has reached the network; fails if the stream has failed, or with an
     *     {@link IllegalStateException} if the peer has not ended its direction, or it is acknowledged already
     * @throws IllegalStateException if the handler was not added to a pipeline
     */
    public ChannelFuture acknowledge() {
        return control((stream, ctx, promise) -> {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(stream.acknowledge()), promise);
            if (stream.isComplete() && (!inTurn || inputEnded)) {
                closeAfter(ctx, promise);
            }
        });
    }

    /**
     * Returns what tells that the peer has everything that was written, up to {@link #shutdownOutput}: only this proves it.
     *
     * @return the same object for each stream; completes at the acknowledgement of the peer, and fails if the stream fails before
     * @throws IllegalStateException if the handler was not added to a pipeline
     */
    public Future<Void> acknowledged() {
        Promise<Void> promise = acknowledged;
        if (promise == null) {
            throw notAdded();
        }
        return promise;
    }

    /**
     * Ends both directions at once. The peer learns code and reason; data on their way are lost. Then drops what the peer still
     * sends, until it has closed the connection too or for a second at most, and closes the channel: a reset could overtake
     * the abort otherwise.
     *
     * @param code {@link StreamAbortedException#FIRST_APPLICATION_CODE} to 65,535, with a meaning of the application
     * @param reason a short text for the logs of the peer; at most 255 bytes of its UTF-8 form are sent
     * @return completes when the abort has reached the network; fails if the stream has failed before, or with an
     *     {@link IllegalArgumentException} if the code is outside its range
     * @throws IllegalStateException if the handler was not added to a pipeline
     */
    public ChannelFuture abort(int code, String reason) {
        return control((stream, ctx, promise) -> {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(stream.abort(code, reason)), promise);
            acknowledgement().tryFailure(new IOException("the stream was aborted here: " + reason));
            promise.addListener(done -> {
                if (!done.isSuccess()) {
                    ctx.close();
                }
            });
            drain(ctx);
        });
    }

    /** Closes the channel when the peer has closed the connection; {@link #connectionEnded} learns of a half close. */
    private void drain(ChannelHandlerContext ctx) {
        closing = true;
        Future<?> timer = ctx.executor().schedule(() -> ctx.close(), ABORT_PATIENCE_SECONDS, TimeUnit.SECONDS);
        ctx.channel().closeFuture().addListener(closed -> timer.cancel(false));
        ctx.channel().config().setAutoRead(true);
    }

    /**
     * Sends a message without data, so that idle timeouts of the peer and of the network start again.
     *
     * @return completes when it has reached the network; fails if the stream has failed
     * @throws IllegalStateException if the handler was not added to a pipeline
     */
    public ChannelFuture sendKeepAlive() {
        return control(
                (stream, ctx, promise) -> ctx.writeAndFlush(Unpooled.wrappedBuffer(stream.keepAlive()), promise));
    }

    /** One of the frames without data. */
    private interface Control {
        void send(StreamLayer stream, ChannelHandlerContext ctx, ChannelPromise promise) throws IOException;
    }

    private ChannelFuture control(Control control) {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw notAdded();
        }
        ChannelPromise promise = ctx.newPromise();
        Runnable task = () -> {
            try {
                control.send(stream(), ctx, promise);
            } catch (IOException | RuntimeException e) {
                promise.tryFailure(e);
            }
        };
        if (ctx.executor().inEventLoop()) {
            task.run();
        } else {
            ctx.executor().execute(task);
        }
        return promise;
    }

    private static IllegalStateException notAdded() {
        return new IllegalStateException("the handler is in no pipeline yet; add it first");
    }

    /** Sends data in chunks. */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf data)) {
            Buffers.refuse(message, promise, new UnsupportedMessageTypeException(message, ByteBuf.class));
            return;
        }
        StreamLayer stream = stream();
        if (!data.isReadable() && !stream.isFailed() && !stream.isEndSent()) {
            data.release();
            promise.trySuccess();
            return;
        }
        try {
            stream.requireSendable();
        } catch (IOException | IllegalStateException e) {
            Buffers.refuse(data, promise, e);
            return;
        }
        if (data.readableBytes() <= maxChunkLength) {
            ctx.write(frame(ctx, data), promise.unvoid().addListener(failsUnlessWritten));
        } else {
            PromiseCombiner all = new PromiseCombiner(ctx.executor());
            while (data.isReadable()) {
                ByteBuf chunk = data.readRetainedSlice(Math.min(maxChunkLength, data.readableBytes()));
                all.add((Future<?>) ctx.write(frame(ctx, chunk)));
            }
            data.release();
            all.finish(promise.unvoid().addListener(failsUnlessWritten));
        }
    }

    /**
     * Ends the stream when data were not sent: whatever follows them would look complete without them. Their promise tells
     * why.
     */
    private void written(Future<?> write) {
        ChannelHandlerContext ctx = context;
        StreamLayer stream = stream();
        if (ctx == null || write.isSuccess() || closing || stream.isFailed()) {
            return;
        }
        IOException incomplete = new IOException("data were not sent: " + write.cause(), write.cause());
        try {
            ChannelFuture told = ctx.writeAndFlush(Unpooled.wrappedBuffer(stream.abortForClose()));
            acknowledgement().tryFailure(incomplete);
            // A session that has failed takes nothing more: it tells why, and closes the channel itself.
            if (!told.isDone() || told.isSuccess()) {
                closeAfter(ctx, told);
            }
        } catch (IOException failedBefore) {
            ctx.close();
        }
    }

    private static ByteBuf frame(ChannelHandlerContext ctx, ByteBuf data) {
        return ctx.alloc()
                .compositeBuffer(2)
                .addComponent(true, DATA_HEADER.retainedDuplicate())
                .addComponent(true, data);
    }

    /** Passes the data of the peer on, and reports its end and its acknowledgement. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf payload)) {
            ctx.fireChannelRead(message);
            return;
        }
        StreamLayer stream = stream();
        if (stream.isFailed()) {
            payload.release();
            return;
        }
        boolean passedOn = false;
        try {
            boolean endedBefore = stream.isEndReceived();
            ByteBuffer data = stream.receive(payload.nioBuffer());
            if (data.hasRemaining()) {
                passedOn = true;
                delivered = true;
                ctx.fireChannelRead(payload.skipBytes(payload.readableBytes() - data.remaining()));
            } else if (stream.isEndReceived() != endedBefore) {
                ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            } else if (stream.isAcknowledged()
                    && acknowledgement().trySuccess(null)
                    && !inTurn
                    && stream.isComplete()
                    && !closing) {
                closing = true;
                ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            }
        } catch (StreamAbortedException abort) {
            acknowledgement().tryFailure(abort);
            ctx.fireExceptionCaught(abort);
            closing = true;
            ctx.close();
        } catch (IOException violation) {
            refuse(ctx, stream, violation);
        } finally {
            if (!passedOn) {
                consumed = true;
                payload.release();
            }
        }
    }

    /** Reads on by itself after frames without data: an application that has asked for a read waits for what it brings. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (consumed && !delivered && !ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
        consumed = false;
        delivered = false;
        ctx.fireChannelReadComplete();
    }

    private void refuse(ChannelHandlerContext ctx, StreamLayer stream, IOException violation) {
        acknowledgement().tryFailure(violation);
        byte[] abort;
        try {
            abort = stream.abortForViolation(String.valueOf(violation.getMessage()));
        } catch (IOException failedBefore) {
            ctx.close();
            return;
        }
        ChannelFuture told = ctx.writeAndFlush(Unpooled.wrappedBuffer(abort));
        ctx.fireExceptionCaught(violation);
        closeAfter(ctx, told);
    }

    /** A half close of the network is not an end of the stream. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            connectionEnded(ctx);
            StreamLayer stream = stream();
            boolean over = inTurn && (stream.isBetweenStreams() || stream.isComplete());
            if (over || stream.isFailed()) {
                ctx.close();
            }
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    /** Reports a stream that was cut off. */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        connectionEnded(ctx);
        acknowledgement().tryFailure(new ClosedChannelException());
        ctx.fireChannelInactive();
    }

    private void connectionEnded(ChannelHandlerContext ctx) {
        StreamLayer stream = stream();
        if (stream.isFailed() || closing) {
            return;
        }
        try {
            stream.connectionEnded();
        } catch (IOException truncated) {
            closing = true;
            acknowledgement().tryFailure(truncated);
            ctx.fireExceptionCaught(truncated);
            ctx.close();
        }
    }

    /** Closes the channel; tells the peer first if the stream is incomplete. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        StreamLayer stream = stream();
        SecureSessionHandler session = ctx.pipeline().get(SecureSessionHandler.class);
        boolean established = session != null && session.session().isPresent();
        if (closing || stream.isBetweenStreams() || stream.isSettled() || stream.isFailed() || !established) {
            closing = true;
            ctx.close(promise);
            return;
        }
        closing = true;
        try {
            ChannelFuture told = ctx.writeAndFlush(Unpooled.wrappedBuffer(stream.abortForClose()));
            whenDone(ctx, told, () -> ctx.close(promise));
        } catch (IOException failedBefore) {
            ctx.close(promise);
        }
    }

    private void closeAfter(ChannelHandlerContext ctx, ChannelFuture last) {
        closing = true;
        whenDone(ctx, last, ctx::close);
    }

    private static void whenDone(ChannelHandlerContext ctx, ChannelFuture last, Runnable then) {
        if (last.isDone()) {
            then.run();
            return;
        }
        Future<?> timer = ctx.executor().schedule(then, ABORT_PATIENCE_SECONDS, TimeUnit.SECONDS);
        last.addListener(done -> {
            if (timer.cancel(false)) {
                then.run();
            }
        });
    }

    private Promise<Void> acknowledgement() {
        Promise<Void> promise = acknowledged;
        if (promise == null) {
            throw new AssertionError("a handler in no pipeline");
        }
        return promise;
    }

    private StreamLayer stream() {
        StreamLayer stream = layer;
        if (stream == null) {
            throw new AssertionError("a handler in no pipeline");
        }
        return stream;
    }
}

package dev.securesession.http;

import dev.securesession.internal.base.Source;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one connection, one after the other; runs on the event loop of its channel.
 *
 * <pre>
 *   IDLE --head--&gt; READING --end of body--&gt; ANSWERING --answer--&gt; RESPONDING --sent, body over--&gt; IDLE
 *     |               |                                              ^
 *     +---------------+---------------- refusal ---------------------+          any --close--&gt; CLOSED
 * </pre>
 *
 * <p>A request that arrives before the response to the previous one is sent waits, and nothing more is read meanwhile. A
 * {@link NettyHttpGate} in front of the codec sees to it.
 */
final class NettyHttpConnection extends ChannelInboundHandlerAdapter {
    private static final long MAX_DISCARDED_LENGTH = 64 * 1024;

    private final HttpFront front;
    private final String path;
    private final Executor executor;
    private final NettyHttpConnections connections;
    private final long transferNanos;
    private final long headNanos;
    private final long idleNanos;
    private final Deque<Object> waiting = new ArrayDeque<>();

    private Phase phase = Phase.IDLE;
    private @Nullable Visit visit;
    private @Nullable Future<?> deadline;
    private @Nullable ChannelHandlerContext gate;
    private long bodyLeft;
    private int headLength;
    private int countedHeadLength;
    private boolean keepsAlive;
    private boolean bodyEnded;
    private boolean sent;
    private boolean draining;
    private long discarded;

    NettyHttpConnection(HttpFront front, String path, Executor executor, NettyHttpConnections connections) {
        this.front = front;
        this.path = path;
        this.executor = executor;
        this.connections = connections;
        this.transferNanos = front.options.transferTimeout().toNanos();
        this.headNanos = front.options.headTimeout().toNanos();
        this.idleNanos = front.options.connectionIdleTimeout().toNanos();
    }

    private enum Phase {
        IDLE,
        READING,
        ANSWERING,
        RESPONDING,
        CLOSED
    }

    /** A request and what it holds of the server's limits. */
    private final class Visit {
        final RequestHead head;
        final String source;
        final Admission.Place place;

        @Nullable
        RequestBody body;

        Visit(ChannelHandlerContext ctx, RequestHead head, String source) {
            this.head = head;
            this.source = source;
            this.place = front.enter(head, source, () -> displaceLater(ctx, this));
            this.body = front.bodyOf(head, place);
        }

        RequestBody body() {
            if (body == null) {
                throw new AssertionError("a body that was taken");
            }
            return body;
        }

        void end() {
            place.leave();
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ChannelHandlerContext codec = ctx.pipeline().context(HttpServerCodec.class);
        if (codec == null) {
            throw new IllegalStateException("no HttpServerCodec in the pipeline; add one in front of this handler");
        }
        NettyHttpGate added = new NettyHttpGate(this);
        ctx.pipeline().addBefore(codec.name(), null, added);
        gate = ctx.pipeline().context(added);
        if (ctx.channel().isActive()) {
            open(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        open(ctx);
        ctx.fireChannelActive();
    }

    private void open(ChannelHandlerContext ctx) {
        limit(ctx, idleNanos);
        connections.open(ctx.channel(), sourceOf(ctx.channel().remoteAddress()));
    }

    /** Tells whether more bytes are of use now: for a head, or for the body of the current request. */
    boolean wantsBytes() {
        return phase == Phase.IDLE || (phase != Phase.CLOSED && !bodyEnded);
    }

    boolean isClosed() {
        return phase == Phase.CLOSED;
    }

    /** Returns how much of the body is missing; 0 if that is not known. */
    long bodyLeft() {
        return bodyLeft;
    }

    /** Notes that bytes go to the codec. */
    void passes(int length) {
        if (phase == Phase.IDLE) {
            headLength += length;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object part) {
        waiting.add(part);
        drain(ctx);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        countHead(ctx);
        ctx.fireChannelReadComplete();
    }

    /** Starts the time of a head when its first bytes have arrived, and counts what the codec holds of it. */
    private void countHead(ChannelHandlerContext ctx) {
        if (phase == Phase.IDLE && headLength > countedHeadLength) {
            if (countedHeadLength == 0) {
                limit(ctx, headNanos);
            }
            connections.headBytes(ctx.channel(), headLength - countedHeadLength);
            countedHeadLength = headLength;
        }
    }

    /** Handles the parts that have arrived, up to the end of the current request. */
    private void drain(ChannelHandlerContext ctx) {
        if (draining) {
            // A response was sent while a part is being handled: the loop below goes on with the next one.
            return;
        }
        draining = true;
        try {
            while (phase == Phase.IDLE || !bodyEnded || phase == Phase.CLOSED) {
                Object part = waiting.poll();
                if (part == null) {
                    break;
                }
                try {
                    handle(ctx, part);
                } finally {
                    ReferenceCountUtil.release(part);
                }
            }
        } finally {
            draining = false;
        }
        boolean mayRead = phase == Phase.IDLE || !bodyEnded;
        if (phase != Phase.CLOSED && ctx.channel().config().isAutoRead() != mayRead) {
            ctx.channel().config().setAutoRead(mayRead);
        }
    }

    private void handle(ChannelHandlerContext ctx, Object part) {
        if (phase == Phase.IDLE && part instanceof HttpRequest request) {
            begin(ctx, request);
        }
        if (part instanceof HttpContent content) {
            bodyLeft = Math.max(0, bodyLeft - content.content().readableBytes());
        }
        if (phase == Phase.READING && part instanceof HttpContent content) {
            add(ctx, content);
        } else if (phase == Phase.RESPONDING && part instanceof HttpContent content) {
            discard(ctx, content);
        }
    }

    private void begin(ChannelHandlerContext ctx, HttpRequest request) {
        headLength = 0;
        countedHeadLength = 0;
        bodyLeft = Math.max(0, HttpUtil.getContentLength(request, 0L));
        connections.works(ctx.channel());
        keepsAlive = HttpUtil.isKeepAlive(request) && HttpVersion.HTTP_1_1.equals(request.protocolVersion());
        bodyEnded = false;
        discarded = 0;
        boolean isHttp = request.decoderResult().isSuccess();
        RequestHead head = isHttp
                ? front.check(
                        below(request.uri()),
                        request.method().name(),
                        request.headers().get(Token.HEADER))
                : RequestHead.refused(Status.BAD_MESSAGE);
        visit = new Visit(ctx, head, sourceOf(ctx.channel().remoteAddress()));
        if (!isHttp) {
            refuseAndClose(ctx, head.status);
            return;
        }
        if (head.status != Status.OK) {
            refuse(ctx, request, head.status);
            return;
        }
        phase = Phase.READING;
        limit(ctx, front.transferTimeout(head).toNanos());
        if (HttpUtil.is100ContinueExpected(request)) {
            ctx.writeAndFlush(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
        }
    }

    /** Refuses a request by its head; what it sends nevertheless is discarded. */
    private void refuse(ChannelHandlerContext ctx, HttpRequest request, int status) {
        if (HttpUtil.is100ContinueExpected(request)) {
            // Whether the body follows now is the client's choice, so the end of the request is not known.
            refuseAndClose(ctx, status);
        } else {
            respond(ctx, Response.refusal(status));
        }
    }

    private void refuseAndClose(ChannelHandlerContext ctx, int status) {
        keepsAlive = false;
        bodyEnded = true;
        respond(ctx, Response.refusal(status));
    }

    private String below(String uri) {
        try {
            String requested = new URI(uri).getPath();
            return requested != null && requested.startsWith(path + "/") ? requested.substring(path.length()) : "";
        } catch (URISyntaxException e) {
            return "";
        }
    }

    private static String sourceOf(SocketAddress remote) {
        return remote instanceof InetSocketAddress inet && inet.getAddress() != null
                ? Source.of(inet.getAddress().getAddress())
                : String.valueOf(remote);
    }

    private void add(ChannelHandlerContext ctx, HttpContent content) {
        Visit current = visit();
        if (content.decoderResult().isFailure()) {
            refuseAndClose(ctx, Status.BAD_MESSAGE);
            return;
        }
        bodyEnded = content instanceof LastHttpContent;
        ByteBuf part = content.content();
        for (ByteBuffer bytes : part.nioBuffers()) {
            int status = current.body().add(bytes);
            if (status != Status.OK) {
                respond(ctx, Response.refusal(status));
                return;
            }
        }
        if (bodyEnded) {
            int status = current.body().complete();
            if (status == Status.OK) {
                answer(ctx, current);
            } else {
                respond(ctx, Response.refusal(status));
            }
        }
    }

    /** Called by any thread, when a request that waits for its client has to make room for others. */
    private void displaceLater(ChannelHandlerContext ctx, Visit displaced) {
        try {
            ctx.executor().execute(() -> {
                if (visit == displaced) {
                    ctx.close();
                }
            });
        } catch (RejectedExecutionException e) {
            // The event loop was shut down, and with it the connection is closed.
        }
    }

    private void discard(ChannelHandlerContext ctx, HttpContent content) {
        discarded += content.content().readableBytes();
        if (discarded > MAX_DISCARDED_LENGTH) {
            ctx.close();
        } else if (content instanceof LastHttpContent) {
            bodyEnded = true;
            settle(ctx);
        }
    }

    private void answer(ChannelHandlerContext ctx, Visit current) {
        phase = Phase.ANSWERING;
        stopLimit();
        byte[] message = current.body().bytes();
        current.body = null;
        try {
            executor.execute(() -> runAnswer(ctx, current, message));
        } catch (RejectedExecutionException e) {
            respond(ctx, Response.refusal(Status.NO_ROOM));
        }
    }

    /** Runs on the executor. */
    private void runAnswer(ChannelHandlerContext ctx, Visit current, byte[] message) {
        @Nullable Response response = null;
        try {
            response = front.answer(current.head, current.source, current.place, message);
        } finally {
            Response made = response;
            try {
                ctx.executor().execute(() -> answered(ctx, current, made));
            } catch (RejectedExecutionException e) {
                // The event loop was shut down and nobody else uses the request any more.
                current.end();
            }
        }
    }

    private void answered(ChannelHandlerContext ctx, Visit current, @Nullable Response response) {
        if (phase != Phase.ANSWERING) {
            // The connection was closed meanwhile; only now nothing is held for the request any more.
            current.end();
        } else if (response == null) {
            endVisit();
            phase = Phase.CLOSED;
            ctx.close();
        } else {
            respond(ctx, response);
        }
    }

    private void respond(ChannelHandlerContext ctx, Response made) {
        phase = Phase.RESPONDING;
        Visit current = visit();
        current.body = null;
        Response response = front.respond(current.place, made, ctx.channel().remoteAddress());
        sent = false;
        if (!bodyEnded && bodyLeft > MAX_DISCARDED_LENGTH) {
            // The connection is going to be closed; its client must not send another request on it.
            keepsAlive = false;
        }
        limit(ctx, transferNanos);
        FullHttpResponse http = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(response.status),
                Unpooled.wrappedBuffer(response.message));
        http.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.message.length);
        if (response.status == Status.OK) {
            http.headers().set(HttpHeaderNames.CONTENT_TYPE, "application/octet-stream");
        }
        if (response.status == Status.WRONG_METHOD) {
            http.headers().set(HttpHeaderNames.ALLOW, "POST");
        }
        if (response.token != null) {
            http.headers().set(Token.HEADER, response.token);
        }
        HttpUtil.setKeepAlive(http, keepsAlive);
        ctx.writeAndFlush(http).addListener(written -> {
            if (written.isSuccess()) {
                sent = true;
                settle(ctx);
            } else {
                ctx.close();
            }
        });
    }

    /** Ends the request, once its response is sent, and goes on to the next one, once its body is over. */
    private void settle(ChannelHandlerContext ctx) {
        if (phase != Phase.RESPONDING || !sent) {
            return;
        }
        if (!bodyEnded) {
            return;
        }
        endVisit();
        if (!keepsAlive) {
            ctx.close();
            return;
        }
        phase = Phase.IDLE;
        connections.waits(ctx.channel());
        limit(ctx, idleNanos);
        drain(ctx);
        if (gate != null && !draining) {
            ((NettyHttpGate) gate.handler()).passHeld(gate);
            countHead(ctx);
        }
    }

    private Visit visit() {
        if (visit == null) {
            throw new AssertionError("no request");
        }
        return visit;
    }

    private void endVisit() {
        if (visit != null) {
            visit.end();
            visit = null;
        }
    }

    /** Closes the connection unless its phase changes within a time. */
    private void limit(ChannelHandlerContext ctx, long nanos) {
        stopLimit();
        deadline = ctx.executor().schedule(() -> ctx.close(), nanos, TimeUnit.NANOSECONDS);
    }

    private void stopLimit() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end(ctx);
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        end(ctx);
    }

    private void end(ChannelHandlerContext ctx) {
        stopLimit();
        connections.closed(ctx.channel());
        if (phase == Phase.ANSWERING) {
            // The executor still works on the request, and ends it.
            visit = null;
        } else {
            endVisit();
        }
        phase = Phase.CLOSED;
        for (Object part = waiting.poll(); part != null; part = waiting.poll()) {
            ReferenceCountUtil.release(part);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // A connection that broke, most of the time. Its client learns nothing from the reason.
        ctx.close();
    }
}

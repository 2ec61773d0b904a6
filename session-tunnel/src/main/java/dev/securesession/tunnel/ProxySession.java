package dev.securesession.tunnel;

import dev.securesession.SecureSession;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.transport.StreamAbortedException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One session of a proxy, which carries one connection after another for a limited time (docs/tunnel-protocol.md TN-9).
 *
 * <p>While it carries one, it passes everything on to the relay. A spare session is closed when data, an end or a failure
 * arrives: a server sends none before a request. Belongs to its event loop; {@link #closeSpare} may be called by any thread.
 */
final class ProxySession extends ChannelInboundHandlerAdapter {
    private final SpareSessions sessions;
    private final long generation;
    private final Duration lifetime;

    private @Nullable ChannelHandlerContext context;
    private long begunNanos;
    private int number = 1;
    private boolean spare;
    private @Nullable Future<?> expiry;

    /**
     * @param lifetime how long after its begin the session may be given another connection
     */
    ProxySession(SpareSessions sessions, Duration lifetime) {
        this.sessions = sessions;
        this.generation = sessions.generation();
        this.lifetime = lifetime;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        begunNanos = ctx.executor().ticker().nanoTime();
    }

    long generation() {
        return generation;
    }

    boolean isOn(EventLoop loop) {
        return context().channel().eventLoop() == loop;
    }

    Channel channel() {
        return context().channel();
    }

    /** Returns the number of the connection that it carries, from 1. */
    int number() {
        return number;
    }

    /** Returns the session; empty before the end of the handshake. */
    Optional<SecureSession> established() {
        return context().pipeline().get(SecureSessionHandler.class).session();
    }

    /** Becomes spare when its connection is complete, or closes. */
    void becomeSpare() {
        ChannelHandlerContext ctx = context();
        long left = begunNanos + lifetime.toNanos() - ctx.executor().ticker().nanoTime();
        if (left <= 0 || !channel().isActive() || !sessions.add(this)) {
            ctx.channel().close();
            return;
        }
        spare = true;
        expiry = ctx.executor().schedule(this::closeIfSpare, Math.min(left, MAX_SPARE_NANOS), TimeUnit.NANOSECONDS);
    }

    /** Carries another connection; it was {@linkplain SpareSessions#acquire acquired}. */
    void beginConnection() {
        noLongerSpare();
        number++;
    }

    /** Closes a spare session. */
    void closeSpare() {
        context().executor().execute(this::closeIfSpare);
    }

    private void closeIfSpare() {
        if (spare) {
            sessions.remove(this);
            noLongerSpare();
            channel().close();
        }
    }

    private void noLongerSpare() {
        spare = false;
        if (expiry != null) {
            expiry.cancel(false);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (spare) {
            ReferenceCountUtil.release(message);
            closeIfSpare();
        } else {
            ctx.fireChannelRead(message);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (spare) {
            closeIfSpare();
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closeIfSpare();
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (spare) {
            closeIfSpare();
            return;
        }
        if (number > 1 && !(cause instanceof StreamAbortedException)) {
            // The way to the server may have been lost while nobody used it: the others are no better.
            sessions.clear();
        }
        ctx.fireExceptionCaught(cause);
    }

    private ChannelHandlerContext context() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new AssertionError("a session without a channel");
        }
        return ctx;
    }

    // Half as long as a server waits for a request.
    private static final long MAX_SPARE_NANOS = TimeUnit.MINUTES.toNanos(1);
}

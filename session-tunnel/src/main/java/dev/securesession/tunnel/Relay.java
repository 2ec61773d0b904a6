package dev.securesession.tunnel;

import dev.securesession.HandshakeException;
import dev.securesession.SecureSession;
import dev.securesession.netty.HandshakeCompletion;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureStreamHandler;
import dev.securesession.transport.StreamAbortedException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Moves bytes between a stream in a session and a plain connection, until both directions have ended or one end fails
 * (docs/tunnel-protocol.md TN-3 to TN-6).
 *
 * <p>An end of one direction becomes a half close on the other side, and is acknowledged to the peer then; anything else
 * becomes an abort with a reason toward the peer, and a reset toward the program. What cannot be written is not read.
 * Belongs to the event loop that both channels share; {@link #abort} may be called by any thread.
 */
final class Relay {
    private final Channel session;
    private final SecureStreamHandler stream;
    private final Channel plain;
    private final TunnelConnection facts;
    private final Relays.Place place;
    private final AtomicLong fromPlain;
    private final AtomicLong toPlain;
    private final TunnelOptions options;
    private final Events events;
    private final Runnable afterwards;
    private final Arrivals arrivals = new Arrivals();
    private final SessionEnd sessionEnd = new SessionEnd();

    private boolean opened;
    private boolean finished;
    private boolean sessionDone;
    private boolean plainDone;
    private long lastPayloadNanos;
    private long lastSentNanos;
    private long lastArrivalNanos;
    private @Nullable Future<?> timer;

    /** Observes a relay: {@code opened} once its session is established, {@code closed} once at its end. */
    interface Events {
        void opened(Relay relay);

        void closed(Relay relay, TunnelEnd end);
    }

    private Relay(
            Channel session,
            Channel plain,
            TunnelConnection facts,
            Relays.Place place,
            AtomicLong fromPlain,
            AtomicLong toPlain,
            TunnelOptions options,
            Events events,
            Runnable afterwards) {
        this.session = session;
        this.stream = session.pipeline().get(SecureStreamHandler.class);
        this.plain = plain;
        this.facts = facts;
        this.place = place;
        this.fromPlain = fromPlain;
        this.toPlain = toPlain;
        this.options = options;
        this.events = events;
        this.afterwards = afterwards;
        this.lastPayloadNanos = now();
        this.lastSentNanos = lastPayloadNanos;
        this.lastArrivalNanos = lastPayloadNanos;
    }

    /**
     * Makes the relay of a server, whose plain end is the target.
     *
     * @param afterwards takes the session back when the connection is complete (TN-9); otherwise its channel is closed
     */
    static Relay toTarget(
            Channel session,
            Channel target,
            TunnelConnection facts,
            Relays.Place place,
            TunnelOptions options,
            Events events,
            Runnable afterwards) {
        return new Relay(
                session, target, facts, place, facts.fromTarget(), facts.toTarget(), options, events, afterwards);
    }

    /**
     * Makes the relay of a proxy, whose plain end is a client.
     *
     * @param afterwards takes the session back when the connection is complete (TN-9); otherwise its channel is closed
     */
    static Relay fromClient(
            Channel session,
            Channel client,
            TunnelConnection facts,
            Relays.Place place,
            TunnelOptions options,
            Events events,
            Runnable afterwards) {
        return new Relay(
                session, client, facts, place, facts.toTarget(), facts.fromTarget(), options, events, afterwards);
    }

    TunnelConnection facts() {
        return facts;
    }

    Relays.Place place() {
        return place;
    }

    void noteOpened() {
        opened = true;
    }

    boolean wasOpened() {
        return opened;
    }

    /** Tells whether the peer is still known by its key, and may reach the target. */
    boolean isStillAllowed(TunnelPeers peers) {
        SecureSessionHandler handler = session.pipeline().get(SecureSessionHandler.class);
        SecureSession established = handler == null ? null : handler.session().orElse(null);
        return established != null
                && TunnelServer.isKnown(peers, established)
                && peers.mayReach(facts.peer(), facts.target());
    }

    ChannelHandler sessionEnd() {
        return sessionEnd;
    }

    ChannelHandler plainEnd() {
        return new PlainEnd();
    }

    /** Begins to move bytes in both directions. */
    void start() {
        if (finished) {
            // The program has failed while the first bytes were written.
            return;
        }
        long checks = checkNanos();
        if (checks > 0) {
            timer = session.eventLoop().scheduleWithFixedDelay(this::check, checks, checks, TimeUnit.NANOSECONDS);
        }
        stream.acknowledged().addListener(done -> {
            // A failure arrives as an exception of the channel.
            if (done.isSuccess()) {
                sessionDone = true;
                completeIfDone();
            }
        });
        session.pipeline().addFirst(arrivals);
        readSession(true);
        plain.config().setAutoRead(true);
    }

    /** Ends a relay whose start has thrown an exception, most likely because the heap is full. Nothing else would end it. */
    void failedToStart(Throwable cause) {
        peerFailed("the connection cannot be relayed: " + sentence(cause));
    }

    /** Ends both directions, and tells the peer why. */
    void abort(TunnelException.Code code, String reason) {
        if (session.eventLoop().inEventLoop()) {
            fail(code, reason);
        } else {
            session.eventLoop().execute(() -> fail(code, reason));
        }
    }

    /** Notes that the peer is there; a keep-alive counts too. */
    private final class Arrivals extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            lastArrivalNanos = now();
            ctx.fireChannelRead(message);
        }
    }

    // ---- from the plain connection to the session

    private final class PlainEnd extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            if (finished) {
                bytes.release();
                return;
            }
            fromPlain.addAndGet(bytes.readableBytes());
            lastPayloadNanos = now();
            lastSentNanos = lastPayloadNanos;
            session.write(bytes);
            if (!session.isWritable()) {
                plain.config().setAutoRead(false);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            session.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (!finished) {
                readSession(plain.isWritable());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent && !finished) {
                stream.shutdownOutput();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            programFailed("the program has closed its connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            programFailed("the connection of the program failed: " + sentence(cause));
        }
    }

    /** Switches reading from the peer on or off; switching it on restarts the peer timeout. */
    private void readSession(boolean on) {
        if (on && !session.config().isAutoRead()) {
            lastArrivalNanos = now();
        }
        session.config().setAutoRead(on);
    }

    // ---- from the session to the plain connection

    private final class SessionEnd extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            fromSession((ByteBuf) message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            plain.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (!finished) {
                plain.config().setAutoRead(session.isWritable());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                sessionInputEnded();
            } else if (event instanceof HandshakeCompletion done
                    && done.session().isPresent()
                    && !finished) {
                facts.carriedBy(done.session().get(), 1);
                events.opened(Relay.this);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            // A stream that was cut off has been reported before, with more to say.
            peerFailed("the connection to the peer was closed");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            peerFailed(
                    cause instanceof StreamAbortedException abort && abort.isByPeer()
                            ? "the peer aborted: "
                                    + (abort.reason().isEmpty() ? "code " + abort.code() : abort.reason())
                            : sentence(cause));
        }
    }

    /** Writes bytes that came out of the session. */
    void fromSession(ByteBuf bytes) {
        if (finished) {
            bytes.release();
            return;
        }
        int count = bytes.readableBytes();
        lastPayloadNanos = now();
        plain.write(bytes).addListener(done -> {
            if (done.isSuccess()) {
                toPlain.addAndGet(count);
            } else {
                takesNoMore(done.cause());
            }
        });
        if (!plain.isWritable()) {
            readSession(false);
        }
    }

    /** Passes on the end of the peer's direction, and acknowledges it: the system has everything for the program now. */
    void sessionInputEnded() {
        if (finished) {
            return;
        }
        plain.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            if (!finished) {
                ((DuplexChannel) plain).shutdownOutput().addListener(shut -> {
                    if (shut.isSuccess()) {
                        acknowledge();
                    } else {
                        takesNoMore(shut.cause());
                    }
                });
            }
        });
    }

    private void acknowledge() {
        if (!finished) {
            stream.acknowledge().addListener(sent -> {
                if (sent.isSuccess()) {
                    plainDone = true;
                    completeIfDone();
                }
            });
        }
    }

    private void takesNoMore(Throwable cause) {
        programFailed("the program takes no more bytes: " + sentence(cause));
    }

    /** The peer counts what it has sent; only this side knows what was written. */
    private void programFailed(String what) {
        fail(TunnelException.Code.RESET, what + "; " + toPlain + " bytes were written to it");
    }

    private void completeIfDone() {
        if (sessionDone && plainDone && !finished) {
            finish(TunnelEnd.COMPLETE, () -> {
                linger(plain, -1);
                plain.close();
            });
            leaveSession();
        }
    }

    /** Lets the session carry another connection, unless it has ended with this one. */
    private void leaveSession() {
        if (!session.isActive()) {
            return;
        }
        try {
            session.pipeline().remove(arrivals);
            session.pipeline().remove(sessionEnd);
            session.config().setAutoRead(true);
            stream.beginNext();
            afterwards.run();
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    private void peerFailed(String reason) {
        if (!finished) {
            finish(TunnelEnd.failed(reason), () -> {
                reset(plain);
                session.close();
            });
        }
    }

    private void fail(TunnelException.Code code, String reason) {
        if (!finished) {
            finish(TunnelEnd.failed(reason), () -> {
                stream.abort(code.number(), reason);
                reset(plain);
            });
        }
    }

    /** Closes first and tells then: nothing stays open, whatever the listener does. */
    private void finish(TunnelEnd end, Runnable closing) {
        finished = true;
        if (timer != null) {
            timer.cancel(false);
        }
        try {
            closing.run();
        } finally {
            events.closed(this, end);
        }
    }

    /**
     * Makes every end of a program's connection a reset, even that of a process that is killed, until both directions are
     * complete: nothing that was cut off must look like an end.
     */
    static void resetUnlessComplete(Channel plain) {
        linger(plain, 0);
    }

    /** Lets the program see that its connection is incomplete. */
    static void reset(Channel plain) {
        linger(plain, 0);
        plain.close();
    }

    /** Sets for how long closing waits: 0 makes it a reset, and a negative time an end. */
    private static void linger(Channel plain, int seconds) {
        if (plain instanceof SocketChannel tcp && tcp.isOpen()) {
            try {
                tcp.config().setSoLinger(seconds);
            } catch (ChannelException e) {
                // The program has reset the connection itself.
            }
        }
    }

    // ---- time

    private long now() {
        return session.eventLoop().ticker().nanoTime();
    }

    private long checkNanos() {
        long keepAlive = options.keepAlive().toNanos();
        long idle = options.idleTimeout().toNanos();
        return keepAlive == 0 ? idle / 2 : idle == 0 ? keepAlive / 2 : Math.min(keepAlive, idle) / 2;
    }

    private void check() {
        long now = now();
        long idle = options.idleTimeout().toNanos();
        if (idle > 0 && now - lastPayloadNanos >= idle) {
            fail(
                    TunnelException.Code.IDLE,
                    "no payload moved for " + options.idleTimeout().toSeconds() + " s");
        } else if (options.peerTimeout().toNanos() > 0
                && session.config().isAutoRead()
                && now - lastArrivalNanos >= options.peerTimeout().toNanos()) {
            fail(
                    TunnelException.Code.IDLE,
                    "nothing has arrived from the peer for "
                            + options.peerTimeout().toSeconds() + " s");
        } else if (options.keepAlive().toNanos() > 0
                // What waits for the network keeps the connection alive; keep-alives would pile up behind it.
                && session.isWritable()
                && now - lastSentNanos >= options.keepAlive().toNanos() / 2) {
            lastSentNanos = now;
            stream.sendKeepAlive();
        }
    }

    static String sentence(Throwable cause) {
        String text = cause.getMessage();
        return text == null || text.isEmpty()
                ? cause.getClass().getSimpleName()
                : cause instanceof IOException || cause instanceof HandshakeException
                        ? text
                        : cause.getClass().getSimpleName() + ": " + text;
    }
}

package dev.securesession.tunnel;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.netty.HandshakeCompletion;
import dev.securesession.netty.SecureStreamHandler;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * At the server: waits for the peer's request, connects the target, and makes way for the relay (docs/tunnel-protocol.md
 * TN-1 to TN-3).
 *
 * <p>When the connection is complete, a new handler waits for the next request (TN-9). Until that arrives, the session is
 * spare: it takes no place of a connection, and may be closed at any time.
 */
final class TargetSelection extends ChannelInboundHandlerAdapter {
    /** What a server knows about its targets and its peers. */
    interface Targets {
        /** Returns the address of a target that the peer of a session may reach now. */
        TunnelAddress find(SecureSession session, String target) throws TunnelException;

        /** Tells whether a session may carry another connection: its peer and the identity of this end are the same still. */
        boolean mayContinue(SecureSession session);

        /** Tells whether the peer of a connection may use it now. */
        boolean isStillAllowed(Relay relay);
    }

    private final Endpoints endpoints;
    private final Relays relays;
    private final Targets targets;
    private final TunnelOptions options;
    private final long closings;

    private @Nullable SecureSession session;
    private @Nullable SocketAddress remote;
    private @Nullable CompositeByteBuf arrived;
    private Relays.@Nullable Place place;
    private @Nullable Future<Channel> connecting;
    private @Nullable Relay opened;
    private @Nullable Future<?> deadline;
    private long begunNanos;
    private int number = 1;
    private boolean spare;
    private volatile boolean requested;
    private boolean inputEnded;
    private boolean over;
    private @Nullable ChannelHandlerContext context;

    TargetSelection(Endpoints endpoints, Relays relays, Targets targets, TunnelOptions options) {
        this.endpoints = endpoints;
        this.relays = relays;
        this.targets = targets;
        this.options = options;
        this.closings = relays.closings();
    }

    /** Waits for the next request in the same session. */
    private TargetSelection(TargetSelection before) {
        this(before.endpoints, before.relays, before.targets, before.options);
        session = before.session;
        remote = before.remote;
        number = before.number + 1;
        spare = true;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        begunNanos = ctx.executor().ticker().nanoTime();
    }

    /** Lets a new handler wait for the next request. */
    private void becomeSpare(ChannelHandlerContext ctx) {
        TargetSelection next = new TargetSelection(this);
        ctx.channel().pipeline().addLast(next);
        next.awaitRequest(closings);
    }

    /**
     * @param closingsBefore how often the connections of a peer were closed when the last connection began
     */
    private void awaitRequest(long closingsBefore) {
        deadline = context().executor().schedule(this::closeIfSpare, MAX_SPARE_SECONDS, TimeUnit.SECONDS);
        // In this order: whoever replaces or closes something meanwhile finds the session, or it finds that out.
        if (!relays.addSpare(this)
                || relays.closings() != closingsBefore
                || !targets.mayContinue(Objects.requireNonNull(session))) {
            closeIfSpare();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        // Unknown once the channel is closed.
        remote = ctx.channel().remoteAddress();
        ctx.fireChannelActive();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof HandshakeCompletion done && done.session().isPresent()) {
            established(ctx, done.session().get());
        } else if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            if (!requested && !over && arrived == null) {
                // A proxy that tests its way; its peer has proved its identity.
                giveUp();
                abort(ctx, TunnelException.Code.UNSUPPORTED, "no target was named");
            } else if (!requested) {
                refuse(
                        ctx,
                        TunnelException.Code.UNSUPPORTED,
                        new EOFException("the peer ended the stream before it named a target"));
            }
        }
    }

    /** Reserves a place, and starts the deadline of the request, for which the handshake has left the rest of their common time. */
    private void established(ChannelHandlerContext ctx, SecureSession made) {
        session = made;
        relays.addSelecting(this);
        try {
            place = relays.reserve(made.peer());
        } catch (TunnelException e) {
            refuse(ctx, e.code(), e);
            return;
        }
        long passed = ctx.executor().ticker().nanoTime() - begunNanos;
        deadline = ctx.executor()
                .schedule(
                        () -> refuse(
                                ctx,
                                TunnelException.Code.UNSUPPORTED,
                                new SocketTimeoutException("the peer has named no target within "
                                        + options.handshakeDeadline().toSeconds() + " s")),
                        options.handshakeDeadline().toNanos() - passed,
                        TimeUnit.NANOSECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        if (over) {
            bytes.release();
            return;
        }
        arrived = joined(ctx.alloc(), arrived, bytes);
        if (spare && !targets.mayContinue(Objects.requireNonNull(session))) {
            closeIfSpare();
            return;
        }
        if (spare) {
            noLongerSpare();
            begunNanos = ctx.executor().ticker().nanoTime();
            established(ctx, Objects.requireNonNull(session));
        }
        if (!requested && !over) {
            select(ctx);
        }
    }

    private void noLongerSpare() {
        if (spare) {
            spare = false;
            relays.removeSpare(this);
            cancelDeadline();
        }
    }

    /** Closes the session if it is spare. May be called by any thread. */
    void closeSpare() {
        onEventLoop(this::closeIfSpare);
    }

    private void closeIfSpare() {
        if (spare) {
            end();
            context().close();
        }
    }

    /** Ends the session if it is spare and one of those, and tells its peer why. May be called by any thread. */
    void revokeSpare(Predicate<SecureSession> which, String reason) {
        onEventLoop(() -> revokeIfSpare(which, reason));
    }

    private void revokeIfSpare(Predicate<SecureSession> which, String reason) {
        if (spare && which.test(Objects.requireNonNull(session))) {
            end();
            abort(context(), TunnelException.Code.REVOKED, reason);
        }
    }

    /** Returns the peer; only sessions that are established are asked. */
    PeerId peer() {
        return Objects.requireNonNull(session).peer();
    }

    private void onEventLoop(Runnable task) {
        context().executor().execute(task);
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(context, "in no pipeline");
    }

    /** Tells whether the target is being connected. */
    boolean isConnecting() {
        return requested;
    }

    /** Adds the next bytes to those before, in the same buffer. */
    static CompositeByteBuf joined(ByteBufAllocator allocator, @Nullable CompositeByteBuf before, ByteBuf next) {
        CompositeByteBuf all = before == null ? allocator.compositeBuffer() : before;
        return all.addComponent(true, next);
    }

    private void select(ChannelHandlerContext ctx) {
        SecureSession established = Objects.requireNonNull(session, "data before the end of the handshake");
        String name;
        TunnelAddress address;
        try {
            name = OpenRequest.decode(Objects.requireNonNull(arrived));
            if (name == null) {
                return;
            }
            address = targets.find(established, name);
        } catch (TunnelException e) {
            refuse(ctx, e.code(), e);
            return;
        }
        requested = true;
        cancelDeadline();
        ctx.channel().config().setAutoRead(false);
        TunnelConnection facts = new TunnelConnection(established.peer(), remote, name);
        facts.carriedBy(established, number);
        connect(ctx, facts, address);
    }

    private void connect(ChannelHandlerContext ctx, TunnelConnection facts, TunnelAddress address) {
        Future<Channel> attempt = endpoints.connect(ctx.channel().eventLoop(), address, new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                // The relay adds its handler when the connection is there; nothing is read before.
                Relay.resetUnlessComplete(channel);
            }
        });
        connecting = attempt;
        attempt.addListener(done -> {
            if (over || done.isCancelled()) {
                if (done.isSuccess()) {
                    attempt.getNow().close();
                }
            } else if (done.isSuccess()) {
                relay(ctx, facts, address, attempt.getNow());
            } else {
                unreachable(ctx, facts, address, done.cause());
            }
        });
    }

    /** Ends the session if it is one of this peer, or the connection that it carries by now. May be called by any thread. */
    void revoke(PeerId peer, String reason) {
        onEventLoop(() -> {
            revokeIfSpare(made -> made.peer().equals(peer), reason);
            SecureSession established = session;
            if (established == null || !established.peer().equals(peer)) {
                return;
            }
            if (opened != null) {
                opened.abort(TunnelException.Code.REVOKED, reason);
            } else if (!over) {
                refuse(
                        context(),
                        TunnelException.Code.REVOKED,
                        new TunnelException(TunnelException.Code.REVOKED, reason));
            }
        });
    }

    private void unreachable(
            ChannelHandlerContext ctx, TunnelConnection facts, TunnelAddress address, Throwable cause) {
        refuse(
                ctx,
                TunnelException.Code.UNREACHABLE,
                new TunnelException(
                        TunnelException.Code.UNREACHABLE,
                        "the target" + (facts.target().isEmpty() ? "" : " " + facts.target()) + " at " + address
                                + " cannot be reached for " + facts.peer() + ": " + Relay.sentence(cause)),
                "the target cannot be reached");
    }

    /** Makes way for the relay; whatever goes wrong ends both connections. */
    void relay(ChannelHandlerContext ctx, TunnelConnection facts, TunnelAddress address, Channel connected) {
        Relay relay = null;
        try {
            relay = Relay.toTarget(
                    ctx.channel(),
                    connected,
                    facts,
                    Objects.requireNonNull(place),
                    options,
                    relays,
                    () -> becomeSpare(ctx));
            over = true;
            opened = relay;
            relays.opened(relay);
            // Only then: closing a peer looks at these first, so it finds this connection in one of the two.
            relays.removeSelecting(this);
            // From here on replaced peers find this connection; those that were replaced while the target was
            // connecting did not.
            if (!targets.isStillAllowed(relay)) {
                relay.abort(TunnelException.Code.REVOKED, TunnelServer.REVOKED_REASON);
                end();
                return;
            }
            start(ctx, relay, address, connected);
        } catch (RuntimeException | Error e) {
            if (relay == null) {
                connected.close();
                unreachable(ctx, facts, address, e);
            } else {
                end();
                relay.failedToStart(e);
            }
        }
    }

    private void start(ChannelHandlerContext ctx, Relay relay, TunnelAddress address, Channel connected) {
        if (address.hasProxyProtocol()) {
            ProxyHeader.write(
                    connected,
                    remote,
                    ctx.channel().localAddress(),
                    relay.facts().peer());
        }
        connected.pipeline().addLast(relay.plainEnd());
        ctx.pipeline().addLast(relay.sessionEnd());
        ByteBuf first = arrived;
        arrived = null;
        if (first != null) {
            if (first.isReadable()) {
                relay.fromSession(first);
            } else {
                first.release();
            }
        }
        connected.flush();
        if (inputEnded) {
            relay.sessionInputEnded();
        }
        ctx.pipeline().remove(this);
        relay.start();
    }

    private void refuse(ChannelHandlerContext ctx, TunnelException.Code code, IOException cause) {
        refuse(ctx, code, cause, String.valueOf(cause.getMessage()));
    }

    /** Ends the connection; the peer learns less than the log where addresses of this side are concerned. */
    private void refuse(ChannelHandlerContext ctx, TunnelException.Code code, IOException cause, String toldToPeer) {
        if (over) {
            return;
        }
        giveUp();
        abort(ctx, code, toldToPeer);
        report(ctx, code.reason(), cause);
    }

    private static void abort(ChannelHandlerContext ctx, TunnelException.Code code, String toldToPeer) {
        SecureStreamHandler stream = ctx.pipeline().get(SecureStreamHandler.class);
        if (stream != null) {
            stream.abort(code.number(), toldToPeer);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (over) {
            return;
        }
        if (spare && cause instanceof SocketException) {
            closeIfSpare();
            return;
        }
        giveUp();
        report(ctx, reasonOfPeer(), cause);
        ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closeIfSpare();
        if (!over) {
            giveUp();
            report(ctx, reasonOfPeer(), new EOFException("the peer closed the connection before it named a target"));
        }
    }

    /** Ends the attempt from outside, while the target may be connecting. */
    private void giveUp() {
        releaseTarget();
        end();
    }

    /** Releases the place of the connection, and gives the target up, which may be connected by now. */
    private void releaseTarget() {
        if (place != null) {
            place.close();
        }
        if (connecting != null) {
            connecting.cancel(false);
        }
    }

    private void end() {
        over = true;
        noLongerSpare();
        relays.removeSelecting(this);
        cancelDeadline();
        ByteBuf unread = arrived;
        arrived = null;
        if (unread != null) {
            unread.release();
        }
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    /** Returns the reason for a failure of the peer before its request. */
    private TunnelRefusal.Reason reasonOfPeer() {
        return session == null ? TunnelRefusal.Reason.HANDSHAKE : TunnelRefusal.Reason.REQUEST;
    }

    private void report(ChannelHandlerContext ctx, TunnelRefusal.Reason reason, Throwable cause) {
        SecureSession established = session;
        relays.refused(
                remote != null ? remote : ctx.channel().remoteAddress(),
                reason,
                established == null ? null : HexFormat.of().formatHex(established.sessionId()),
                cause);
    }

    // Longer than a proxy keeps a session, so that usually the proxy closes it: a request that crosses our close fails.
    private static final int MAX_SPARE_SECONDS = 120;
}

package dev.securesession.netty;

import dev.securesession.Role;
import dev.securesession.transport.ConnectionOptions;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The deadline of a handshake and the idle and send timeouts after it, for one channel.
 *
 * <p>Belongs to the event loop of the channel.
 */
final class ChannelTimeouts {
    private final ConnectionOptions limits;
    private final Role role;
    private final ChannelHandlerContext context;
    private final BooleanSupplier awaitsKeys;
    private final Consumer<SocketTimeoutException> expired;
    private final long startNanos;

    private boolean receivedAny;
    private boolean over;
    private @Nullable Future<?> handshakeTimer;
    private @Nullable Future<?> idleTimer;
    private @Nullable Future<?> sendTimer;
    private long lastActivityNanos;
    private int unsentMessages;
    private long lastSentNanos;
    private @Nullable ChannelFutureListener sent;

    private ChannelTimeouts(
            ConnectionOptions limits,
            Role role,
            ChannelHandlerContext context,
            BooleanSupplier awaitsKeys,
            Consumer<SocketTimeoutException> expired) {
        this.limits = limits;
        this.role = role;
        this.context = context;
        this.awaitsKeys = awaitsKeys;
        this.expired = expired;
        this.startNanos = now();
    }

    /**
     * Starts the deadline of the handshake.
     *
     * @param awaitsKeys whether a look-up or an operation on another thread is what the handshake waits for
     * @param expired is called with what was awaited and for how long
     */
    static ChannelTimeouts start(
            ConnectionOptions limits,
            Role role,
            ChannelHandlerContext context,
            BooleanSupplier awaitsKeys,
            Consumer<SocketTimeoutException> expired) {
        ChannelTimeouts timeouts = new ChannelTimeouts(limits, role, context, awaitsKeys, expired);
        timeouts.handshakeTimer = timeouts.schedule(timeouts.handshakeLimit().toNanos(), timeouts::checkHandshake);
        return timeouts;
    }

    /** Notes that a message of the handshake has arrived: the deadline of the first one no longer counts. */
    void receivedHandshakeMessage() {
        receivedAny = true;
    }

    /** Ends the deadline of the handshake, and starts the timeouts of the session. */
    void established() {
        cancel(handshakeTimer);
        handshakeTimer = null;
        if (!limits.idleTimeout().isZero()) {
            lastActivityNanos = now();
            idleTimer = schedule(limits.idleTimeout().toNanos(), this::checkIdle);
        }
        if (!limits.idleTimeout().isZero() || !limits.sendTimeout().isZero()) {
            sent = future -> noteSent();
        }
    }

    /** Notes that bytes have arrived. */
    void received() {
        if (idleTimer != null) {
            lastActivityNanos = now();
        }
    }

    /** Starts the send timeout, which restarts whenever a message has reached the network; returns the promise to write with. */
    ChannelPromise watch(ChannelPromise promise) {
        ChannelFutureListener listener = sent;
        if (listener == null) {
            return promise;
        }
        if (unsentMessages++ == 0 && !limits.sendTimeout().isZero()) {
            lastSentNanos = now();
            if (sendTimer == null) {
                sendTimer = schedule(limits.sendTimeout().toNanos(), this::checkSend);
            }
        }
        return promise.unvoid().addListener(listener);
    }

    /** Ends all of them. */
    void cancel() {
        over = true;
        cancel(handshakeTimer);
        cancel(idleTimer);
        cancel(sendTimer);
    }

    private void checkHandshake() {
        if (over) {
            return;
        }
        Duration limit = handshakeLimit();
        long left = limit.toNanos() - (now() - startNanos);
        if (left > 0) {
            handshakeTimer = schedule(left, this::checkHandshake);
            return;
        }
        String awaited = awaitsKeys.getAsBoolean() ? "keys" : receivedAny ? "the next message" : "the first message";
        expire("handshake timed out after " + text(limit) + " waiting for " + awaited + " from " + remote());
    }

    private Duration handshakeLimit() {
        Duration whole = limits.handshakeDeadline();
        Duration first = limits.firstMessageDeadline();
        return role == Role.SERVER && !receivedAny && first.compareTo(whole) < 0 ? first : whole;
    }

    private void checkIdle() {
        if (over) {
            return;
        }
        long left = limits.idleTimeout().toNanos() - (now() - lastActivityNanos);
        if (left > 0) {
            idleTimer = schedule(left, this::checkIdle);
        } else {
            expire("idle timeout: nothing was exchanged with " + remote() + " for " + text(limits.idleTimeout()));
        }
    }

    private void noteSent() {
        unsentMessages--;
        lastSentNanos = now();
        lastActivityNanos = lastSentNanos;
    }

    private void checkSend() {
        sendTimer = null;
        if (over || unsentMessages == 0) {
            return;
        }
        long left = limits.sendTimeout().toNanos() - (now() - lastSentNanos);
        if (left > 0) {
            sendTimer = schedule(left, this::checkSend);
        } else {
            expire("sending timed out after " + text(limits.sendTimeout()) + ": " + remote() + " does not read");
        }
    }

    private void expire(String what) {
        expired.accept(new SocketTimeoutException(what));
    }

    private Object remote() {
        return context.channel().remoteAddress();
    }

    private Future<?> schedule(long nanos, Runnable check) {
        return context.executor().schedule(check, nanos, TimeUnit.NANOSECONDS);
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private long now() {
        return context.executor().ticker().nanoTime();
    }

    private static String text(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }
}

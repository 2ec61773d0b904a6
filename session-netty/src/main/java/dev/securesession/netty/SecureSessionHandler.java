package dev.securesession.netty;

import dev.securesession.EarlyData;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityPublicKey;
import dev.securesession.MessageRejectedException;
import dev.securesession.PeerId;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.internal.base.HandshakeLimits;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.Framing;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A secure session in a Netty pipeline: performs the handshake, and then wraps each {@link ByteBuf} that is written and
 * unwraps each message that arrives.
 *
 * <pre>{@code
 * pipeline.addLast(SecureSessionHandler.client(config, PeerId.ofUtf8("server")));
 * pipeline.addLast(new ChatHandler());    // one ByteBuf is one message
 * }</pre>
 *
 * <p><b>Handshake.</b> Begins when the channel is active. Its end fires a {@link HandshakeCompletion} and completes
 * {@link #handshake()}. Deadlines are those of the {@link ConnectionOptions}; a server has one of its own for the first
 * message. Key look-ups need not block ({@link PeerKeyLookup}), and public-key operations can run on another executor;
 * nothing is read from the network beyond 64 KiB meanwhile.
 *
 * <p><b>Writing.</b> A payload has 1 to {@link #maxPayloadLength()} bytes and becomes one message. Writes before the end
 * of the handshake wait, in order, within a limit; they count for the writability of the channel. A failed handshake fails
 * them. The handler releases what is written.
 *
 * <p><b>Reading.</b> A payload is a heap buffer of the channel's allocator, the receiver's to release. Incomplete messages
 * hold as much memory as has arrived of them, and {@link ServerLimits} bounds that for a whole server. Only buffers are
 * accepted from the network's side: nothing passes unauthenticated. {@code autoRead} is respected; the handler reads by
 * itself as long as the handshake or an incomplete message needs it.
 *
 * <p><b>End.</b> A refused handshake or message, a message that is cut off, and a timeout go to {@code exceptionCaught};
 * the channel is then closed and the keys are wiped. A channel that the peer closes between two messages becomes inactive
 * without an exception: messages have no authenticated end. {@link SecureStreamHandler} has one.
 *
 * <p>Belongs to one channel. {@link #handshake()}, {@link #session()} and {@link #maxPayloadLength()} may be called by any
 * thread. PROTOCOL.md D-2, H-3, H-4, H-5, H-7, P-4.
 */
public final class SecureSessionHandler extends ChannelDuplexHandler {
    private static final int MAX_WAITING_BYTES = 64 * 1024;

    private final SessionConfig config;
    private final Role role;
    private final @Nullable PeerId expectedPeer;
    private final SecureSessionOptions options;
    private final ConnectionOptions connection;
    private final @Nullable FrameDecoder decoder;
    private final SessionPromise handshakeDone = new SessionPromise();

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable Handshake handshake;
    private @Nullable PendingWriteQueue pendingWrites;
    private boolean flushPending;
    private int handshakeMessages;
    private boolean receivedAny;
    private boolean ended;
    private @Nullable EarlyData early;
    private volatile @Nullable SecureSession session;

    // Buffers of the network that wait for the end of a key look-up or of an operation on another thread.
    private @Nullable ArrayDeque<ByteBuf> waiting;
    private int waitingBytes;
    private boolean consuming;
    private boolean busy;
    private boolean autoReadSuspended;
    private boolean delivered;
    private @Nullable Runnable postponedEnd;

    private ServerLimits.@Nullable Admission admission;
    private int held;
    private int heldInFront;
    private long startNanos;
    private @Nullable Future<?> handshakeTimer;
    private @Nullable Future<?> idleTimer;
    private @Nullable Future<?> sendTimer;
    private long lastActivityNanos;
    private int unsentMessages;
    private long lastSentNanos;
    private @Nullable ChannelFutureListener sent;

    private SecureSessionHandler(
            SessionConfig config, Role role, @Nullable PeerId expectedPeer, SecureSessionOptions options) {
        if (config.asksForKeys() && options.keyLookup() == null) {
            throw new IllegalArgumentException(
                    "a configuration that asks for keys; give the options a key look-up, or the configuration a directory");
        }
        this.config = config;
        this.role = role;
        this.expectedPeer = expectedPeer;
        this.options = options;
        this.connection = options.connection();
        this.decoder = options.isFramed() ? new FrameDecoder(connection.framing()) : null;
    }

    /**
     * Returns a handler for the client's end of a channel, with the default options.
     *
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @return a new handler for one channel
     * @throws IllegalArgumentException if the configuration asks for keys
     */
    public static SecureSessionHandler client(SessionConfig config, PeerId expectedPeer) {
        return client(config, expectedPeer, SecureSessionOptions.defaults());
    }

    /**
     * Returns a handler for the client's end of a channel.
     *
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options limits, timeouts, key look-up and threads
     * @return a new handler for one channel
     * @throws IllegalArgumentException if the configuration asks for keys and the options have no key look-up
     */
    public static SecureSessionHandler client(SessionConfig config, PeerId expectedPeer, SecureSessionOptions options) {
        return new SecureSessionHandler(config, Role.CLIENT, expectedPeer, options);
    }

    /**
     * Returns a handler for the server's end of a channel, for any peer whose key is known.
     *
     * @param config the local identity and the keys of peers
     * @param options limits, timeouts, key look-up and threads; give all connections of a server the same
     *     {@link ServerLimits}
     * @return a new handler for one channel
     * @throws IllegalArgumentException if the configuration asks for keys and the options have no key look-up
     */
    public static SecureSessionHandler server(SessionConfig config, SecureSessionOptions options) {
        return new SecureSessionHandler(config, Role.SERVER, null, options);
    }

    /**
     * Returns a handler for the server's end of a channel, for one peer only.
     *
     * @param config the local identity and the keys of peers
     * @param expectedPeer the only peer that is accepted (PROTOCOL.md H-5)
     * @param options limits, timeouts, key look-up and threads
     * @return a new handler for one channel
     * @throws IllegalArgumentException if the configuration asks for keys and the options have no key look-up
     */
    public static SecureSessionHandler server(SessionConfig config, PeerId expectedPeer, SecureSessionOptions options) {
        return new SecureSessionHandler(config, Role.SERVER, expectedPeer, options);
    }

    /**
     * Returns the result of the handshake.
     *
     * @return completes with the session, which the handler closes, or fails with a {@link HandshakeException}, an
     *     {@link IOException} or what the key look-up threw; always the same object
     */
    public Future<SecureSession> handshake() {
        return handshakeDone;
    }

    /**
     * Returns the session, for its peer and its fingerprints.
     *
     * @return the session, which the handler closes; or empty before the end of the handshake
     */
    public Optional<SecureSession> session() {
        return Optional.ofNullable(session);
    }

    /**
     * Returns the longest payload that can be written.
     *
     * @return bytes
     */
    public int maxPayloadLength() {
        int longest = connection.maxMessageLength();
        if (decoder != null) {
            longest = Math.min(longest, connection.framing().maxMessageLength());
        }
        return longest - SecureSession.OVERHEAD;
    }

    /**
     * Describes the handler for people to read.
     *
     * @return a description without secrets
     */
    @Override
    public String toString() {
        SecureSession established = session;
        return established != null
                ? established.toString()
                : "handshake of " + config.identity().id() + " as " + role;
    }

    // ---- the life of the channel

    /** Begins the handshake if the channel is active already. */
    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        pendingWrites = new PendingWriteQueue(context);
        if (context.channel().isActive()) {
            start(context);
        }
    }

    /** Begins the handshake. */
    @Override
    public void channelActive(ChannelHandlerContext context) {
        start(context);
        context.fireChannelActive();
    }

    private void start(ChannelHandlerContext context) {
        if (handshake != null || ended) {
            return;
        }
        Handshake begun = begin();
        handshake = begun;
        startNanos = now(context);
        handshakeTimer = schedule(context, handshakeLimit(), this::checkHandshakeDeadline);
        ServerLimits limits = options.serverLimits();
        if (limits != null && role == Role.SERVER) {
            admission = limits.admit(
                    context.channel().remoteAddress() instanceof InetSocketAddress remote ? remote.getAddress() : null,
                    cause -> onEventLoop(context, () -> fail(context, cause)));
        }
        if (role == Role.CLIENT) {
            work(context, () -> {
                byte[] message = begun.start();
                return () -> send(context, message);
            });
        }
        readIfNeeded(context);
    }

    private Handshake begin() {
        PeerId peer = expectedPeer;
        if (role == Role.CLIENT && peer != null) {
            return Handshake.client(config, peer);
        }
        return peer == null ? Handshake.server(config) : Handshake.server(config, peer);
    }

    /** Reports a handshake or a message that was cut off. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        afterInput(() -> {
            inputEnded(context);
            end(new ClosedChannelException());
            context.fireChannelInactive();
        });
    }

    /** Reports a handshake or a message that was cut off by a half close. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            afterInput(() -> {
                inputEnded(context);
                context.fireUserEventTriggered(event);
            });
        } else {
            context.fireUserEventTriggered(event);
        }
    }

    /** Runs when everything that has arrived before was consumed: an end must not overtake the last messages. */
    private void afterInput(Runnable end) {
        if (ended || (!busy && waiting == null && postponedEnd == null)) {
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

    private void runPostponedEnd() {
        Runnable end = postponedEnd;
        if (end != null) {
            postponedEnd = null;
            end.run();
        }
    }

    private void inputEnded(ChannelHandlerContext context) {
        if (ended) {
            return;
        }
        if (session == null) {
            fail(
                    context,
                    new EOFException(
                            "the peer ended the connection during the handshake; it may have refused this identity"));
        } else if (decoder != null && decoder.isWithinMessage()) {
            fail(context, new EOFException("the connection ended within a message; the message is lost"));
        }
    }

    /** Wipes the keys, fails what waits, and closes the channel. */
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        boolean interrupted = !ended && session == null;
        ClosedChannelException cause = new ClosedChannelException();
        end(cause);
        if (interrupted) {
            tellHandshakeFailed(context, cause);
        }
        context.close(promise);
    }

    /** Wipes the keys and fails what waits. */
    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        end(new IOException("the handler was removed from its pipeline"));
    }

    /** Ends the connection because something went wrong, and says so. */
    private void fail(ChannelHandlerContext context, Throwable cause) {
        if (ended) {
            return;
        }
        boolean duringHandshake = session == null;
        end(cause);
        if (duringHandshake) {
            tellHandshakeFailed(context, cause);
        }
        context.fireExceptionCaught(cause);
        context.close();
        runPostponedEnd();
    }

    private void tellHandshakeFailed(ChannelHandlerContext context, Throwable cause) {
        context.fireUserEventTriggered(HandshakeCompletion.failed(cause));
    }

    /** Releases everything; the first cause is the one that counts. */
    private void end(Throwable cause) {
        if (ended) {
            return;
        }
        ended = true;
        cancel(handshakeTimer);
        cancel(idleTimer);
        cancel(sendTimer);
        early = null;
        if (admission != null) {
            admission.leave();
        }
        if (decoder != null) {
            decoder.release();
        }
        ArrayDeque<ByteBuf> unread = waiting;
        if (unread != null) {
            unread.forEach(ByteBuf::release);
            unread.clear();
        }
        if (handshake != null) {
            handshake.close();
        }
        SecureSession established = session;
        if (established != null) {
            established.close();
        }
        handshakeDone.tryFailure(cause);
        PendingWriteQueue unsent = pendingWrites;
        if (unsent != null && !unsent.isEmpty()) {
            unsent.removeAndFailAll(cause);
        }
    }

    // ---- reading

    /** Performs the handshake, and unwraps messages. */
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (!(message instanceof ByteBuf network)) {
            ReferenceCountUtil.release(message);
            fail(context, new UnsupportedMessageTypeException(message, ByteBuf.class));
            return;
        }
        if (ended || !network.isReadable()) {
            network.release();
            return;
        }
        if (idleTimer != null) {
            lastActivityNanos = now(context);
        }
        if (busy || consuming) {
            keep(context, network);
        } else {
            consume(context, network);
            consumeWaiting(context);
        }
        account(context);
    }

    private void keep(ChannelHandlerContext context, ByteBuf network) {
        if (waiting == null) {
            waiting = new ArrayDeque<>(4);
        }
        waiting.add(network);
        waitingBytes += network.readableBytes();
        if (waitingBytes > MAX_WAITING_BYTES && context.channel().config().isAutoRead()) {
            autoReadSuspended = true;
            context.channel().config().setAutoRead(false);
        }
    }

    private void consumeWaiting(ChannelHandlerContext context) {
        ArrayDeque<ByteBuf> buffers = waiting;
        while (buffers != null && !busy && !consuming && !ended) {
            ByteBuf network = buffers.poll();
            if (network == null) {
                waiting = null;
                break;
            }
            waitingBytes -= network.readableBytes();
            consume(context, network);
        }
    }

    /** Consumes a buffer as far as possible; what has to wait goes to the front of the queue. */
    private void consume(ChannelHandlerContext context, ByteBuf network) {
        boolean handedOver = false;
        consuming = true;
        try {
            while (!ended) {
                if (busy) {
                    if (network.isReadable()) {
                        handedOver = true;
                        requeue(network);
                    }
                    return;
                }
                ByteBuf message;
                if (decoder == null) {
                    if (!network.isReadable()) {
                        return;
                    }
                    message = network.readRetainedSlice(network.readableBytes());
                    requireLength(message);
                } else {
                    message = decoder.next(network, context.alloc(), maxLength());
                    if (message == null) {
                        return;
                    }
                }
                SecureSession established = session;
                if (established == null) {
                    receive(context, message);
                } else {
                    deliver(context, established, message);
                }
            }
        } catch (IOException | MessageRejectedException e) {
            fail(context, e);
        } catch (RuntimeException | Error e) {
            fail(context, e);
        } finally {
            consuming = false;
            if (!handedOver) {
                network.release();
            }
        }
    }

    private void requeue(ByteBuf network) {
        if (waiting == null) {
            waiting = new ArrayDeque<>(4);
        }
        waiting.addFirst(network);
        waitingBytes += network.readableBytes();
    }

    private int maxLength() {
        return session == null ? connection.maxHandshakeMessageLength() : connection.maxMessageLength();
    }

    private void requireLength(ByteBuf message) throws ProtocolException {
        int length = message.readableBytes();
        if (length > maxLength()) {
            message.release();
            throw new ProtocolException("a message of " + length + " bytes; the limit is " + maxLength());
        }
    }

    private void receive(ChannelHandlerContext context, ByteBuf message) {
        byte[] bytes = ByteBufUtil.getBytes(message);
        message.release();
        if (!receivedAny && admission != null) {
            admission.sent();
        }
        receivedAny = true;
        Handshake current = handshake;
        if (current != null) {
            handshakeMessages++;
            if (handshakeMessages > HandshakeLimits.MAX_MESSAGES) {
                fail(
                        context,
                        new ProtocolException("the peer has sent " + handshakeMessages
                                + " handshake messages; the limit is " + HandshakeLimits.MAX_MESSAGES));
                return;
            }
            work(context, () -> {
                HandshakeStep step = current.receive(bytes);
                return () -> advance(context, step);
            });
        }
    }

    private void deliver(ChannelHandlerContext context, SecureSession established, ByteBuf message)
            throws MessageRejectedException {
        ByteBuf payload = Unpooled.EMPTY_BUFFER;
        try {
            int length = message.readableBytes();
            payload = context.alloc().heapBuffer(length);
            int payloadLength = established
                    .unwrapInto(nio(message, message.readerIndex(), length), nio(payload, 0, length))
                    .remaining();
            payload.setIndex(SecureSession.PAYLOAD_OFFSET, SecureSession.PAYLOAD_OFFSET + payloadLength);
            ByteBuf unwrapped = payload;
            payload = Unpooled.EMPTY_BUFFER;
            delivered = true;
            context.fireChannelRead(unwrapped);
        } finally {
            message.release();
            payload.release();
        }
    }

    private static ByteBuffer nio(ByteBuf buffer, int at, int length) {
        return buffer.nioBufferCount() == 1 ? buffer.internalNioBuffer(at, length) : buffer.nioBuffer(at, length);
    }

    /** Notes how many bytes handlers in front of this one hold, which have not become a message yet. */
    void holdsInFront(int bytes) {
        ChannelHandlerContext context = ctx;
        if (context != null && bytes != heldInFront) {
            heldInFront = bytes;
            account(context);
        }
    }

    /** Counts what this connection holds of incomplete messages. */
    private void account(ChannelHandlerContext context) {
        ServerLimits.Admission account = admission;
        if (account == null || ended) {
            return;
        }
        int holds = waitingBytes + (decoder == null ? 0 : decoder.held()) + heldInFront;
        if (holds != held) {
            held = holds;
            try {
                account.hold(holds);
            } catch (IOException e) {
                fail(context, e);
            }
        }
    }

    /** Reads on by itself as long as there is nothing to deliver. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        readIfNeeded(context);
        delivered = false;
        context.fireChannelReadComplete();
    }

    private void readIfNeeded(ChannelHandlerContext context) {
        if (!delivered && !busy && !ended && !context.channel().config().isAutoRead()) {
            context.read();
        }
    }

    // ---- the handshake

    /** An operation that may run on another thread; its result is applied on the event loop. */
    private interface Work {
        Runnable run() throws HandshakeException;
    }

    private void work(ChannelHandlerContext context, Work operation) {
        Executor executor = options.executor();
        if (executor == null) {
            apply(context, operation);
            return;
        }
        busy = true;
        try {
            executor.execute(() -> {
                Runnable result;
                try {
                    result = operation.run();
                } catch (HandshakeException | RuntimeException | Error e) {
                    result = () -> fail(context, e);
                }
                Runnable applied = result;
                onEventLoop(context, () -> resume(context, applied));
            });
        } catch (RejectedExecutionException e) {
            busy = false;
            fail(context, new IOException("the executor for handshakes takes no more work", e));
        }
    }

    private void apply(ChannelHandlerContext context, Work operation) {
        try {
            operation.run().run();
        } catch (HandshakeException | RuntimeException | Error e) {
            fail(context, e);
        }
    }

    /** Continues after a look-up or an operation on another thread. */
    private void resume(ChannelHandlerContext context, Runnable result) {
        busy = false;
        if (autoReadSuspended) {
            // Before the application is called: what it sets stays.
            autoReadSuspended = false;
            context.channel().config().setAutoRead(true);
        }
        try {
            result.run();
        } catch (RuntimeException | Error e) {
            fail(context, e);
        }
        consumeWaiting(context);
        account(context);
        if (busy || consuming) {
            return;
        }
        if (!ended) {
            readOn(context);
        }
        runPostponedEnd();
    }

    private void readOn(ChannelHandlerContext context) {
        if (delivered) {
            delivered = false;
            context.fireChannelReadComplete();
        } else {
            readIfNeeded(context);
        }
    }

    private static void onEventLoop(ChannelHandlerContext context, Runnable task) {
        EventExecutor loop = context.executor();
        if (loop.inEventLoop()) {
            task.run();
            return;
        }
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            // The event loop has ended, and the channel with it: nobody waits for the result.
            if (!loop.isShuttingDown()) {
                throw e;
            }
        }
    }

    private void advance(ChannelHandlerContext context, HandshakeStep step) {
        if (ended) {
            if (step instanceof HandshakeStep.Established late) {
                late.session().close();
            }
            return;
        }
        step.message().ifPresent(message -> send(context, message));
        if (step instanceof HandshakeStep.NeedPeerKey question) {
            lookUp(context, question.peer());
        } else if (step instanceof HandshakeStep.Established done) {
            established(context, done.session());
        } else if (options.isEarlyData() && handshake != null) {
            handshake.earlyData().ifPresent(way -> {
                early = way;
                writePending(context);
            });
        }
    }

    private void send(ChannelHandlerContext context, byte[] message) {
        if (ended) {
            return;
        }
        ByteBuf out = context.alloc().buffer(headerLength() + message.length);
        writeHeader(out, message.length);
        context.writeAndFlush(out.writeBytes(message));
    }

    private void lookUp(ChannelHandlerContext context, PeerId peer) {
        PeerKeyLookup lookup = options.keyLookup();
        Handshake current = handshake;
        if (lookup == null || current == null) {
            throw new AssertionError("a question for keys without a key look-up");
        }
        busy = true;
        CompletionStage<List<IdentityPublicKey>> answer = lookup.find(peer);
        answer.whenComplete((keys, failure) -> onEventLoop(
                context,
                () -> resume(context, () -> {
                    if (ended) {
                        return;
                    }
                    if (failure != null) {
                        fail(context, new IOException("the key look-up for " + peer + " failed", failure));
                        return;
                    }
                    work(context, () -> {
                        HandshakeStep step = current.resolve(peer, keys);
                        return () -> advance(context, step);
                    });
                })));
    }

    private void established(ChannelHandlerContext context, SecureSession made) {
        made.requireOrder();
        if (admission != null && !admission.establish()) {
            made.close();
            fail(context, new IOException("closed during the handshake: too many connections are half open"));
            return;
        }
        session = made;
        early = null;
        Handshake over = handshake;
        handshake = null;
        if (over != null) {
            over.close();
        }
        cancel(handshakeTimer);
        handshakeTimer = null;
        held = 0;
        startTimeouts(context);
        writePending(context);
        handshakeDone.trySuccess(made);
        context.fireUserEventTriggered(HandshakeCompletion.of(made));
    }

    // ---- writing

    /** Wraps a payload, or keeps it until the handshake is over. */
    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf payload)) {
            Buffers.refuse(message, promise, new UnsupportedMessageTypeException(message, ByteBuf.class));
            return;
        }
        int length = payload.readableBytes();
        if (ended) {
            Buffers.refuse(payload, promise, new ClosedChannelException());
        } else if (length == 0 || length > maxPayloadLength()) {
            Buffers.refuse(
                    payload,
                    promise,
                    new IllegalArgumentException(
                            "a payload of " + length + " bytes; it must be 1 to " + maxPayloadLength() + " here"));
        } else {
            PendingWriteQueue pending = pendingWrites;
            if (pending == null && (session != null || early != null)) {
                wrap(context, payload, promise);
            } else if (pending == null || pending.bytes() + length > options.maxPendingBytes()) {
                Buffers.refuse(
                        payload,
                        promise,
                        new IOException("the writes before the end of the handshake exceed " + options.maxPendingBytes()
                                + " bytes"));
            } else {
                pending.add(payload, promise);
            }
        }
    }

    /** Writes what has waited for the handshake, in order; writes of listeners come after it. */
    private void writePending(ChannelHandlerContext context) {
        PendingWriteQueue pending = pendingWrites;
        if (pending == null) {
            return;
        }
        while (!ended && pending.current() instanceof ByteBuf payload) {
            payload.retain();
            wrap(context, payload, pending.remove());
        }
        pendingWrites = null;
        if (flushPending) {
            flushPending = false;
            context.flush();
        }
    }

    private void wrap(ChannelHandlerContext context, ByteBuf payload, ChannelPromise promise) {
        int length = payload.readableBytes();
        int messageLength = length + SecureSession.OVERHEAD;
        int at = headerLength();
        ByteBuf out = Unpooled.EMPTY_BUFFER;
        try {
            out = context.alloc().heapBuffer(at + messageLength);
            writeHeader(out, messageLength);
            SecureSession established = session;
            EarlyData way = early;
            if (established != null) {
                // This way round a composite buffer copies its parts; the other way it makes a copy of itself first.
                payload.getBytes(payload.readerIndex(), out, at + SecureSession.PAYLOAD_OFFSET, length);
                established.wrapInPlace(nio(out, at, messageLength));
                out.writerIndex(at + messageLength);
            } else if (way != null) {
                out.writeBytes(way.wrap(ByteBufUtil.getBytes(payload)));
            } else {
                throw new AssertionError("a payload is wrapped before the keys are known");
            }
        } catch (RuntimeException | Error e) {
            // The message has no number yet: the peer would not notice that it is missing.
            out.release();
            Buffers.refuse(payload, promise, e);
            fail(context, e);
            return;
        }
        payload.release();
        context.write(out, watch(context, promise));
    }

    private int headerLength() {
        return decoder == null ? 0 : connection.framing().headerLength();
    }

    private void writeHeader(ByteBuf out, int messageLength) {
        if (decoder != null) {
            Framing framing = connection.framing();
            byte[] header = new byte[framing.headerLength()];
            framing.writeHeader(messageLength, header);
            out.writeBytes(header);
        }
    }

    /** Flushes, now or when the handshake is over. */
    @Override
    public void flush(ChannelHandlerContext context) {
        if (pendingWrites == null || ended) {
            context.flush();
        } else {
            flushPending = true;
        }
    }

    // ---- timeouts

    private void checkHandshakeDeadline() {
        ChannelHandlerContext context = ctx;
        if (ended || session != null || context == null) {
            return;
        }
        Duration limit = handshakeLimit();
        long left = limit.toNanos() - (now(context) - startNanos);
        if (left > 0) {
            handshakeTimer = context.executor().schedule(this::checkHandshakeDeadline, left, TimeUnit.NANOSECONDS);
            return;
        }
        fail(
                context,
                new SocketTimeoutException("handshake timed out after " + text(limit) + " waiting for "
                        + (busy ? "keys" : receivedAny ? "the next message" : "the first message") + " from "
                        + context.channel().remoteAddress()));
    }

    private Duration handshakeLimit() {
        Duration whole = connection.handshakeDeadline();
        Duration first = connection.firstMessageDeadline();
        return role == Role.SERVER && !receivedAny && first.compareTo(whole) < 0 ? first : whole;
    }

    private void startTimeouts(ChannelHandlerContext context) {
        if (!connection.idleTimeout().isZero()) {
            lastActivityNanos = now(context);
            idleTimer = schedule(context, connection.idleTimeout(), this::checkIdle);
        }
        if (!connection.idleTimeout().isZero() || !connection.sendTimeout().isZero()) {
            sent = future -> noteSent(context);
        }
    }

    private void checkIdle() {
        ChannelHandlerContext context = ctx;
        if (ended || context == null) {
            return;
        }
        long left = connection.idleTimeout().toNanos() - (now(context) - lastActivityNanos);
        if (left > 0) {
            idleTimer = context.executor().schedule(this::checkIdle, left, TimeUnit.NANOSECONDS);
        } else {
            fail(
                    context,
                    new SocketTimeoutException("nothing was sent or received for " + text(connection.idleTimeout())
                            + ", the idle timeout, with " + context.channel().remoteAddress()));
        }
    }

    /** Starts the send timeout, which restarts whenever a message has reached the network. */
    private ChannelPromise watch(ChannelHandlerContext context, ChannelPromise promise) {
        ChannelFutureListener listener = sent;
        if (listener == null) {
            return promise;
        }
        if (unsentMessages++ == 0 && !connection.sendTimeout().isZero()) {
            lastSentNanos = now(context);
            if (sendTimer == null) {
                sendTimer = schedule(context, connection.sendTimeout(), this::checkSend);
            }
        }
        return promise.unvoid().addListener(listener);
    }

    private void noteSent(ChannelHandlerContext context) {
        unsentMessages--;
        lastSentNanos = now(context);
        lastActivityNanos = lastSentNanos;
    }

    private void checkSend() {
        ChannelHandlerContext context = ctx;
        sendTimer = null;
        if (ended || context == null || unsentMessages == 0) {
            return;
        }
        long left = connection.sendTimeout().toNanos() - (now(context) - lastSentNanos);
        if (left > 0) {
            sendTimer = context.executor().schedule(this::checkSend, left, TimeUnit.NANOSECONDS);
        } else {
            fail(
                    context,
                    new SocketTimeoutException("sending timed out after " + text(connection.sendTimeout()) + ": "
                            + context.channel().remoteAddress() + " does not read"));
        }
    }

    private static Future<?> schedule(ChannelHandlerContext context, Duration delay, Runnable task) {
        return context.executor().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private static long now(ChannelHandlerContext context) {
        return context.executor().ticker().nanoTime();
    }

    private static String text(Duration duration) {
        long millis = duration.toMillis();
        return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
    }

    /** Tells on the event loop of the channel, which is known once the handler was added. */
    private final class SessionPromise extends DefaultPromise<SecureSession> {
        @Override
        protected EventExecutor executor() {
            ChannelHandlerContext context = ctx;
            if (context == null) {
                throw new IllegalStateException("the handler is in no pipeline yet; add it first");
            }
            return context.executor();
        }

        @Override
        protected void checkDeadLock() {
            if (ctx != null) {
                super.checkDeadLock();
            }
        }
    }
}

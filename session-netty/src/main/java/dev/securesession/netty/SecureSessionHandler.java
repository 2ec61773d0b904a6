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
import dev.securesession.transport.ServerOptions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.UnsupportedMessageTypeException;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.DefaultPromise;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
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
 * without an exception: messages have no authenticated end. {@link SecureStreamHandler} has one. So that a failure after
 * the handshake does not look like that end, it resets TCP connections, and so does {@link #abort}, which is how an
 * application ends a connection after a failure of its own.
 *
 * <p>Belongs to one channel. {@link #handshake()}, {@link #session()} and {@link #maxPayloadLength()} may be called by any
 * thread. PROTOCOL.md D-2, H-3, H-4, H-5, H-7, P-4.
 */
public final class SecureSessionHandler extends ChannelDuplexHandler {
    static final ServerLimits DEFAULT_LIMITS = ServerLimits.of(ServerOptions.defaults());

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
    private boolean ended;
    private boolean resets;
    private volatile boolean aborted;
    private @Nullable EarlyData early;
    private volatile @Nullable SecureSession session;

    private final NetworkQueue queue = new NetworkQueue(this::consume);
    private @Nullable ChannelTimeouts timeouts;
    private ServerLimits.@Nullable Admission admission;
    private int held;
    private int heldInFront;

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
     * Returns a handler for the server's end of a channel, for any peer whose key is known, with the default options and
     * default {@link ServerLimits}. All channels of this form share the limits, whatever server they belong to; a server that
     * needs its own, or its counters, gives them with the options.
     *
     * @param config the local identity and the keys of peers
     * @return a new handler for one channel
     * @throws IllegalArgumentException if the configuration asks for keys
     */
    public static SecureSessionHandler server(SessionConfig config) {
        return server(config, SecureSessionOptions.defaults().withServerLimits(DEFAULT_LIMITS));
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

    /**
     * Closes a channel because something has failed, in a way that the peer does not take for an orderly end: call it in
     * {@code exceptionCaught}. TCP connections are reset, and what was written last may be lost; others are closed only. A
     * {@link SecureStreamHandler} in the pipeline aborts its stream instead, as it does whenever the channel is closed before
     * the stream is complete. During the handshake, in a pipeline without a session and after the end this is
     * {@link Channel#close}. May be called by any thread.
     *
     * @param channel the channel of the session
     * @return completes when the channel is closed
     */
    public static ChannelFuture abort(Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        SecureSessionHandler handler = pipeline.get(SecureSessionHandler.class);
        if (handler != null && pipeline.get(SecureStreamHandler.class) == null) {
            handler.aborted = true;
        }
        return channel.close();
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
        timeouts = ChannelTimeouts.start(connection, role, context, queue::isPaused, cause -> fail(context, cause));
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
        queue.readIfNeeded(context);
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
        queue.afterInput(() -> {
            inputEnded(context);
            end(new ClosedChannelException());
            context.fireChannelInactive();
        });
    }

    /** Reports a handshake or a message that was cut off by a half close. */
    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            queue.afterInput(() -> {
                inputEnded(context);
                context.fireUserEventTriggered(event);
            });
        } else {
            context.fireUserEventTriggered(event);
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
        if (aborted && !ended) {
            resets = mayHaveSentMessages();
        }
        ClosedChannelException cause = new ClosedChannelException();
        end(cause);
        if (interrupted) {
            tellHandshakeFailed(context, cause);
        }
        closeChannel(context, promise);
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
        resets |= mayHaveSentMessages();
        end(cause);
        if (duringHandshake) {
            tellHandshakeFailed(context, cause);
        }
        context.fireExceptionCaught(cause);
        closeChannel(context, context.newPromise());
        queue.runPostponedEnd();
    }

    private boolean mayHaveSentMessages() {
        return session != null || early != null;
    }

    /**
     * Closes the channel: a TCP connection by a reset if something has failed after the handshake, so that the peer does not
     * take it for the end of the messages. Handlers in front do not learn of that before the end: TLS and WebSocket would
     * tell the peer that all is well.
     */
    private void closeChannel(ChannelHandlerContext context, ChannelPromise promise) {
        ChannelHandlerContext first = context.pipeline().firstContext();
        if (!resets || first == null || !(context.channel() instanceof SocketChannel tcp)) {
            context.close(promise);
            return;
        }
        try {
            tcp.config().setSoLinger(0);
        } catch (ChannelException e) {
            // It has ended already.
        }
        first.close(promise);
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
        if (timeouts != null) {
            timeouts.cancel();
        }
        early = null;
        if (admission != null) {
            admission.leave();
        }
        if (decoder != null) {
            decoder.release();
        }
        queue.release();
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
        if (timeouts != null) {
            timeouts.received();
        }
        queue.add(context, network);
        account(context);
    }

    /** Takes one message off the bytes of the network; returns false if there is no whole one, or after a failure. */
    private boolean consume(ChannelHandlerContext context, ByteBuf network) {
        try {
            ByteBuf message = nextMessage(context, network);
            if (message == null) {
                return false;
            }
            SecureSession established = session;
            if (established == null) {
                receive(context, message);
            } else {
                deliver(context, established, message);
            }
            return true;
        } catch (IOException | MessageRejectedException e) {
            fail(context, e);
        } catch (RuntimeException | Error e) {
            fail(context, e);
        }
        return false;
    }

    private @Nullable ByteBuf nextMessage(ChannelHandlerContext context, ByteBuf network) throws IOException {
        if (decoder != null) {
            return decoder.next(network, context.alloc(), maxLength());
        }
        if (!network.isReadable()) {
            return null;
        }
        ByteBuf message = network.readRetainedSlice(network.readableBytes());
        requireLength(message);
        return message;
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
        if (handshakeMessages == 0 && admission != null) {
            admission.sent();
        }
        if (timeouts != null) {
            timeouts.receivedHandshakeMessage();
        }
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
            queue.delivered();
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
        int holds = queue.waitingBytes() + (decoder == null ? 0 : decoder.held()) + heldInFront;
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
        queue.readComplete(context);
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
        queue.pause();
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
            queue.resume(context);
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
        queue.resume(context);
        try {
            result.run();
        } catch (RuntimeException | Error e) {
            fail(context, e);
        }
        queue.consumeWaiting(context);
        account(context);
        queue.readOn(context);
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
        queue.pause();
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
        if (admission != null) {
            try {
                admission.establish(made.peer());
            } catch (IOException e) {
                made.close();
                // The handshake is over for the peer, so that an orderly end would look as if there were no messages.
                resets = true;
                fail(context, e);
                return;
            }
        }
        session = made;
        early = null;
        Handshake over = handshake;
        handshake = null;
        if (over != null) {
            over.close();
        }
        held = 0;
        if (timeouts != null) {
            timeouts.established();
        }
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
        context.write(out, timeouts == null ? promise : timeouts.watch(promise));
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

package dev.securesession.tunnel;

import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.StreamLayer;
import dev.securesession.tunnel.internal.SocketFile;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The threads of a tunnel, and the sockets that they listen on and connect. */
final class Endpoints implements AutoCloseable {
    private final EventLoopGroup loops;
    private final HandshakeThreads handshakes;
    private final Names names;
    private final TunnelOptions options;

    Endpoints(TunnelOptions options) {
        int processors = Runtime.getRuntime().availableProcessors();
        this.options = options;
        this.loops = new MultiThreadIoEventLoopGroup(
                processors, new DefaultThreadFactory("tunnel", true), NioIoHandler.newFactory());
        this.handshakes = new HandshakeThreads(loops, MAX_QUEUED_HANDSHAKE_STEPS, System::nanoTime);
        this.names = new Names(options.resolver(), options.connectTimeout());
    }

    /** Returns the options of sessions. */
    SecureSessionOptions sessions() {
        return SecureSessionOptions.defaults()
                .withConnection(connection(options))
                .withExecutor(handshakes);
    }

    /**
     * Returns the limits and timeouts of the connections that carry sessions. A program may stop reading for as long as it
     * likes, so that sending has no timeout: missing keep-alives tell that a peer is gone.
     */
    static ConnectionOptions connection(TunnelOptions options) {
        return ConnectionOptions.defaults()
                .withHandshakeDeadline(options.handshakeDeadline())
                .withSendTimeout(Duration.ZERO)
                .withMaxMessageLength(MAX_MESSAGE_LENGTH);
    }

    /** Listens; children begin with reading switched off if that is asked for. */
    Listening listen(TunnelAddress address, ChildReads reads, ChannelHandler children) throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .childHandler(halfClosing(children))
                .childOption(ChannelOption.AUTO_READ, reads == ChildReads.AT_ONCE)
                .childOption(ChannelOption.ALLOCATOR, ALLOCATOR)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
        if (address.isUnix()) {
            Path path = address.path();
            Channel channel = SocketFile.listen(
                    path,
                    file -> done(bootstrap
                            .channelFactory(NioServerDomainSocketChannel::new)
                            .bind(UnixDomainSocketAddress.of(file))),
                    failed -> failed.close().awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS));
            return new Listening(channel, UnixDomainSocketAddress.of(path));
        }
        SocketAddress local = address.resolve();
        Channel channel = done(bootstrap
                .channelFactory(() -> serverChannel(local))
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .bind(local));
        return new Listening(channel, channel.localAddress());
    }

    /** Makes a socket of IPv4 for its addresses: one of both kinds would take 0.0.0.0 for all addresses of IPv6 as well. */
    private static ServerChannel serverChannel(SocketAddress local) {
        return local instanceof InetSocketAddress inet && inet.getAddress() instanceof Inet4Address
                ? new NioServerSocketChannel(SelectorProvider.provider(), SocketProtocolFamily.INET)
                : new NioServerSocketChannel();
    }

    /** When the children of a listening channel begin to read. */
    enum ChildReads {
        AT_ONCE,
        WHEN_TOLD
    }

    /**
     * Connects on an event loop, after the name of the host was looked up elsewhere; the channel does not read until it is
     * told. Cancelling the future ends the attempt. Its listeners run on the event loop. Whatever goes wrong fails the future,
     * since its listeners release what was acquired for the connection.
     */
    Future<Channel> connect(EventLoop loop, TunnelAddress address, ChannelHandler handler) {
        Promise<Channel> connected = loop.newPromise();
        long begin = System.nanoTime();
        failing(
                connected,
                () -> names.resolve(loop, address).addListener((Future<SocketAddress> resolved) -> {
                    if (!resolved.isSuccess()) {
                        connected.tryFailure(resolved.cause());
                    } else if (!connected.isDone()) {
                        Duration left = options.connectTimeout().minusNanos(System.nanoTime() - begin);
                        failing(connected, () -> connect(loop, address, resolved.getNow(), left, handler, connected));
                    }
                }));
        return connected;
    }

    /** Takes a step toward a connection; out of memory, or during the end of the tunnel, it may throw anything. */
    private static void failing(Promise<Channel> connected, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            connected.tryFailure(e);
        }
    }

    private static void connect(
            EventLoop loop,
            TunnelAddress address,
            SocketAddress resolved,
            Duration timeout,
            ChannelHandler handler,
            Promise<Channel> connected) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .handler(halfClosing(handler))
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOCATOR, ALLOCATOR)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.max(1, Math.min(Integer.MAX_VALUE, timeout.toMillis())));
        if (address.isUnix()) {
            bootstrap.channelFactory(NioDomainSocketChannel::new);
        } else {
            bootstrap.channelFactory(NioSocketChannel::new).option(ChannelOption.TCP_NODELAY, true);
        }
        ChannelFuture connecting = bootstrap.connect(resolved);
        Channel channel = connecting.channel();
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                connected.tryFailure(done.cause());
            } else if (!connected.trySuccess(channel)) {
                channel.close();
            }
        });
        connected.addListener(done -> {
            if (done.isCancelled()) {
                channel.close();
            }
        });
    }

    /** Lets channels stay open when their input has ended, before another handler is added. */
    private static ChannelInitializer<Channel> halfClosing(ChannelHandler handler) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                if (channel instanceof NioDomainSocketChannel) {
                    channel.config()
                            .setRecvByteBufAllocator(
                                    new HalfCloseOfUnixSockets(channel, MIN_RECEIVE, FIRST_RECEIVE, MAX_RECEIVE));
                } else {
                    channel.config().setRecvByteBufAllocator(RECEIVE_BUFFERS);
                    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                }
                channel.pipeline().addLast(handler);
            }
        };
    }

    /** Ends the threads, and with them every connection. */
    @Override
    public void close() {
        // Without a quiet period, a connection that was just accepted would stay open, and its client wait for an
        // answer.
        loops.shutdownGracefully(QUIET_MILLIS, TimeUnit.SECONDS.toMillis(SHUTDOWN_SECONDS), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
        handshakes.shutdownNow();
        names.shutdownNow();
    }

    /** A channel that accepts connections, and where it does. */
    static final class Listening implements AutoCloseable {
        private final Channel channel;
        private final SocketAddress address;

        private Listening(Channel channel, SocketAddress address) {
            this.channel = channel;
            this.address = address;
        }

        SocketAddress address() {
            return address;
        }

        /** Stops listening, and removes the file of the socket. */
        @Override
        public void close() {
            boolean open = channel.isOpen();
            channel.close().awaitUninterruptibly(SHUTDOWN_SECONDS, TimeUnit.SECONDS);
            if (open && address instanceof UnixDomainSocketAddress unix) {
                try {
                    Files.deleteIfExists(unix.getPath());
                } catch (IOException e) {
                    // The next server on this path removes it.
                }
            }
        }
    }

    private static Channel done(ChannelFuture bound) throws IOException {
        bound.awaitUninterruptibly();
        Throwable cause = bound.cause();
        if (cause instanceof IOException e) {
            throw e;
        }
        if (cause != null) {
            throw new IOException(cause);
        }
        return bound.channel();
    }

    /** Tells whether a configuration can be used: its directory must not ask. */
    static SessionConfig requireDirectory(SessionConfig config) {
        if (config.asksForKeys()) {
            throw new IllegalArgumentException("a configuration that asks for keys; give it a directory");
        }
        return config;
    }

    /** The length of a message with as much data as a chunk of a stream has (docs/tunnel-protocol.md TN-8). */
    private static final int MAX_MESSAGE_LENGTH = StreamLayer.MAX_CHUNK_LENGTH + 1 + SecureSession.OVERHEAD;

    private static final int SHUTDOWN_SECONDS = 5;
    private static final int QUIET_MILLIS = 100;
    private static final int MAX_QUEUED_HANDSHAKE_STEPS = 10_000;
    private static final int BACKLOG = 1024;
    // Bulk data costs a sixth less CPU time than with the adaptive allocator, the default of Netty 4.2.
    private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 * 1024, 256 * 1024);
    private static final int MIN_RECEIVE = 512;
    private static final int FIRST_RECEIVE = 16 * 1024;
    private static final int MAX_RECEIVE = 64 * 1024;
    private static final AdaptiveRecvByteBufAllocator RECEIVE_BUFFERS =
            new AdaptiveRecvByteBufAllocator(MIN_RECEIVE, FIRST_RECEIVE, MAX_RECEIVE);
}

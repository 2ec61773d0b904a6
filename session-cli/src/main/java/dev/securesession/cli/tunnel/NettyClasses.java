package dev.securesession.cli.tunnel;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.TimeUnit;

/** The classes of Netty that listen. They load on a thread of their own, while the command reads its options and keys. */
public final class NettyClasses {
    private NettyClasses() {}

    /** Begins to load them. */
    public static void load() {
        Thread thread = new Thread(NettyClasses::loadNow, "netty");
        thread.setDaemon(true);
        thread.start();
    }

    /** Uses them for a socket that is bound to no address. */
    private static void loadNow() {
        try {
            EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
                    1, new DefaultThreadFactory("netty", true), NioIoHandler.newFactory());
            new ServerBootstrap()
                    .group(loop)
                    .channel(NioServerSocketChannel.class)
                    .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .register()
                    .awaitUninterruptibly(PATIENCE_SECONDS, TimeUnit.SECONDS);
            loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).awaitUninterruptibly(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (IllegalStateException e) {
            // The tunnel fails in the same way, and says why.
        }
    }

    private static final int PATIENCE_SECONDS = 5;
}

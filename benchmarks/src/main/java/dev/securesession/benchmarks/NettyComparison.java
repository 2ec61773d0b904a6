package dev.securesession.benchmarks;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Netty pipelines over the loopback interface: throughput of one connection, round trips, handshakes, and the memory of
 * idle connections. Each stack runs in a JVM of its own, with one event loop for each end.
 */
final class NettyComparison {
    private static final int CHUNK = 32 * 1024;
    private static final int SMALL = 64;
    private static final double MEGABYTE = 1e6;

    private NettyComparison() {}

    /** Takes the seconds of each measurement and the number of idle connections; prints a table. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 3) {
            new Measuring(NettyStack.valueOf(arguments[0]), arguments[1]).measure(Integer.parseInt(arguments[2]));
            return;
        }
        String seconds = arguments.length > 0 ? arguments[0] : "10";
        String idle = arguments.length > 1 ? arguments[1] : "9500";
        Map<NettyStack, Map<String, Double>> figures = new EnumMap<>(NettyStack.class);
        for (NettyStack stack : NettyStack.values()) {
            figures.put(
                    stack,
                    Child.run(
                            NettyComparison.class,
                            List.of("-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"),
                            stack.name(),
                            seconds,
                            idle));
        }
        System.out.println("| | throughput, MB/s | round trips of 64 B per second | handshakes per second"
                + " | heap of an idle connection, B | resident memory of an idle connection, B |");
        System.out.println("| --- | --- | --- | --- | --- | --- |");
        figures.forEach((stack, row) -> System.out.printf(
                Locale.ROOT,
                "| %s | %.0f | %.0f | %.0f | %.0f | %.0f |%n",
                stack.label(),
                row.get("throughput"),
                row.get("roundtrips"),
                row.get("handshakes"),
                row.get("heap"),
                row.get("resident")));
    }

    /** Runs the measurements of one stack; called in the child process. */
    private static final class Measuring {
        private final NettyStack.Ends ends;
        private final long nanos;
        private final EventLoopGroup clients = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        private final EventLoopGroup servers = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        private final AtomicLong received = new AtomicLong();
        private final BlockingQueue<Integer> answers = new LinkedBlockingQueue<>();
        private final Channel sink;
        private final Channel echo;

        Measuring(NettyStack stack, String seconds) throws Exception {
            ends = stack.make();
            nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(seconds));
            sink = listen(false);
            echo = listen(true);
        }

        void measure(int idle) throws Exception {
            try {
                // The first round warms up.
                throughput();
                Child.report("throughput", throughput());
                roundTrips();
                Child.report("roundtrips", roundTrips());
                handshakes();
                Child.report("handshakes", handshakes());
                idle(idle);
            } finally {
                clients.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
                servers.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
            }
        }

        private Channel listen(boolean echoes) throws InterruptedException {
            return new ServerBootstrap()
                    .group(servers)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            ends.secure(channel, false);
                            channel.pipeline().addLast(echoes ? new Echo() : new Count());
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
        }

        private Channel connect(Channel server, ChannelInboundHandlerAdapter last) throws InterruptedException {
            Channel channel = new Bootstrap()
                    .group(clients)
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel created) {
                            ends.secure(created, true);
                            created.pipeline().addLast(last);
                        }
                    })
                    .connect(server.localAddress())
                    .sync()
                    .channel();
            ends.handshake(channel).sync();
            return channel;
        }

        /** Returns the megabytes that arrive per second. */
        private double throughput() throws InterruptedException {
            Pump pump = new Pump();
            Channel channel = connect(sink, pump);
            long before = received.get();
            long start = System.nanoTime();
            channel.eventLoop().execute(() -> pump.fill(channel));
            Thread.sleep(TimeUnit.NANOSECONDS.toMillis(nanos));
            long bytes = received.get() - before;
            double seconds = (System.nanoTime() - start) / 1e9;
            pump.stopped = true;
            channel.close().sync();
            return bytes / MEGABYTE / seconds;
        }

        private double roundTrips() throws InterruptedException {
            Channel channel = connect(echo, new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ByteBuf buffer = (ByteBuf) message;
                    answers.add(buffer.readableBytes());
                    buffer.release();
                }
            });
            byte[] question = new byte[SMALL];
            long count = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < nanos) {
                channel.writeAndFlush(Unpooled.wrappedBuffer(question));
                for (int missing = SMALL; missing > 0; ) {
                    missing -= answers.take();
                }
                count++;
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            channel.close().sync();
            return count / seconds;
        }

        private double handshakes() throws InterruptedException {
            long count = 0;
            long start = System.nanoTime();
            while (System.nanoTime() - start < nanos) {
                connect(sink, new ChannelInboundHandlerAdapter()).close().sync();
                count++;
            }
            return count / ((System.nanoTime() - start) / 1e9);
        }

        /** Measures the memory of one end of idle connections, each of which has carried a message; both ends are in this JVM. */
        private void idle(int count) throws Exception {
            List<Channel> open = new ArrayList<>();
            for (int i = 0; i < count / 10; i++) {
                open.add(idleConnection());
            }
            long heap = usedHeap();
            long resident = resident();
            int measured = count - open.size();
            while (open.size() < count) {
                open.add(idleConnection());
            }
            Child.report("heap", (double) (usedHeap() - heap) / (2 * measured));
            Child.report("resident", (double) (resident() - resident) / (2 * measured));
            for (Channel each : open) {
                each.close();
            }
        }

        private Channel idleConnection() throws InterruptedException {
            Channel channel = connect(sink, new ChannelInboundHandlerAdapter());
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[SMALL])).sync();
            return channel;
        }

        private static long usedHeap() {
            for (int i = 0; i < 3; i++) {
                ManagementFactory.getMemoryMXBean().gc();
            }
            return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        }

        /** Returns the resident memory of the process, native allocations included. The whole heap is resident from the start. */
        private static long resident() throws IOException {
            String pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1)[1];
            return Long.parseLong(pages) * 4096;
        }

        /** Counts the bytes that arrive. */
        private final class Count extends ChannelInboundHandlerAdapter {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ByteBuf buffer = (ByteBuf) message;
                received.addAndGet(buffer.readableBytes());
                buffer.release();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                ctx.close(); // The client closes in the middle of its stream on purpose.
            }
        }
    }

    /** Echoes every message. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** Writes while the channel is writable. */
    private static final class Pump extends ChannelInboundHandlerAdapter {
        private final ByteBuf chunk = Unpooled.directBuffer(CHUNK).writeZero(CHUNK);
        private volatile boolean stopped;

        void fill(Channel channel) {
            while (channel.isWritable() && !stopped && channel.isActive()) {
                channel.write(chunk.retainedDuplicate());
            }
            channel.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (ctx.channel().isWritable()) {
                fill(ctx.channel());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}

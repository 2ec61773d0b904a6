package dev.securesession.http;

import com.sun.net.httpserver.HttpServer;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** The servers that carry the protocol; every test runs against each. */
enum ServerKind {
    JDK {
        @Override
        Running start(
                SessionConfig config, RequestHandler handler, HttpServerOptions options, Executor executor, int port)
                throws Exception {
            HttpSessionHandler sessions = HttpSessionHandler.of(config, handler, options);
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext("/api", sessions);
            server.setExecutor(executor);
            server.start();
            return new Running(
                    server.getAddress().getPort(),
                    sessions,
                    sessions::close,
                    sessions::counters,
                    sessions::closePeer,
                    () -> server.stop(0));
        }
    },

    NETTY {
        @Override
        Running start(
                SessionConfig config, RequestHandler handler, HttpServerOptions options, Executor executor, int port)
                throws Exception {
            NettyHttpSessions sessions = NettyHttpSessions.of(config, handler, executor, options);
            EventLoopGroup group = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
            Channel server = new ServerBootstrap()
                    .group(group)
                    .channel(NioServerSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new HttpServerCodec(), sessions.newHandler("/api"));
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), port)
                    .sync()
                    .channel();
            return new Running(
                    ((InetSocketAddress) server.localAddress()).getPort(),
                    sessions,
                    sessions::close,
                    sessions::counters,
                    sessions::closePeer,
                    () -> {
                        server.close().syncUninterruptibly();
                        // Without a quiet period, a connection that was just accepted would stay open, and its client
                        // wait.
                        group.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS)
                                .syncUninterruptibly();
                    });
        }
    };

    /** Starts a server below the path /api on the loopback interface; port 0 means any. */
    abstract Running start(
            SessionConfig config, RequestHandler handler, HttpServerOptions options, Executor executor, int port)
            throws Exception;

    Peers serving(RequestHandler handler) throws Exception {
        return serving(handler, HttpServerOptions.defaults());
    }

    Peers serving(RequestHandler handler, HttpServerOptions options) throws Exception {
        return new Peers(this, handler, options);
    }

    /** A server and its sessions. */
    static final class Running implements AutoCloseable {
        private final int port;
        private final Object sessions;
        private final Runnable closeSessions;
        private final Supplier<HttpServerCounters> counters;
        private final ToIntFunction<PeerId> closePeer;
        private final Runnable stop;

        Running(
                int port,
                Object sessions,
                Runnable closeSessions,
                Supplier<HttpServerCounters> counters,
                ToIntFunction<PeerId> closePeer,
                Runnable stop) {
            this.port = port;
            this.sessions = sessions;
            this.closeSessions = closeSessions;
            this.counters = counters;
            this.closePeer = closePeer;
            this.stop = stop;
        }

        int port() {
            return port;
        }

        HttpServerCounters counters() {
            return counters.get();
        }

        int closePeer(PeerId peer) {
            return closePeer.applyAsInt(peer);
        }

        /** Closes the sessions; the server goes on and refuses. */
        void closeSessions() {
            closeSessions.run();
        }

        @Override
        public void close() {
            closeSessions();
            stop.run();
        }

        @Override
        public String toString() {
            return sessions.toString();
        }
    }
}

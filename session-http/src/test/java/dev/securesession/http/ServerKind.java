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
            return new Running() {
                @Override
                public int port() {
                    return server.getAddress().getPort();
                }

                @Override
                public HttpServerCounters counters() {
                    return sessions.counters();
                }

                @Override
                public int closePeer(PeerId peer) {
                    return sessions.closePeer(peer);
                }

                @Override
                public void closeSessions() {
                    sessions.close();
                }

                @Override
                public void close() {
                    sessions.close();
                    server.stop(0);
                }

                @Override
                public String toString() {
                    return sessions.toString();
                }
            };
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
            return new Running() {
                @Override
                public int port() {
                    return ((InetSocketAddress) server.localAddress()).getPort();
                }

                @Override
                public HttpServerCounters counters() {
                    return sessions.counters();
                }

                @Override
                public int closePeer(PeerId peer) {
                    return sessions.closePeer(peer);
                }

                @Override
                public void closeSessions() {
                    sessions.close();
                }

                @Override
                public void close() {
                    sessions.close();
                    server.close().syncUninterruptibly();
                    group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
                }

                @Override
                public String toString() {
                    return sessions.toString();
                }
            };
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
    interface Running extends AutoCloseable {
        int port();

        HttpServerCounters counters();

        int closePeer(PeerId peer);

        /** Closes the sessions; the server goes on and refuses. */
        void closeSessions();

        @Override
        void close();
    }
}

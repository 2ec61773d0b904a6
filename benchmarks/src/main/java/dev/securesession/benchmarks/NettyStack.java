package dev.securesession.benchmarks;

import dev.securesession.PeerId;
import dev.securesession.netty.SecureSessionHandler;
import dev.securesession.netty.SecureSessionOptions;
import dev.securesession.netty.SecureStreamHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.Future;

/** The security layer of a Netty pipeline: sessions with the stream layer, or mutual TLS 1.3 by {@link SslHandler}. */
enum NettyStack {
    SESSION("Secure Session, JDK providers") {
        @Override
        Ends make() {
            return sessions(ProviderSet.JDK);
        }
    },
    SESSION_ACCP("Secure Session, ACCP") {
        @Override
        Ends make() {
            return sessions(ProviderSet.CORRETTO);
        }
    },
    JSSE("SslHandler, JSSE") {
        @Override
        Ends make() throws Exception {
            return tls(SslProvider.JDK);
        }
    },
    TCNATIVE("SslHandler, tcnative") {
        @Override
        Ends make() throws Exception {
            OpenSsl.ensureAvailability();
            return tls(SslProvider.OPENSSL);
        }
    },
    PLAIN("no encryption") {
        @Override
        Ends make() {
            return new Ends() {
                @Override
                public void secure(Channel channel, boolean client) {}

                @Override
                public Future<?> handshake(Channel channel) {
                    return channel.newSucceededFuture();
                }
            };
        }
    };

    private static final String VERSION = "TLSv1.3";

    private final String label;

    NettyStack(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    /** Generates the identities of both ends. */
    abstract Ends make() throws Exception;

    /** Both ends of connections. */
    interface Ends {
        void secure(Channel channel, boolean client);

        /** Returns a future that completes when the handshake of the channel is finished. */
        Future<?> handshake(Channel channel);
    }

    private static Ends sessions(ProviderSet set) {
        SecureSessions ends = SecureSessions.using(set);
        SecureSessionOptions options = SecureSessionOptions.defaults();
        PeerId server = ends.server.identity().id();
        return new Ends() {
            @Override
            public void secure(Channel channel, boolean client) {
                channel.pipeline()
                        .addLast(
                                client
                                        ? SecureSessionHandler.client(ends.client, server, options)
                                        : SecureSessionHandler.server(ends.server, options))
                        .addLast(new SecureStreamHandler());
            }

            @Override
            public Future<?> handshake(Channel channel) {
                return handler(channel.pipeline(), SecureSessionHandler.class).handshake();
            }
        };
    }

    private static Ends tls(SslProvider provider) throws Exception {
        Certificates client = Certificates.generate("client");
        Certificates server = Certificates.generate("server");
        SslContext clientContext = SslContextBuilder.forClient()
                .sslProvider(provider)
                .protocols(VERSION)
                .keyManager(client.privateKey(), client.certificate())
                .trustManager(server.certificate())
                .endpointIdentificationAlgorithm(null)
                .build();
        SslContext serverContext = SslContextBuilder.forServer(server.privateKey(), server.certificate())
                .sslProvider(provider)
                .protocols(VERSION)
                .trustManager(client.certificate())
                .clientAuth(ClientAuth.REQUIRE)
                .sessionCacheSize(1)
                .build();
        return new Ends() {
            @Override
            public void secure(Channel channel, boolean isClient) {
                channel.pipeline().addLast((isClient ? clientContext : serverContext).newHandler(channel.alloc()));
            }

            @Override
            public Future<?> handshake(Channel channel) {
                return handler(channel.pipeline(), SslHandler.class).handshakeFuture();
            }
        };
    }

    private static <T extends io.netty.channel.ChannelHandler> T handler(ChannelPipeline pipeline, Class<T> type) {
        T found = pipeline.get(type);
        if (found == null) {
            throw new IllegalStateException("the connection was closed during the handshake");
        }
        return found;
    }
}

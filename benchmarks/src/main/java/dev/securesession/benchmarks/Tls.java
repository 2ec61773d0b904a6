package dev.securesession.benchmarks;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.conscrypt.Conscrypt;

/** Mutual TLS 1.3 by a pair of engines, each with a P-256 certificate, without session resumption. Not thread-safe. */
final class Tls implements Contender {
    /** Size of the buffers: more than two records of any engine. */
    private static final int FLIGHT = 1 << 16;

    private static final String[] VERSION = {"TLSv1.3"};

    private final Callable<SSLEngine> clients;
    private final Callable<SSLEngine> servers;
    private final IntFunction<ByteBuffer> allocator;
    private final ByteBuffer toServer;
    private final ByteBuffer toClient;
    private final ByteBuffer payload;

    private Tls(Callable<SSLEngine> clients, Callable<SSLEngine> servers, IntFunction<ByteBuffer> allocator) {
        this.clients = clients;
        this.servers = servers;
        this.allocator = allocator;
        toServer = allocator.apply(FLIGHT);
        toClient = allocator.apply(FLIGHT);
        payload = allocator.apply(FLIGHT);
    }

    static Tls jsse() throws Exception {
        return ofContexts(() -> SSLContext.getInstance("TLSv1.3", "SunJSSE"), ByteBuffer::allocate);
    }

    static Tls conscrypt() throws Exception {
        return ofContexts(() -> SSLContext.getInstance("TLSv1.3", Conscrypt.newProvider()), ByteBuffer::allocateDirect);
    }

    static Tls tcnative() throws Exception {
        OpenSsl.ensureAvailability();
        Certificates client = Certificates.generate("client");
        Certificates server = Certificates.generate("server");
        SslContext clientContext = SslContextBuilder.forClient()
                .sslProvider(SslProvider.OPENSSL)
                .protocols(VERSION)
                .keyManager(client.privateKey(), client.certificate())
                .trustManager(server.certificate())
                .endpointIdentificationAlgorithm(null)
                .build();
        SslContext serverContext = SslContextBuilder.forServer(server.privateKey(), server.certificate())
                .sslProvider(SslProvider.OPENSSL)
                .protocols(VERSION)
                .trustManager(client.certificate())
                .clientAuth(ClientAuth.REQUIRE)
                .build();
        return new Tls(
                () -> clientContext.newEngine(UnpooledByteBufAllocator.DEFAULT),
                () -> serverContext.newEngine(UnpooledByteBufAllocator.DEFAULT),
                ByteBuffer::allocateDirect);
    }

    private static Tls ofContexts(Callable<SSLContext> maker, IntFunction<ByteBuffer> allocator) throws Exception {
        Certificates client = Certificates.generate("client");
        Certificates server = Certificates.generate("server");
        SSLContext clientContext = maker.call();
        clientContext.init(client.keyManagers(), server.trustManagers(), null);
        SSLContext serverContext = maker.call();
        serverContext.init(server.keyManagers(), client.trustManagers(), null);
        return new Tls(
                () -> {
                    SSLEngine engine = clientContext.createSSLEngine();
                    engine.setUseClientMode(true);
                    engine.setEnabledProtocols(VERSION);
                    return engine;
                },
                () -> {
                    SSLEngine engine = serverContext.createSSLEngine();
                    engine.setUseClientMode(false);
                    engine.setNeedClientAuth(true);
                    engine.setEnabledProtocols(VERSION);
                    return engine;
                },
                allocator);
    }

    @Override
    public Engines connect() throws Exception {
        Engines engines = new Engines(clients.call(), servers.call(), allocator);
        engines.handshake(toServer, toClient, payload);
        return engines;
    }

    /** A client and a server engine, with the records passed from one to the other. */
    static final class Engines implements Connection {
        private static final int MAX_STEPS = 1000;
        private static final int MAX_RECORD_PAYLOAD = 1 << 14;

        private final SSLEngine client;
        private final SSLEngine server;
        private final IntFunction<ByteBuffer> allocator;

        Engines(SSLEngine client, SSLEngine server, IntFunction<ByteBuffer> allocator) {
            this.client = client;
            this.server = server;
            this.allocator = allocator;
        }

        SSLEngine server() {
            return server;
        }

        String cipherSuite() {
            return client.getSession().getCipherSuite();
        }

        /** Passes records until both handshakes are finished and no record is pending, session tickets included. */
        private void handshake(ByteBuffer toServer, ByteBuffer toClient, ByteBuffer payload) throws SSLException {
            toServer.clear();
            toClient.clear();
            client.beginHandshake();
            server.beginHandshake();
            boolean moved = true;
            for (int steps = 0; moved || isHandshaking(client) || isHandshaking(server); steps++) {
                if (steps > MAX_STEPS) {
                    throw new SSLException("the handshake does not finish: " + client.getHandshakeStatus() + ", "
                            + server.getHandshakeStatus());
                }
                moved = step(client, toClient, toServer, payload);
                moved |= step(server, toServer, toClient, payload);
            }
            // Both calls throw if the peer has not presented a certificate.
            client.getSession().getPeerCertificates();
            server.getSession().getPeerCertificates();
        }

        private static boolean isHandshaking(SSLEngine engine) {
            HandshakeStatus status = engine.getHandshakeStatus();
            return status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED;
        }

        private static boolean step(SSLEngine engine, ByteBuffer in, ByteBuffer out, ByteBuffer payload)
                throws SSLException {
            HandshakeStatus status = engine.getHandshakeStatus();
            if (status == HandshakeStatus.NEED_TASK) {
                for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                    task.run();
                }
                return true;
            }
            if (status == HandshakeStatus.NEED_WRAP) {
                payload.clear().limit(0);
                return engine.wrap(payload, out).bytesProduced() > 0;
            }
            in.flip();
            payload.clear();
            // After a task some engines need another call without input.
            boolean ask = in.hasRemaining() || status == HandshakeStatus.NEED_UNWRAP;
            boolean moved = ask && engine.unwrap(in, payload).bytesConsumed() > 0;
            in.compact();
            return moved;
        }

        @Override
        public RoundTrip roundTrip(int size) {
            int record = client.getSession().getPacketBufferSize();
            int records = size / MAX_RECORD_PAYLOAD + 1;
            ByteBuffer payload = allocator.apply(size);
            ByteBuffer wrapped = allocator.apply(size + records * (record - MAX_RECORD_PAYLOAD) + record);
            ByteBuffer unwrapped = allocator.apply(size + server.getSession().getApplicationBufferSize());
            return () -> {
                payload.clear();
                wrapped.clear();
                unwrapped.clear();
                while (payload.hasRemaining()) {
                    requireOk(client.wrap(payload, wrapped));
                }
                wrapped.flip();
                while (wrapped.hasRemaining()) {
                    requireOk(server.unwrap(wrapped, unwrapped));
                }
                return unwrapped.position();
            };
        }

        private static void requireOk(SSLEngineResult result) throws SSLException {
            if (result.getStatus() != SSLEngineResult.Status.OK) {
                throw new SSLException("an engine returned the unexpected result " + result);
            }
        }

        @Override
        public void close() {
            client.closeOutbound();
            server.closeOutbound();
            ReferenceCountUtil.release(client);
            ReferenceCountUtil.release(server);
        }
    }
}

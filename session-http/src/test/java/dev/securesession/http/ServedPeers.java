package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import dev.securesession.testsupport.NoLeaks;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** A server over HTTP of either kind, and clients of it, which may be slow. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
abstract class ServedPeers {
    static final PeerId SERVER = PeerId.ofUtf8("server");

    @Parameter
    ServerKind kind;

    private final IdentityKeyPair serverKeys = IdentityKeyPair.generate();
    private final IdentityKeyPair clientKeys = IdentityKeyPair.generate();
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final HttpClientOptions clientOptions;
    private final List<Socket> slow = new ArrayList<>();
    ServerKind.Running server;

    ServedPeers(HttpClientOptions clientOptions) {
        this.clientOptions = clientOptions;
    }

    @AfterEach
    void end() throws IOException {
        for (Socket socket : slow) {
            socket.close();
        }
        server.close();
        executor.shutdownNow();
    }

    void serve(HttpServerOptions options, RequestHandler handler) throws Exception {
        PeerDirectory everybody = peer -> List.of(clientKeys.publicKey());
        SessionConfig config = SessionConfig.of(LocalIdentity.of(SERVER, serverKeys.privateKey()), everybody);
        server = kind.start(config, handler, options, executor, 0);
    }

    /** Returns a socket that is closed after the test. */
    Socket slowSocket() {
        Socket socket = new Socket();
        slow.add(socket);
        return socket;
    }

    private SessionConfig config(String peer) {
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8(peer), clientKeys.privateKey()),
                PeerDirectory.of(SERVER, serverKeys.publicKey()));
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.port() + "/api");
    }

    HttpSessionClient client(String peer) {
        return client(peer, clientOptions);
    }

    HttpSessionClient client(String peer, HttpClientOptions options) {
        return HttpSessionClient.of(address(), config(peer), SERVER, http, options);
    }

    byte[] send(String peer, byte[] request) throws Exception {
        try (HttpSessionClient client = client(peer)) {
            return client.send(request);
        }
    }

    Session establish(String peer) throws Exception {
        try (Handshake handshake = Handshake.client(config(peer), SERVER)) {
            HttpResponse<byte[]> second = post(HttpRequest.newBuilder(), handshake.start());
            String token = second.headers().firstValue(Token.HEADER).orElseThrow();
            byte[] third = handshake.receive(second.body()).message().orElseThrow();
            HttpResponse<byte[]> fourth = post(HttpRequest.newBuilder().header(Token.HEADER, token), third);
            assertThat(fourth.statusCode()).isEqualTo(Status.OK);
            HandshakeStep step = handshake.receive(fourth.body());
            return new Session(token, Exchange.over(((HandshakeStep.Established) step).session()));
        }
    }

    HttpResponse<byte[]> post(HttpRequest.Builder request, byte[] message) throws Exception {
        return http.send(
                request.uri(URI.create(address() + "/handshake"))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(message))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    /** Returns the head of a request with a session. */
    static String head(String token, int length) {
        return "POST /api/exchange HTTP/1.1\r\nHost: a\r\nSecure-Session: " + token + "\r\nContent-Length: " + length
                + "\r\n\r\n";
    }

    static void await(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
            Thread.onSpinWait();
        }
    }

    /** An established session and its token. */
    static final class Session {
        final String token;
        final Exchange exchange;

        Session(String token, Exchange exchange) {
            this.token = token;
            this.exchange = exchange;
        }
    }
}

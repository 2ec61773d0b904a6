package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.Handshake;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.InetAddress;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Peers that send long requests slowly, over several sessions, leave room for others. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
class RequestBytesOfPeersTest {
    private static final PeerId SERVER = PeerId.ofUtf8("server");
    private static final int WITHHELD_LENGTH = 500_000;

    @Parameter
    ServerKind kind;

    private final IdentityKeyPair serverKeys = IdentityKeyPair.generate();
    private final IdentityKeyPair clientKeys = IdentityKeyPair.generate();
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<Socket> slow = new ArrayList<>();
    private ServerKind.Running server;

    @AfterEach
    void end() throws IOException {
        for (Socket socket : slow) {
            socket.close();
        }
        server.close();
        executor.shutdownNow();
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.ACCEPTS)
    void onePeerWithManySessionsLeavesRoomForAnother() throws Exception {
        serve(HttpServerOptions.defaults());
        for (int i = 0; i < 16; i++) {
            withhold(establish("slow"));
        }

        assertThat(send("quick", new byte[WITHHELD_LENGTH])).hasSize(WITHHELD_LENGTH);
        assertThat(server.counters().requestBytes()).as("of both").isLessThanOrEqualTo(3 * 1024 * 1024);
    }

    /** Whoever sees the tokens of a peer sends requests with them, which count for that peer. */
    @Test
    void aStrangerWithATokenLeavesRoomForItsPeer() throws Exception {
        serve(HttpServerOptions.defaults().withRequestBytesLimitPerPeer(1_100_000));
        try (HttpSessionClient client = client("peer")) {
            client.send(new byte[1]);
            String token = establish("peer");
            withhold(token);
            withhold(token);

            assertThat(client.send(new byte[200_000])).hasSize(200_000);
            assertThat(server.counters().evicted()).isEqualTo(1);
        }
    }

    @Test
    void peersThatHoldAllOfItMakeRoomForOneThatHoldsLess() throws Exception {
        serve(HttpServerOptions.defaults().withRequestBytesLimit(1_100_000));
        withhold(establish("one"));
        withhold(establish("another"));

        assertThat(send("quick", new byte[200_000])).hasSize(200_000);
        assertThat(server.counters().evicted()).isEqualTo(1);
        assertThat(server.counters().requestBytes()).isLessThanOrEqualTo(1_100_000);
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void onePeerGetsNoRoomFromThoseThatHoldLess() throws Exception {
        serve(HttpServerOptions.defaults().withRequestBytesLimit(1_100_000));
        withhold(establish("one"));
        withhold(establish("another"));

        assertThat(catchThrowableOfType(RequestUncertainException.class, () -> send("greedy", new byte[900_000])))
                .isNotNull();
        assertThat(server.counters().turnedAway()).isEqualTo(1);
    }

    private void serve(HttpServerOptions options) throws Exception {
        PeerDirectory everybody = peer -> List.of(clientKeys.publicKey());
        SessionConfig config = SessionConfig.of(LocalIdentity.of(SERVER, serverKeys.privateKey()), everybody);
        server = kind.start(config, (peer, request) -> request, options, executor, 0);
    }

    private SessionConfig config(String peer) {
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8(peer), clientKeys.privateKey()),
                PeerDirectory.of(SERVER, serverKeys.publicKey()));
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + server.port() + "/api");
    }

    private HttpSessionClient client(String peer) {
        return HttpSessionClient.of(address(), config(peer), SERVER, http, HttpClientOptions.defaults());
    }

    private byte[] send(String peer, byte[] request) throws Exception {
        try (HttpSessionClient client = client(peer)) {
            return client.send(request);
        }
    }

    /** Establishes a session and returns its token. */
    private String establish(String peer) throws Exception {
        try (Handshake handshake = Handshake.client(config(peer), SERVER)) {
            HttpResponse<byte[]> second = post(HttpRequest.newBuilder(), handshake.start());
            String token = second.headers().firstValue(Token.HEADER).orElseThrow();
            byte[] third = handshake.receive(second.body()).message().orElseThrow();
            assertThat(post(HttpRequest.newBuilder().header(Token.HEADER, token), third)
                            .statusCode())
                    .isEqualTo(Status.OK);
            return token;
        }
    }

    private HttpResponse<byte[]> post(HttpRequest.Builder request, byte[] message) throws Exception {
        return http.send(
                request.uri(URI.create(address() + "/handshake"))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(message))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    /** Sends all but the last byte of a request, and waits until it has arrived. */
    private void withhold(String token) throws IOException {
        long start = System.nanoTime();
        long before = server.counters().requestBytes();
        long evicted = server.counters().evicted();
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        slow.add(socket);
        socket.getOutputStream()
                .write(("POST /api/exchange HTTP/1.1\r\nHost: a\r\nSecure-Session: " + token + "\r\nContent-Length: "
                                + WITHHELD_LENGTH + "\r\n\r\n")
                        .getBytes(US_ASCII));
        socket.getOutputStream().write(new byte[WITHHELD_LENGTH - 1]);
        while (server.counters().requestBytes() < before + WITHHELD_LENGTH
                && server.counters().evicted() == evicted) {
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
            Thread.onSpinWait();
        }
    }
}

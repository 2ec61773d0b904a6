package dev.securesession.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Failure;
import dev.securesession.testkit.Pair;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests, answers, failures, and the life of sessions, without anybody hostile. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
class HttpSessionTest {
    @Parameter
    ServerKind server;

    private static final RequestHandler ECHO = (peer, request) -> request;

    @Test
    @Rule(value = "HT-1", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "HT-2", kind = Rule.Kind.ACCEPTS)
    void answersTheAuthenticatedPeer() throws Exception {
        RequestHandler greeter = (peer, request) -> bytes("hello, " + peer + ", " + text(request));
        try (Peers peers = server.serving(greeter);
                HttpSessionClient client = peers.client()) {
            assertThat(text(client.send(bytes("good morning")))).isEqualTo("hello, \"client\", good morning");
            assertThat(text(client.send(bytes("good night")))).isEqualTo("hello, \"client\", good night");

            peers.awaitNoRequests();
            assertThat(peers.sessions().counters().established()).isEqualTo(1);
            assertThat(peers.sessions().counters().halfOpen()).isZero();
            assertThat(peers.sessions().counters().requestBytes()).isZero();
        }
    }

    @Test
    @Rule(value = "HT-3", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "HT-3", kind = Rule.Kind.REFUSES)
    void carriesEmptyAndLongBodies() throws Exception {
        HttpServerOptions options =
                HttpServerOptions.defaults().withMaxRequestLength(100_000).withMaxAnswerLength(100_000);
        try (Peers peers = server.serving(ECHO, options);
                HttpSessionClient client =
                        peers.client(peers.uri(), HttpClientOptions.defaults().withMaxAnswerLength(100_000))) {
            for (int length : new int[] {0, 1, 4043, 4095, 4096, 65_536, 100_000}) {
                assertThat(client.send(new byte[length])).hasSize(length);
            }
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(new byte[100_001]))
                            .status())
                    .hasValue(413);
        }
    }

    @Test
    @Rule(value = "HT-5", kind = Rule.Kind.ACCEPTS)
    void answersFiftyRequestsAtTheSameTime() throws Exception {
        CyclicBarrier allArrived = new CyclicBarrier(50);
        RequestHandler together = (peer, request) -> {
            allArrived.await(30, TimeUnit.SECONDS);
            return bytes("answer to " + text(request));
        };
        try (Peers peers = server.serving(together);
                HttpSessionClient client = peers.client()) {
            List<CompletableFuture<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                answers.add(client.sendAsync(bytes("request " + i), Repetition.NEVER));
            }

            for (int i = 0; i < 50; i++) {
                assertThat(text(answers.get(i).get(30, TimeUnit.SECONDS))).isEqualTo("answer to request " + i);
            }
            assertThat(peers.sessions().counters().established()).isEqualTo(1);
            assertThat(peers.calls).hasValue(50);
        }
    }

    @Test
    void tellsTheFailureOfTheApplication() throws Exception {
        RequestHandler failing = (peer, request) -> {
            throw new RequestFailedException(404, "no such item");
        };
        try (Peers peers = server.serving(failing);
                HttpSessionClient client = peers.client()) {
            RequestFailedException failure =
                    catchThrowableOfType(RequestFailedException.class, () -> client.send(bytes("item 7")));

            assertThat(failure.code()).isEqualTo(404);
            assertThat(failure.reason()).isEqualTo("no such item");
            assertThat(peers.sessions().counters().handlerFailures()).isZero();
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new RequestFailedException(255, "reserved"));
    }

    @Test
    void tellsNoDetailsOfAnUnexpectedFailure() throws Exception {
        RequestHandler broken = (peer, request) -> {
            throw new IllegalStateException("the password of the database is 1234");
        };
        try (Peers peers = server.serving(broken);
                HttpSessionClient client = peers.client()) {
            RequestFailedException failure =
                    catchThrowableOfType(RequestFailedException.class, () -> client.send(bytes("a")));

            assertThat(failure.code()).isEqualTo(Failure.INTERNAL);
            assertThat(failure).hasMessageNotContaining("1234");
            assertThat(peers.sessions().counters().handlerFailures()).isEqualTo(1);
        }
    }

    @Test
    void aHandlerThatReturnsNullHasFailed() throws Exception {
        try (Peers peers = server.serving((peer, request) -> null);
                HttpSessionClient client = peers.client()) {
            for (int i = 0; i < 2; i++) {
                RequestFailedException failure =
                        catchThrowableOfType(RequestFailedException.class, () -> client.send(bytes("a")));

                assertThat(failure).isNotNull();
                assertThat(failure.code()).isEqualTo(Failure.INTERNAL);
            }
            assertThat(peers.sessions().counters().handlerFailures()).isEqualTo(2);
            peers.awaitNoRequests();
        }
    }

    @Test
    void tellsThatAnAnswerIsTooLong() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults().withMaxAnswerLength(10);
        try (Peers peers = server.serving((peer, request) -> new byte[11], options);
                HttpSessionClient client = peers.client()) {
            assertThat(catchThrowableOfType(RequestFailedException.class, () -> client.send(bytes("a")))
                            .code())
                    .isEqualTo(Failure.ANSWER_TOO_LONG);
        }
    }

    @Test
    void refusesAResponseThatIsTooLong() throws Exception {
        try (Peers peers = server.serving((peer, request) -> new byte[50_000]);
                HttpSessionClient client =
                        peers.client(peers.uri(), HttpClientOptions.defaults().withMaxAnswerLength(49_999))) {
            assertThatThrownBy(() -> client.send(bytes("a")))
                    .isInstanceOf(RequestUncertainException.class)
                    .hasMessageContaining("which is the limit");
        }
    }

    @Test
    void refusesAnotherServer() throws Exception {
        try (Peers peers = server.serving(ECHO)) {
            PeerDirectory other = PeerDirectory.of(
                    Peers.serverId(), IdentityKeyPair.generate().publicKey());
            try (HttpSessionClient client =
                    HttpSessionClient.of(peers.uri(), peers.pair.client().withDirectory(other), Peers.serverId())) {
                assertThat(catchThrowableOfType(HandshakeException.class, () -> client.send(bytes("secret")))
                                .reason())
                        .isEqualTo(HandshakeException.Reason.BAD_SIGNATURE);
            }
            assertThat(peers.calls).hasValue(0);
        }
    }

    @Test
    @Rule(value = "HT-5", kind = Rule.Kind.REFUSES)
    void refusesAnUnknownClient() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = HttpSessionClient.of(
                        peers.uri(),
                        SessionConfig.of(
                                LocalIdentity.of(
                                        Pair.CLIENT_ID,
                                        IdentityKeyPair.generate().privateKey()),
                                PeerDirectory.of(
                                        Peers.serverId(),
                                        peers.pair.server().identity().publicKey())),
                        Peers.serverId())) {
            assertThatThrownBy(() -> client.send(bytes("a")))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(RequestUncertainException.class)
                    .hasMessageContaining("403")
                    .hasMessageContaining("no request was sent");
        }
    }

    @Test
    void tellsThatNothingWasSentWithoutAConnection() throws Exception {
        int port;
        try (ServerSocket closed = new ServerSocket(0)) {
            port = closed.getLocalPort();
        }
        URI address = URI.create("http://127.0.0.1:" + port + "/api");
        try (HttpSessionClient client =
                HttpSessionClient.of(address, Pair.create().client(), Peers.serverId())) {
            assertThatThrownBy(() -> client.send(bytes("a")))
                    .isInstanceOf(ConnectException.class)
                    .hasMessageContainingAll("no connection to " + address, "refused");
        }
    }

    @Test
    void beginsANewSessionBeforeTheServerForgetsTheOldOne() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client()) {
            client.send(bytes("a"));
            peers.pair.clock().moveBy(Duration.ofMinutes(5));
            client.send(bytes("b"));
            assertThat(peers.sessions().counters().established()).isEqualTo(2);

            for (int minute = 0; minute < 12 * 60; minute += 4) {
                peers.pair.clock().moveBy(Duration.ofMinutes(4));
                client.send(bytes("c"));
            }
            assertThat(peers.sessions().counters().established()).isEqualTo(3);
        }
    }

    @Test
    void expiresIdleAndOldSessionsAtTheServer() throws Exception {
        HttpClientOptions patient =
                HttpClientOptions.defaults().withIdleTimeout(Duration.ofDays(2)).withLifetime(Duration.ofDays(2));
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(peers.uri(), patient)) {
            client.send(bytes("a"));
            peers.pair.clock().moveBy(Duration.ofMinutes(10).minusSeconds(1));
            client.send(bytes("b"));
            peers.pair.clock().moveBy(Duration.ofMinutes(10));
            peers.sessions().counters();
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("c")))
                            .status())
                    .hasValue(401);
            assertThat(peers.sessions().counters().sessions()).isZero();

            client.send(bytes("d"));
            for (int minute = 0; minute < 24 * 60 - 9; minute += 9) {
                peers.pair.clock().moveBy(Duration.ofMinutes(9));
                client.send(bytes("e"));
            }
            peers.pair.clock().moveBy(Duration.ofMinutes(9));
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("f")))
                            .status())
                    .hasValue(401);
            assertThat(peers.sessions().counters().sessions()).isZero();
        }
    }

    @Test
    void restartedServerGetsANewHandshake() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client()) {
            client.send(bytes("before"));
            peers.restart();

            // The status is not authentic: only the caller may say that acting twice does no harm.
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("pay")))
                            .status())
                    .satisfiesAnyOf(
                            status -> assertThat(status).hasValue(401),
                            status -> assertThat(status).isEmpty());
            peers.restart();
            assertThat(text(client.send(bytes("read"), Repetition.HARMLESS))).isEqualTo("read");
            assertThat(text(client.send(bytes("read again")))).isEqualTo("read again");
        }
    }

    @Test
    @SuppressWarnings("try") // Closes on purpose before the end.
    void closedPeerAndClosedHandlerEndSessions() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client()) {
            client.send(bytes("a"));
            assertThat(peers.sessions().closePeer(Pair.CLIENT_ID)).isEqualTo(1);
            assertThat(peers.sessions().closePeer(Pair.CLIENT_ID)).isZero();
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("b")))
                            .status())
                    .hasValue(401);

            client.send(bytes("c"));
            assertThat(peers.sessions()).hasToString("HTTP handler with 1 sessions and 0 half-open handshakes");
            peers.sessions().closeSessions();
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("d")))
                            .status())
                    .hasValue(503);
            client.close();
            client.close();
            assertThatThrownBy(() -> client.send(bytes("e"))).isInstanceOf(IllegalStateException.class);
        }
    }

    /** Closing a peer ends its handshakes as well: it would get a session otherwise after its key was withdrawn. */
    @Test
    void aPeerThatIsClosedDuringItsHandshakeGetsNoSession() throws Exception {
        Pair pair = Pair.create();
        HttpSessions sessions = new HttpSessions(pair.server(), ECHO, HttpServerOptions.defaults());
        try (Handshake client = Handshake.client(pair.client(), Pair.SERVER_ID)) {
            Response second = sessions.begin("here", client.start());
            byte[] third = client.receive(second.message).message().orElseThrow();
            assertThat(sessions.closePeer(Pair.CLIENT_ID)).isZero();

            assertThat(sessions.confirm(String.valueOf(second.token), third).status)
                    .isEqualTo(Status.UNKNOWN_TOKEN);
        } finally {
            sessions.close();
        }
    }

    @Test
    void refusesWrongAddressesAndConfigurations() {
        Pair pair = Pair.create();
        for (String address : List.of("ftp://host/api", "api", "http://host/api?a=b", "http://host/api#a")) {
            assertThatIllegalArgumentException()
                    .as(address)
                    .isThrownBy(() -> HttpSessionClient.of(URI.create(address), pair.client(), Peers.serverId()))
                    .withMessageContaining(address);
        }
        Pair asking = Pair.create().askingForKeys();
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> HttpSessionClient.of(URI.create("http://host/api"), asking.client(), Peers.serverId()))
                .withMessageContaining("directory");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HttpSessionHandler.of(asking.server(), ECHO))
                .withMessageContaining("directory");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }

    /** A server that sends the head of its answer and then one byte less than it has announced. */
    @Test
    void anAnswerThatNeverEndsTimesOut() throws Exception {
        Pair pair = Pair.create();
        try (ServerSocket slow = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                HttpSessionClient client = HttpSessionClient.of(
                        URI.create("http://127.0.0.1:" + slow.getLocalPort() + "/"),
                        pair.client(),
                        Pair.SERVER_ID,
                        HttpClient.newHttpClient(),
                        HttpClientOptions.defaults().withHandshakeTimeout(Duration.ofMillis(300)))) {
            for (int attempt = 0; attempt < 2; attempt++) {
                CompletableFuture<byte[]> answer = client.sendAsync(new byte[1], Repetition.NEVER);
                try (Socket accepted = slow.accept()) {
                    accepted.getInputStream().read(new byte[10_000]);
                    accepted.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx".getBytes(UTF_8));

                    assertThatExceptionOfType(ExecutionException.class)
                            .isThrownBy(() -> answer.get(20, TimeUnit.SECONDS))
                            .withCauseInstanceOf(HttpTimeoutException.class)
                            .withMessageContaining("not complete after 300 ms");
                }
            }
        }
    }
}

package dev.securesession.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.EarlyData;
import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import dev.securesession.testkit.Pair;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The first request of a session, sent together with message 3. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
class EarlyRequestTest {
    private static final HttpClientOptions EARLY = HttpClientOptions.defaults().withEarlyRequests();
    private static final RequestHandler ECHO = (peer, request) -> request;

    @Parameter
    ServerKind server;

    private final Queue<String> paths = new ConcurrentLinkedQueue<>();

    @Test
    @Rule(value = "HT-8", kind = Rule.Kind.ACCEPTS)
    void theFirstRequestTravelsWithTheLastHandshakeMessage() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(peers.behind(this::pass), EARLY)) {
            assertThat(client.send(bytes("first"))).isEqualTo(bytes("first"));
            assertThat(paths).containsExactly("/handshake", "/first");
            assertThat(client.send(bytes("second"))).isEqualTo(bytes("second"));
            assertThat(paths).containsExactly("/handshake", "/first", "/exchange");
            assertThat(peers.sessions().counters().established()).isEqualTo(1);
            assertThat(peers.calls).hasValue(2);
        }
    }

    @Test
    void aRequestWithoutRoomTravelsAlone() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(peers.behind(this::pass), EARLY)) {
            byte[] request = new byte[HttpFront.MAX_HANDSHAKE_BODY_LENGTH];
            assertThat(client.send(request)).isEqualTo(request);
            assertThat(paths).containsExactly("/handshake", "/handshake", "/exchange");
        }
    }

    @Test
    void theLongestRequestThatHasRoomTravelsEarly() throws Exception {
        try (Peers peers = server.serving(ECHO)) {
            for (int spare = 220; spare >= 200; spare--) {
                try (HttpSessionClient client = peers.client(peers.behind(this::pass), EARLY)) {
                    byte[] request = new byte[HttpFront.MAX_HANDSHAKE_BODY_LENGTH - spare];
                    assertThat(client.send(request)).isEqualTo(request);
                }
            }
            assertThat(paths).contains("/first");
        }
    }

    @Test
    void tellsTheFailureOfTheApplication() throws Exception {
        RequestHandler failing = (peer, request) -> {
            throw new RequestFailedException(404, "no such item");
        };
        try (Peers peers = server.serving(failing);
                HttpSessionClient client = peers.client(peers.uri(), EARLY)) {
            assertThat(catchThrowableOfType(RequestFailedException.class, () -> client.send(bytes("item 7")))
                            .code())
                    .isEqualTo(404);
            assertThat(catchThrowableOfType(RequestFailedException.class, () -> client.send(bytes("item 8")))
                            .code())
                    .isEqualTo(404);
            assertThat(peers.sessions().counters().established()).isEqualTo(1);
        }
    }

    @Test
    void othersWaitForTheSessionThatItBegins() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        RequestHandler waiting = (peer, request) -> {
            arrived.countDown();
            free.await(30, TimeUnit.SECONDS);
            return request;
        };
        try (Peers peers = server.serving(waiting);
                HttpSessionClient client = peers.client(peers.behind(this::pass), EARLY)) {
            CompletableFuture<byte[]> first = client.sendAsync(bytes("1"), Repetition.NEVER);
            assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<byte[]> second = client.sendAsync(bytes("2"), Repetition.NEVER);
            assertThat(paths).containsExactly("/handshake", "/first");
            free.countDown();
            assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo(bytes("1"));
            assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo(bytes("2"));
            assertThat(paths).containsExactly("/handshake", "/first", "/exchange");
        }
    }

    /** What anybody on the way may do to the two messages: nothing is acted upon, and a repetition never twice. */
    @Test
    @Rule(value = "HT-8", kind = Rule.Kind.REFUSES)
    void actsOnTheRequestOnlyAfterTheHandshakeAndOnce() throws Exception {
        try (Peers peers = server.serving(ECHO);
                Handshake handshake = peers.pair.beginAsClient()) {
            HttpResponse<byte[]> second = peers.post("/handshake", null, handshake.start());
            String token = second.headers().firstValue(Token.HEADER).orElseThrow();
            byte[] message3 = handshake.receive(second.body()).message().orElseThrow();
            EarlyData early = handshake.earlyData().orElseThrow();
            byte[] request = Exchange.requestEarly(early, bytes("pay")).message();
            byte[] body = FirstBody.join(message3, request);

            assertThat(status(peers, token, flipped(body, 2 + message3.length - 1)))
                    .as("message 3 was altered")
                    .isEqualTo(Status.BAD_MESSAGE);
            assertThat(status(peers, token, new byte[0])).isEqualTo(Status.BAD_MESSAGE);
            assertThat(status(peers, token, new byte[] {0, 0, 1})).isEqualTo(Status.BAD_MESSAGE);
            assertThat(status(peers, token, Arrays.copyOf(body, 2 + message3.length)))
                    .as("nothing behind message 3")
                    .isEqualTo(Status.BAD_MESSAGE);
            assertThat(status(peers, token, new byte[HttpFront.MAX_HANDSHAKE_BODY_LENGTH + 1]))
                    .isEqualTo(Status.TOO_LONG);
            assertThat(status(peers, "A".repeat(32), body)).isEqualTo(Status.UNKNOWN_TOKEN);
            assertThat(status(peers, null, body)).isEqualTo(Status.UNKNOWN_TOKEN);
            assertThat(peers.calls).hasValue(0);
            assertThat(peers.sessions().counters().halfOpen()).isEqualTo(1);

            assertThat(status(peers, token, body)).isEqualTo(Status.OK);
            assertThat(peers.calls).hasValue(1);
            assertThat(status(peers, token, body)).as("again").isEqualTo(Status.UNKNOWN_TOKEN);
            assertThat(peers.post("/exchange", token, request).statusCode())
                    .as("the request alone, again")
                    .isEqualTo(Status.REPEATED);
            assertThat(peers.calls).hasValue(1);
        }
    }

    @Test
    void aRequestThatIsNotAuthenticIsNotActedUpon() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(
                        peers.behind(call -> {
                            if (call.path().equals("/first")) {
                                call.body()[call.body().length - 1] ^= 1;
                            }
                            return call.forward();
                        }),
                        EARLY)) {
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("pay")))
                            .status())
                    .hasValue(Status.BAD_MESSAGE);
            assertThat(peers.calls).hasValue(0);
        }
    }

    /** The parts of the response: its length field, message 4, the answer. */
    @ParameterizedTest
    @ValueSource(strings = {"length", "message 4", "answer", "no answer", "nothing"})
    @Rule(value = "HT-8", kind = Rule.Kind.REFUSES)
    void aResponseThatWasChangedLeavesTheRequestUncertain(String part) throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(
                        peers.behind(call -> {
                            HostileProxy.Reply reply = call.forward();
                            return call.path().equals("/first")
                                    ? new HostileProxy.Reply(reply.status, reply.token, changed(reply.body, part))
                                    : reply;
                        }),
                        EARLY)) {
            CompletableFuture<byte[]> first = client.sendAsync(bytes("pay"), Repetition.NEVER);
            assertThatThrownBy(() -> first.get(30, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(RequestUncertainException.class);
            assertThat(peers.calls).hasValue(1);
        }
    }

    private static byte[] changed(byte[] body, String part) {
        int length = ByteBuffer.wrap(body).getShort();
        return switch (part) {
            case "length" -> flipped(body, 1);
            case "message 4" -> flipped(body, 1 + length);
            case "answer" -> flipped(body, body.length - 1);
            case "no answer" -> Arrays.copyOf(body, 2 + length);
            default -> new byte[0];
        };
    }

    /** Requests that wait for the session have not been sent, whatever becomes of the one that begins it. */
    @Test
    void othersLearnThatNothingWasSent() throws Exception {
        CountDownLatch waits = new CountDownLatch(1);
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(
                        peers.behind(call -> {
                            paths.add(call.path());
                            if (call.path().equals("/first")) {
                                waits.await(30, TimeUnit.SECONDS);
                                return new HostileProxy.Reply(503, null, new byte[0]);
                            }
                            return call.forward();
                        }),
                        EARLY)) {
            CompletableFuture<byte[]> first = client.sendAsync(bytes("1"), Repetition.NEVER);
            CompletableFuture<byte[]> second = client.sendAsync(bytes("2"), Repetition.NEVER);
            waits.countDown();
            assertThatThrownBy(() -> first.get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(RequestUncertainException.class);
            assertThatThrownBy(() -> second.get(30, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(RequestUncertainException.class)
                    .hasMessageContaining("no request was sent");
        }
    }

    @Test
    void nothingIsSentToAnotherServer() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = HttpSessionClient.of(
                        peers.behind(this::pass),
                        peers.pair
                                .client()
                                .withDirectory(PeerDirectory.of(
                                        Peers.serverId(),
                                        IdentityKeyPair.generate().publicKey())),
                        Peers.serverId(),
                        HttpClient.newHttpClient(),
                        EARLY)) {
            assertThatThrownBy(() -> client.send(bytes("secret"))).isInstanceOf(HandshakeException.class);
            assertThat(paths).containsExactly("/handshake");
        }
    }

    /** The server knows the id of the client, but another key: it refuses message 1, before anything was sent early. */
    @Test
    void anUnknownClientIsRefusedBeforeItsRequest() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = HttpSessionClient.of(
                        peers.behind(this::pass),
                        SessionConfig.of(
                                LocalIdentity.of(
                                        Pair.CLIENT_ID,
                                        IdentityKeyPair.generate().privateKey()),
                                PeerDirectory.of(
                                        Peers.serverId(),
                                        peers.pair.server().identity().publicKey())),
                        Peers.serverId(),
                        HttpClient.newHttpClient(),
                        EARLY)) {
            assertThatThrownBy(() -> client.send(bytes("a"))).hasMessageContaining("no request was sent");
            assertThat(paths).containsExactly("/handshake");
        }
    }

    @Test
    void repeatsWhatDoesNoHarm() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client(
                        peers.behind(call -> {
                            paths.add(call.path());
                            HostileProxy.Reply reply = call.forward();
                            return paths.size() == 2 ? new HostileProxy.Reply(503, null, new byte[0]) : reply;
                        }),
                        EARLY)) {
            assertThat(client.send(bytes("read"), Repetition.HARMLESS)).isEqualTo(bytes("read"));
            assertThat(paths).containsExactly("/handshake", "/first", "/handshake", "/first");
            assertThat(peers.calls).hasValue(2);
        }
    }

    private HostileProxy.Reply pass(HostileProxy.Call call) throws IOException, InterruptedException {
        paths.add(call.path());
        return call.forward();
    }

    private static int status(Peers peers, String token, byte[] body) throws IOException, InterruptedException {
        return peers.post("/first", token, body).statusCode();
    }

    private static byte[] flipped(byte[] bytes, int at) {
        byte[] copy = bytes.clone();
        copy[at] ^= 1;
        return copy;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}

package dev.securesession.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.MessageRejectedException;
import dev.securesession.exchange.ExchangeException;
import dev.securesession.http.HostileProxy.Reply;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import java.net.URI;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Exchanger;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Somebody hostile carries the HTTP: swaps, repeats, drops, makes up. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
class HostileNetworkTest {
    @Parameter
    ServerKind server;

    private static final RequestHandler ECHO = (peer, request) -> request;

    @Test
    void refusesSwappedAnswers() throws Exception {
        Exchanger<Reply> swap = new Exchanger<>();
        try (Peers peers = server.serving(ECHO)) {
            URI address = peers.behind(
                    call -> isRequest(call) ? swap.exchange(call.forward(), 30, TimeUnit.SECONDS) : call.forward());
            try (HttpSessionClient client = peers.client(address)) {
                CompletableFuture<byte[]> balance = client.sendAsync(bytes("balance"), Repetition.NEVER);
                CompletableFuture<byte[]> limit = client.sendAsync(bytes("limit"), Repetition.NEVER);

                assertThat(failureOf(balance)).isInstanceOf(RequestUncertainException.class);
                assertThat(failureOf(balance).getCause()).isInstanceOf(ExchangeException.class);
                assertThat(failureOf(limit).getCause()).isInstanceOf(ExchangeException.class);
            }
        }
    }

    @Test
    @Rule(value = "HT-5", kind = Rule.Kind.REFUSES)
    void actsOnceOnARequestThatIsRepeatedOnTheWay() throws Exception {
        AtomicReference<Reply> second = new AtomicReference<>();
        try (Peers peers = server.serving(ECHO)) {
            URI address = peers.behind(call -> {
                Reply first = call.forward();
                if (isRequest(call)) {
                    second.set(call.forward());
                }
                return first;
            });
            try (HttpSessionClient client = peers.client(address)) {
                assertThat(client.send(bytes("pay"))).isEqualTo(bytes("pay"));
            }
            assertThat(second.get().status).isEqualTo(409);
            assertThat(second.get().body).isEmpty();
            assertThat(peers.calls).hasValue(1);
        }
    }

    @Test
    @Rule(value = "HT-7", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "HT-7", kind = Rule.Kind.REFUSES)
    void doesNotRepeatByItselfWhenTheAnswerIsLost() throws Exception {
        try (Peers peers = server.serving(ECHO)) {
            URI address = peers.behind(call -> {
                Reply reply = call.forward();
                if (isRequest(call)) {
                    throw new java.io.IOException("dropped");
                }
                return reply;
            });
            try (HttpSessionClient client = peers.client(address)) {
                assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("pay")))
                                .status())
                        .isEmpty();
                assertThat(peers.calls).hasValue(1);

                assertThatThrownBy(() -> client.send(bytes("read"), Repetition.HARMLESS))
                        .isInstanceOf(RequestUncertainException.class);
                assertThat(peers.calls).as("once more, as a new request").hasValue(3);
            }
        }
    }

    /** Whoever carries the HTTP lets the request act and says that the session is unknown. */
    @Test
    @Rule(value = "HT-7", kind = Rule.Kind.REFUSES)
    void doesNotRepeatByItselfForAStatusThatAnyoneCanMake() throws Exception {
        for (int status : new int[] {400, 401, 403, 409, 413, 429, 500, 503}) {
            try (Peers peers = server.serving(ECHO)) {
                URI address = peers.behind(call -> {
                    Reply reply = call.forward();
                    return isRequest(call) ? new Reply(status, null, new byte[0]) : reply;
                });
                try (HttpSessionClient client = peers.client(address)) {
                    assertThat(catchThrowableOfType(RequestUncertainException.class, () -> client.send(bytes("pay")))
                                    .status())
                            .hasValue(status);
                    assertThat(peers.calls).hasValue(1);
                }
            }
        }
    }

    @Test
    void refusesAnswersOfAnotherSessionAndChangedOnes() throws Exception {
        AtomicReference<byte[]> kept = new AtomicReference<>();
        try (Peers peers = server.serving(ECHO)) {
            URI keeping = peers.behind(call -> {
                Reply reply = call.forward();
                kept.set(reply.body);
                return reply;
            });
            URI replacing = peers.behind(call -> {
                Reply reply = call.forward();
                return isRequest(call) ? new Reply(200, null, kept.get()) : reply;
            });
            URI changing = peers.behind(call -> {
                Reply reply = call.forward();
                if (isRequest(call)) {
                    reply.body[reply.body.length - 1] ^= 1;
                }
                return reply;
            });
            try (HttpSessionClient one = peers.client(keeping);
                    HttpSessionClient two = peers.client(replacing);
                    HttpSessionClient three = peers.client(changing)) {
                one.send(bytes("yes"));

                assertThatThrownBy(() -> two.send(bytes("question")))
                        .isInstanceOf(RequestUncertainException.class)
                        .hasCauseInstanceOf(MessageRejectedException.class);
                assertThatThrownBy(() -> three.send(bytes("question")))
                        .isInstanceOf(RequestUncertainException.class)
                        .hasCauseInstanceOf(MessageRejectedException.class);
            }
        }
    }

    @Test
    void refusesARepeatedAnswer() throws Exception {
        AtomicReference<Reply> first = new AtomicReference<>();
        try (Peers peers = server.serving(ECHO)) {
            URI address = peers.behind(call -> {
                Reply reply = call.forward();
                if (!isRequest(call)) {
                    return reply;
                }
                first.compareAndSet(null, reply);
                return first.get();
            });
            try (HttpSessionClient client = peers.client(address)) {
                assertThat(client.send(bytes("a"))).isEqualTo(bytes("a"));
                assertThatThrownBy(() -> client.send(bytes("b")))
                        .isInstanceOf(RequestUncertainException.class)
                        .hasCauseInstanceOf(MessageRejectedException.class);
            }
        }
    }

    @Test
    @Rule(value = "HT-2", kind = Rule.Kind.REFUSES)
    @Rule(value = "HT-5", kind = Rule.Kind.REFUSES)
    void tokenAuthenticatesNothing() throws Exception {
        AtomicReference<String> token = new AtomicReference<>();
        try (Peers peers = server.serving(ECHO)) {
            URI address = peers.behind(call -> {
                Reply reply = call.forward();
                if (reply.token != null) {
                    token.set(reply.token);
                }
                return reply;
            });
            try (HttpSessionClient client = peers.client(address)) {
                client.send(bytes("a"));
                assertThat(token.get()).matches("[A-Za-z0-9_-]{32}");

                assertThat(peers.post("/exchange", token.get(), new byte[100]).statusCode())
                        .isEqualTo(400);
                assertThat(peers.post("/exchange", token.get(), new byte[0]).statusCode())
                        .isEqualTo(400);
                assertThat(client.send(bytes("b"))).as("the session goes on").isEqualTo(bytes("b"));
            }
            assertThat(peers.calls).hasValue(2);
        }
    }

    @Test
    @Rule(value = "HT-1", kind = Rule.Kind.REFUSES)
    @Rule(value = "HT-2", kind = Rule.Kind.REFUSES)
    @Rule(value = "HT-3", kind = Rule.Kind.REFUSES)
    void knowsNoForgedToken() throws Exception {
        try (Peers peers = server.serving(ECHO);
                HttpSessionClient client = peers.client()) {
            client.send(bytes("a"));
            for (String token : Arrays.asList(null, "", "x", "A".repeat(32), "A".repeat(5_000))) {
                assertThat(peers.post("/exchange", token, new byte[100]).statusCode())
                        .as("token of " + (token == null ? "no" : token.length()) + " characters")
                        .isEqualTo(401);
            }
            assertThat(peers.post("/handshake", "A".repeat(32), new byte[100]).statusCode())
                    .isEqualTo(401);
            assertThat(peers.post("/handshake", null, new byte[100]).statusCode())
                    .isEqualTo(400);
            assertThat(peers.post("/handshake", null, new byte[20_000]).statusCode())
                    .isEqualTo(413);
            assertThat(peers.post("/else", null, new byte[1]).statusCode()).isEqualTo(404);
            assertThat(peers.http
                            .send(
                                    java.net.http.HttpRequest.newBuilder(URI.create(peers.uri() + "/exchange"))
                                            .build(),
                                    java.net.http.HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(405);
        }
    }

    /** A handshake whose messages 2 and 4 come from nowhere ends without a request. */
    @Test
    void refusesAMadeUpHandshake() throws Exception {
        try (Peers peers = server.serving(ECHO)) {
            URI withoutToken = peers.behind(call -> new Reply(200, null, call.forward().body));
            URI withoutMessage = peers.behind(call -> new Reply(200, "A".repeat(32), new byte[] {1}));
            try (HttpSessionClient one = peers.client(withoutToken);
                    HttpSessionClient two = peers.client(withoutMessage)) {
                assertThatThrownBy(() -> one.send(bytes("a"))).isInstanceOf(java.net.ProtocolException.class);
                assertThatThrownBy(() -> two.send(bytes("a"))).isInstanceOf(dev.securesession.HandshakeException.class);
            }
            assertThat(peers.calls).hasValue(0);
        }
    }

    private static Throwable failureOf(CompletableFuture<byte[]> answer) {
        return catchThrowableOfType(ExecutionException.class, () -> answer.get(30, TimeUnit.SECONDS))
                .getCause();
    }

    private static boolean isRequest(HostileProxy.Call call) {
        return call.path().equals("/exchange");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}

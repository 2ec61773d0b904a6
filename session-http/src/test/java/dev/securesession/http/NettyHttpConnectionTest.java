package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.Handshake;
import dev.securesession.testkit.Pair;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** One connection to a server on Netty: how its bytes arrive, and what it may not do. */
@Timeout(60)
@ExtendWith(NoLeaks.class)
class NettyHttpConnectionTest {
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 ([0-9]{3})");
    private static final Duration TRANSFER = Duration.ofSeconds(10);

    private final Pair pair = Pair.create();
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private NettyHttpSessions sessions = sessions(Runnable::run);
    private EmbeddedChannel channel = connect();

    private NettyHttpSessions sessions(Executor executor) {
        return NettyHttpSessions.of(
                pair.server(),
                (peer, request) -> request,
                executor,
                HttpServerOptions.defaults().withTransferTimeout(TRANSFER).withRequestLimit(3));
    }

    private EmbeddedChannel connect() {
        EmbeddedChannel made = new EmbeddedChannel(new HttpServerCodec(), sessions.newHandler("/api"));
        made.freezeTime();
        return made;
    }

    /** Replaces the server by one whose messages wait until the test runs them. */
    private void answerLater(Executor executor) {
        end();
        sessions = sessions(executor);
        channel = connect();
    }

    @AfterEach
    void end() {
        channel.finishAndReleaseAll();
        assertThat(sessions.counters().requests()).as("requests at the end").isZero();
        assertThat(sessions.counters().requestBytes()).as("their bytes").isZero();
        sessions.close();
    }

    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.ACCEPTS)
    void answersHoweverTheBytesAreSplit() {
        byte[] request = handshake(message1());
        for (int length = 1; length <= request.length; length++) {
            for (int at = 0; at < request.length; at += length) {
                send(request, at, Math.min(length, request.length - at));
            }
            assertThat(response()).as("in parts of " + length).startsWith("HTTP/1.1 200 OK");
        }
        assertThat(channel.isActive()).isTrue();
    }

    @Test
    void answersRequestsInTheirOrder() {
        answerLater(tasks::add);
        send(handshake(message1()));
        send(request("GET", "/api/handshake", "", ""));
        send(request("POST", "/elsewhere", "", "body"));

        assertThat(response()).as("while the first is being answered").isEmpty();
        assertThat(channel.config().isAutoRead()).isFalse();
        run();
        assertThat(statuses(response())).containsExactly(200, 405, 404);
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void thousandsOfRequestsInOneReadDoNotOverflowTheStack() {
        byte[] one = request("POST", "/elsewhere", "", "");
        ByteBuf all = channel.alloc().buffer();
        for (int i = 0; i < 5_000; i++) {
            all.writeBytes(one);
        }
        channel.writeInbound(all);

        assertThat(statuses(response())).hasSize(5_000).containsOnly(404);
    }

    @Test
    void closesAfterTheResponseIfTheClientWantsIt() {
        send(request("POST", "/api/handshake", "Connection: close\r\n", "no message"));

        assertThat(response()).startsWith("HTTP/1.1 400").contains("connection: close");
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void discardsTheRestOfARefusedRequestUpToALimit() {
        String token = Token.HEADER + ": " + "A".repeat(32) + "\r\n";
        send(request("POST", "/api/exchange", token, "x".repeat(64 * 1024)));
        assertThat(statuses(response())).containsExactly(401);
        assertThat(channel.isActive()).isTrue();

        send(request("POST", "/api/exchange", token, "x".repeat(64 * 1024 + 1)));
        assertThat(statuses(response())).containsExactly(401);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void refusesALongHandshakeMessage() {
        send(request("POST", "/api/handshake", "", "x".repeat(16 * 1024 + 1)));

        assertThat(statuses(response())).containsExactly(413);
        assertThat(sessions.counters().turnedAway()).isEqualTo(1);
    }

    @Test
    void asksForABodyOnlyIfItIsWanted() {
        byte[] whole = request("POST", "/api/handshake", "Expect: 100-continue\r\n", "abc");
        send(whole, 0, whole.length - 3);
        assertThat(response()).startsWith("HTTP/1.1 100 Continue");
        send(whole, whole.length - 3, 3);
        assertThat(statuses(response())).containsExactly(400);

        byte[] refused = request("POST", "/api/exchange", "Expect: 100-continue\r\n", "abc");
        send(refused, 0, refused.length - 3);
        assertThat(statuses(response())).containsExactly(401);
        assertThat(channel.isActive())
                .as("it is not known whether the body follows")
                .isFalse();
    }

    @Test
    void refusesWhatIsNotHttp() {
        send("\u0016\u0003\u0001 this is TLS\r\n\r\n".getBytes(US_ASCII));
        assertThat(statuses(response())).containsExactly(400);
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void refusesUnknownPaths() {
        for (String path : new String[] {"/", "/api", "/apihandshake", "/api/handshake/", "/a%zz", "*"}) {
            send(request("POST", path, "", ""));
            assertThat(statuses(response())).as(path).containsExactly(404);
        }
        send(request("POST", "http://host/api/handshake?a=b", "", ""));
        assertThat(statuses(response())).as("an absolute address").containsExactly(400);
        for (String path : new String[] {"api", "/api/", "/"}) {
            assertThatIllegalArgumentException().as(path).isThrownBy(() -> sessions.newHandler(path));
        }
    }

    @Test
    void closesAConnectionThatSendsNoHead() {
        advance(Duration.ofSeconds(30).minusMillis(1));
        assertThat(channel.isActive()).isTrue();
        send("POST /api".getBytes(US_ASCII));
        advance(Duration.ofMillis(1));
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.REFUSES)
    void closesAConnectionWhoseBodyTrickles() {
        send(request("POST", "/api/handshake", "", "x".repeat(100)), 0, 80);
        for (int i = 0; i < 9; i++) {
            advance(Duration.ofSeconds(1));
            send(new byte[] {'x'});
        }
        assertThat(channel.isActive()).isTrue();
        assertThat(sessions.counters().requests()).isEqualTo(1);

        advance(Duration.ofSeconds(1));
        assertThat(channel.isActive()).isFalse();
        assertThat(sessions.counters().requests()).isZero();
    }

    @Test
    void anAnswerMayTakeLongerThanATransfer() {
        answerLater(tasks::add);
        send(handshake(message1()));
        advance(TRANSFER.multipliedBy(10));
        run();

        assertThat(statuses(response())).containsExactly(200);
    }

    @Test
    void aRequestWhoseConnectionIsGoneHoldsItsPlaceUntilItIsAnswered() {
        answerLater(tasks::add);
        send(handshake(message1()));
        channel.close();
        assertThat(sessions.counters().requests()).isEqualTo(1);

        run();
        assertThat(sessions.counters().requests()).isZero();
    }

    @Test
    void refusesWhatTheExecutorRejects() {
        answerLater(task -> {
            throw new RejectedExecutionException("full");
        });
        send(handshake(message1()));

        assertThat(statuses(response())).containsExactly(503);
        assertThat(channel.isActive()).isTrue();
    }

    @Test
    void limitsTheRequestsOfAllConnections() {
        answerLater(tasks::add);
        EmbeddedChannel[] others = {connect(), connect(), connect()};
        for (EmbeddedChannel other : others) {
            other.writeInbound(Unpooled.wrappedBuffer(handshake(message1())));
        }
        send(handshake(message1()));
        assertThat(statuses(response())).containsExactly(503);

        run();
        for (EmbeddedChannel other : others) {
            other.runPendingTasks();
        }
        send(handshake(message1()));
        run();
        assertThat(statuses(response())).containsExactly(200);
        for (EmbeddedChannel other : others) {
            other.finishAndReleaseAll();
        }
    }

    @Test
    void closedSessionsRefuse() {
        sessions.close();
        send(handshake(message1()));

        assertThat(statuses(response())).containsExactly(503);
        assertThat(sessions).hasToString("HTTP handler with 0 sessions and 0 half-open handshakes");
    }

    private byte[] message1() {
        try (Handshake handshake = pair.beginAsClient()) {
            return handshake.start();
        }
    }

    private static byte[] handshake(byte[] message) {
        byte[] head = ("POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: " + message.length + "\r\n\r\n")
                .getBytes(US_ASCII);
        ByteBuf whole = Unpooled.wrappedBuffer(head, message);
        byte[] bytes = new byte[whole.readableBytes()];
        whole.readBytes(bytes);
        return bytes;
    }

    private static byte[] request(String method, String path, String headers, String body) {
        return (method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "Content-Length: " + body.length()
                        + "\r\n\r\n" + body)
                .getBytes(US_ASCII);
    }

    private void send(byte[] bytes) {
        send(bytes, 0, bytes.length);
    }

    private void send(byte[] bytes, int at, int length) {
        channel.writeInbound(channel.alloc().buffer(length).writeBytes(bytes, at, length));
    }

    private void advance(Duration duration) {
        channel.advanceTimeBy(duration.toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
    }

    private void run() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
        channel.runPendingTasks();
    }

    /** Returns what the server has sent since the last call. */
    private String response() {
        StringBuilder text = new StringBuilder();
        channel.runPendingTasks();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            text.append(part.toString(US_ASCII));
            part.release();
        }
        return text.toString();
    }

    private static int[] statuses(String responses) {
        return STATUS.matcher(responses)
                .results()
                .mapToInt(found -> Integer.parseInt(found.group(1)))
                .toArray();
    }
}

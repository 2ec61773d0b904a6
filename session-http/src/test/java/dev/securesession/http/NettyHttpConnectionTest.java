package dev.securesession.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.exchange.Exchange;
import dev.securesession.testkit.Pair;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
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
    private String token = "";

    private NettyHttpSessions sessions(Executor executor) {
        return sessions(executor, HttpServerOptions.defaults().withRequestLimit(3));
    }

    private NettyHttpSessions sessions(Executor executor, HttpServerOptions options) {
        return NettyHttpSessions.of(
                pair.server(), (peer, request) -> request, executor, options.withTransferTimeout(TRANSFER));
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
        assertThat(sessions.counters().waiting()).as("waiting at the end").isZero();
        assertThat(sessions.counters().requestBytes()).as("their bytes").isZero();
        assertThat(sessions.counters().answerBytes()).as("those of answers").isZero();
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
        assertThat(response()).startsWith("HTTP/1.1 401").contains("connection: close");
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
    void closesAnIdleConnection() {
        advance(Duration.ofSeconds(60).minusMillis(1));
        assertThat(channel.isActive()).isTrue();
        advance(Duration.ofMillis(1));
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void closesAConnectionWhoseHeadTrickles() {
        advance(Duration.ofSeconds(30));
        send("POST /api".getBytes(US_ASCII));
        for (int i = 0; i < 9; i++) {
            advance(Duration.ofSeconds(1));
            send(new byte[] {'x'});
        }
        assertThat(channel.isActive()).isTrue();
        advance(Duration.ofSeconds(1));
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void everyHeadHasItsOwnTime() {
        byte[] request = request("POST", "/elsewhere", "", "");
        for (int i = 0; i < 20; i++) {
            send(request, 0, 10);
            advance(Duration.ofSeconds(9));
            send(request, 10, request.length - 10);
            assertThat(statuses(response())).containsExactly(404);
        }
        assertThat(channel.isActive()).isTrue();
    }

    /** A head that came together with the request before it: its time begins with the response to that one. */
    @Test
    void theTimeOfAHeadThatWasHeldBackBeginsWhenItIsWanted() {
        answerLater(tasks::add);
        send(handshake(message1()));
        send("POST /api".getBytes(US_ASCII));
        advance(Duration.ofSeconds(30));
        run();
        assertThat(statuses(response())).containsExactly(200);
        advance(Duration.ofSeconds(10).minusMillis(1));
        assertThat(channel.isActive()).isTrue();
        advance(Duration.ofMillis(1));
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void holdsLittleWhileAResponseIsOnItsWay() {
        for (int length : new int[] {8 * 1024, 8 * 1024 + 1}) {
            answerLater(tasks::add);
            send(handshake(message1()));
            send(new byte[length]);
            assertThat(channel.isActive()).as(length + " bytes").isEqualTo(length == 8 * 1024);
            run();
        }
    }

    @Test
    void aFurtherConnectionClosesTheOneThatHasWaitedForTheLongestTime() {
        limitConnections(HttpServerOptions.defaults().withConnectionLimit(3));
        EmbeddedChannel[] others = {connect(), connect()};
        send(request("POST", "/elsewhere", "", ""));
        assertThat(statuses(response())).containsExactly(404);

        EmbeddedChannel fourth = connect();
        assertThat(others[0].isActive())
                .as("the eldest, since the first has had a request")
                .isFalse();
        assertThat(others[1].isActive()).isTrue();
        assertThat(channel.isActive()).isTrue();
        assertThat(fourth.isActive()).isTrue();
        end(others);
        end(fourth);
        connect().close();
        assertThat(connect().isActive()).as("there is room again").isTrue();
    }

    @Test
    void aFurtherConnectionClosesOneOfItsAddress() {
        limitConnections(HttpServerOptions.defaults().withConnectionLimitPerAddress(2));
        EmbeddedChannel[] others = {connect(), connect()};
        assertThat(channel.isActive()).isFalse();
        assertThat(others[0].isActive()).isTrue();
        assertThat(others[1].isActive()).isTrue();
        end(others);
    }

    @Test
    void aConnectionWithARequestInProgressIsNotClosed() {
        end();
        sessions = sessions(tasks::add, HttpServerOptions.defaults().withConnectionLimit(1));
        channel = connect();
        send(handshake(message1()));
        EmbeddedChannel second = connect();
        assertThat(second.isActive()).as("nobody else waits").isFalse();
        run();
        assertThat(statuses(response())).containsExactly(200);

        EmbeddedChannel third = connect();
        assertThat(third.isActive()).isTrue();
        assertThat(channel.isActive()).isFalse();
        end(second, third);
    }

    @Test
    void headsThatAreNotCompleteHoldALimitedNumberOfBytesTogether() {
        int length = 3 * 1024;
        int room = NettyHttpConnections.MAX_HEAD_BYTES / length;
        EmbeddedChannel[] others = new EmbeddedChannel[room + 1];
        byte[] head = ("POST /elsewhere HTTP/1.1\r\nA: " + "x".repeat(length))
                .substring(0, length)
                .getBytes(US_ASCII);
        for (int i = 0; i < others.length; i++) {
            others[i] = connect();
            assertThat(others[0].isActive()).isTrue();
            others[i].writeInbound(Unpooled.wrappedBuffer(head));
        }
        assertThat(others[0].isActive()).as("the eldest with a head").isFalse();
        assertThat(others[1].isActive()).isTrue();
        assertThat(channel.isActive())
                .as("waits even longer, and holds nothing")
                .isTrue();

        // A head that is complete holds nothing any more.
        others[1].writeInbound(Unpooled.wrappedBuffer("\r\nContent-Length: 0\r\n\r\n".getBytes(US_ASCII)));
        EmbeddedChannel another = connect();
        another.writeInbound(Unpooled.wrappedBuffer(head));
        assertThat(others[2].isActive()).isTrue();
        end(others);
        end(another);
    }

    private void limitConnections(HttpServerOptions options) {
        end();
        sessions = sessions(Runnable::run, options);
        channel = connect();
    }

    private static void end(EmbeddedChannel... channels) {
        for (EmbeddedChannel each : channels) {
            each.finishAndReleaseAll();
        }
    }

    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.REFUSES)
    void closesAConnectionWhoseBodyTrickles() {
        send(request("POST", "/api/handshake", "", "x".repeat(100)), 0, 80);
        // A handshake message has 5 s, whatever a transfer has.
        for (int i = 0; i < 4; i++) {
            advance(Duration.ofSeconds(1));
            send(new byte[] {'x'});
        }
        assertThat(channel.isActive()).isTrue();
        assertThat(sessions.counters().waiting()).isEqualTo(1);
        assertThat(sessions.counters().requests()).isZero();

        advance(Duration.ofSeconds(1));
        assertThat(channel.isActive()).isFalse();
        assertThat(sessions.counters().waiting()).isZero();
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

    /** PROTOCOL.md HT-6: established peers are served while strangers keep the server busy. */
    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.ACCEPTS)
    void handshakesThatAreAnsweredLeaveRoomForSessions() throws Exception {
        end();
        sessions = sessions(tasks::add, HttpServerOptions.defaults().withRequestLimit(4));
        channel = connect();
        Exchange exchange = establish();
        EmbeddedChannel[] strangers = {connect(), connect(), connect(), connect()};
        for (EmbeddedChannel stranger : strangers) {
            stranger.writeInbound(Unpooled.wrappedBuffer(handshake(message1())));
        }

        send(post("/exchange", token, exchange.request(new byte[1]).message()));
        run();
        assertThat(statuses(response())).containsExactly(200);
        for (EmbeddedChannel stranger : strangers) {
            stranger.finishAndReleaseAll();
        }
    }

    /** The owner of an IPv6 address has all addresses of its network. */
    @Test
    void addressesOfOneIpv6NetworkCountAsOne() throws Exception {
        limitConnections(HttpServerOptions.defaults().withConnectionLimitPerAddress(2));
        EmbeddedChannel[] one = {connect("2001:db8::1"), connect("2001:db8::2"), connect("2001:db8:0:1::1")};
        assertThat(one[0].isActive()).isTrue();

        EmbeddedChannel third = connect("2001:db8::ffff:3");
        assertThat(one[0].isActive()).isFalse();
        assertThat(one[1].isActive()).isTrue();
        assertThat(one[2].isActive()).isTrue();
        end(one);
        end(third);
    }

    /** A client that withholds the body of a refused request holds no more than one that withholds any other. */
    @Test
    void theBodyOfARefusedRequestIsAwaitedOnlyWhileThereIsRoom() {
        limitConnections(HttpServerOptions.defaults().withRequestLimitPerAddress(2));
        EmbeddedChannel[] others = {connect(), connect(), connect()};
        byte[] refused = request("POST", "/elsewhere", "", "x".repeat(100));
        for (EmbeddedChannel other : others) {
            other.writeInbound(Unpooled.wrappedBuffer(refused, 0, refused.length - 1));
        }
        others[0].runPendingTasks();

        assertThat(others[0].isActive()).as("the one that has waited longest").isFalse();
        assertThat(others[1].isActive()).isTrue();
        assertThat(others[2].isActive()).isTrue();
        end(others);
    }

    private EmbeddedChannel connect(String address) throws UnknownHostException {
        SocketAddress remote = new InetSocketAddress(InetAddress.getByName(address), 1234);
        return new EmbeddedChannel(new HttpServerCodec(), sessions.newHandler("/api")) {
            @Override
            protected SocketAddress remoteAddress0() {
                return remote;
            }
        };
    }

    /** Establishes a session over the channel; the executor waits for the test. */
    private Exchange establish() throws Exception {
        Handshake client = pair.beginAsClient();
        send(post("/handshake", "", client.start()));
        run();
        byte[] second = responseBytes();
        token = header(second, Token.HEADER);
        send(post("/handshake", token, client.receive(body(second)).message().orElseThrow()));
        run();
        HandshakeStep step = client.receive(body(responseBytes()));
        return Exchange.over(((HandshakeStep.Established) step).session());
    }

    private static byte[] post(String path, String sessionToken, byte[] message) {
        String header = sessionToken.isEmpty() ? "" : Token.HEADER + ": " + sessionToken + "\r\n";
        byte[] head = ("POST /api" + path + " HTTP/1.1\r\nHost: a\r\n" + header + "Content-Length: " + message.length
                        + "\r\n\r\n")
                .getBytes(US_ASCII);
        return ByteBuffer.allocate(head.length + message.length)
                .put(head)
                .put(message)
                .array();
    }

    private byte[] responseBytes() {
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        return ByteBufUtil.getBytes(all);
    }

    private static String header(byte[] response, String name) {
        Matcher found = Pattern.compile("(?i)" + name + ": (.+)\r\n").matcher(new String(response, ISO_8859_1));
        assertThat(found.find()).isTrue();
        return found.group(1);
    }

    private static byte[] body(byte[] response) {
        int end = new String(response, ISO_8859_1).indexOf("\r\n\r\n");
        return Arrays.copyOfRange(response, end + 4, response.length);
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
        return post("/handshake", "", message);
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

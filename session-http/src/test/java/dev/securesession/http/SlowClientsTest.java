package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Clients that do not send what they began, or do not read what they asked for, refuse nobody else. */
class SlowClientsTest extends ServedPeers {
    /** More than the operating system holds for a connection whose client does not read. */
    private static final int ANSWER_LENGTH = 8_000_000;

    private static final HttpServerOptions OPTIONS = HttpServerOptions.defaults()
            .withMaxAnswerLength(ANSWER_LENGTH)
            .withAnswerBytesLimit(10L * ANSWER_LENGTH)
            .withAnswerBytesLimitPerPeer(10L * ANSWER_LENGTH);

    SlowClientsTest() {
        super(HttpClientOptions.defaults().withMaxAnswerLength(ANSWER_LENGTH));
    }

    /** As many as there are places for requests, each address with as many as it may have. */
    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.ACCEPTS)
    void requestsThatDoNotArriveRefuseNobody() throws Exception {
        HttpServerOptions options =
                HttpServerOptions.defaults().withRequestLimit(8).withRequestLimitPerAddress(2);
        serve(options);
        try (HttpSessionClient established = client("peer")) {
            established.send(new byte[1]);
            for (int i = 0; i < options.requestLimit(); i++) {
                connect(
                        2 + i / 2,
                        0,
                        "POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n" + "x".repeat(i % 2));
            }
            await(() -> server.counters().waiting() == options.requestLimit());

            assertThat(post(HttpRequest.newBuilder(), new byte[1]).statusCode())
                    .as("a malformed handshake message, which is read")
                    .isEqualTo(Status.BAD_MESSAGE);
            assertThat(established.send(new byte[2])).hasSize(2);
            assertThat(send("new peer", new byte[3])).hasSize(3);
            assertThat(server.counters().turnedAway()).isZero();
            assertThat(server.counters().evicted()).isPositive();
        }
    }

    /** Requests of strangers make no room at the expense of one with a session, however slow it is. */
    @Test
    void strangersDoNotDisplaceASlowRequestWithASession() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults().withRequestLimit(4);
        serve(options);
        Session session = establish("slow");
        byte[] message = session.exchange.request(new byte[10]).message();
        Socket half = connect(1, 0, head(session.token, message.length));
        half.getOutputStream().write(message, 0, 1);
        await(() -> server.counters().waiting() == 1);
        for (int i = 0; i < 3 * options.requestLimit(); i++) {
            connect(1, 0, "POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
        }
        await(() -> server.counters().evicted() == 2L * options.requestLimit());

        half.getOutputStream().write(message, 1, message.length - 1);
        assertThat(new String(half.getInputStream().readNBytes(12), US_ASCII)).isEqualTo("HTTP/1.1 200");
    }

    /** The answers that a peer does not read are its own, and the oldest of them makes room for the next. */
    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void theOldestAnswerThatItsPeerDoesNotReadIsGivenUp() throws Exception {
        long limit = 2 * ANSWER_LENGTH + 1000;
        serve(OPTIONS.withAnswerBytesLimitPerPeer(limit));
        Session session = establish("slow");
        Socket first = ask(session);
        await(() -> server.counters().answerBytes() > ANSWER_LENGTH);
        ask(session);
        await(() -> server.counters().answerBytes() > 2 * ANSWER_LENGTH);
        ask(session);
        await(() -> server.counters().evicted() == 1);

        assertThat(server.counters().answerBytes()).isLessThanOrEqualTo(limit);
        assertThat(readAll(first)).as("closed before its end").isLessThan(ANSWER_LENGTH);
        assertThat(send("another", new byte[] {1})).hasSize(ANSWER_LENGTH);
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void answersThatManyPeersDoNotReadMakeRoomForOneThatReads() throws Exception {
        long limit = 2 * ANSWER_LENGTH + 1000;
        serve(OPTIONS.withAnswerBytesLimit(limit));
        Session greedy = establish("greedy");
        ask(greedy);
        ask(greedy);
        await(() -> server.counters().answerBytes() > 2 * ANSWER_LENGTH);

        assertThat(send("another", new byte[] {1})).hasSize(ANSWER_LENGTH);
        assertThat(server.counters().evicted()).isEqualTo(1);
        assertThat(server.counters().answerBytes()).isLessThanOrEqualTo(limit);
    }

    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.REFUSES)
    void aResponseThatIsNotReadHasADeadline() throws Exception {
        serve(OPTIONS.withTransferTimeout(Duration.ofMillis(300)));
        Socket socket = ask(establish("slow"));
        await(() -> server.counters().answered() == 1);
        await(() -> {
            HttpServerCounters now = server.counters();
            return now.requests() + now.waiting() == 0 && now.answerBytes() == 0;
        });

        assertThat(readAll(socket)).as("closed before its end").isLessThan(ANSWER_LENGTH);
    }

    /** A request that begins with 1 gets a long answer. */
    private void serve(HttpServerOptions options) throws Exception {
        serve(options, (peer, request) -> request[0] == 1 ? new byte[ANSWER_LENGTH] : request);
    }

    /** Asks for a long answer, of which nothing is read. */
    private Socket ask(Session session) throws IOException {
        byte[] message = session.exchange.request(new byte[] {1}).message();
        // A small buffer, so that the answer has no room on the way.
        Socket socket = connect(1, 4096, head(session.token, message.length));
        socket.getOutputStream().write(message);
        return socket;
    }

    /** Connects from an address 127.0.0.N, and sends the beginning of a request. */
    private Socket connect(int number, int receiveBuffer, String text) throws IOException {
        Socket socket = slowSocket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        try {
            socket.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) number}), 0));
        } catch (BindException e) {
            assumeTrue(false, "one loopback address only");
        }
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.setSoTimeout(30_000);
        socket.getOutputStream().write(text.getBytes(US_ASCII));
        return socket;
    }

    /** Reads to the end of a connection, however it ends; returns how many bytes there were. */
    private static int readAll(Socket socket) {
        int length = 0;
        byte[] part = new byte[8192];
        try {
            for (int count = 0; count >= 0; count = socket.getInputStream().read(part)) {
                length += count;
            }
        } catch (IOException e) {
            // A reset, since the server has thrown away the rest.
        }
        return length;
    }
}

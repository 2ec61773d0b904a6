package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.Handshake;
import dev.securesession.testkit.Pair;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server holds is bounded, whatever arrives, and honest clients get through. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
class HttpFloodTest {
    @Parameter
    ServerKind server;

    private static final RequestHandler ECHO = (peer, request) -> request;

    @Test
    void boundsHalfOpenHandshakes() throws Exception {
        HttpServerOptions options =
                HttpServerOptions.defaults().withHalfOpenLimit(20).withHalfOpenLimitPerAddress(10);
        try (Peers peers = server.serving(ECHO, options);
                HttpSessionClient client = peers.client()) {
            List<String> tokens = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                tokens.add(beginHandshake(peers));
                assertThat(peers.sessions().counters().halfOpen()).isLessThanOrEqualTo(10);
            }
            assertThat(tokens).doesNotHaveDuplicates();
            assertThat(client.send("in between".getBytes(UTF_8))).hasSize(10);
            assertThat(peers.post("/handshake", tokens.get(0), new byte[100]).statusCode())
                    .as("displaced")
                    .isEqualTo(401);

            peers.pair.clock().moveBy(Duration.ofSeconds(30));
            assertThat(peers.post("/handshake", tokens.get(29), new byte[100]).statusCode())
                    .as("too late")
                    .isEqualTo(401);
            assertThat(peers.sessions().counters().halfOpen()).isZero();
        }
    }

    @Test
    void boundsHalfOpenHandshakesOfAllAddresses() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults().withHalfOpenLimit(5);
        try (Peers peers = server.serving(ECHO, options)) {
            for (int i = 0; i < 10; i++) {
                beginHandshake(peers);
            }
            assertThat(peers.sessions().counters().halfOpen()).isEqualTo(5);
        }
    }

    @Test
    void boundsSessions() throws Exception {
        HttpServerOptions options =
                HttpServerOptions.defaults().withSessionLimit(3).withSessionLimitPerPeer(2);
        try (Peers peers = server.serving(ECHO, options);
                HttpSessionClient first = peers.client();
                HttpSessionClient second = peers.client();
                HttpSessionClient third = peers.client()) {
            first.send(new byte[1]);
            second.send(new byte[1]);
            first.send(new byte[1]);
            third.send(new byte[1]);

            assertThat(peers.sessions().counters().sessions()).isEqualTo(2);
            assertThat(first.send(new byte[1])).as("used more recently").hasSize(1);
            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> second.send(new byte[1]))
                            .status())
                    .as("least recently used")
                    .hasValue(401);
        }
    }

    @Test
    void turnsHandshakesAwayWhileThereIsNoRoomForSessions() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults().withSessionLimit(1);
        try (Peers peers = server.serving(ECHO, options);
                HttpSessionClient client = peers.client()) {
            client.send(new byte[1]);
            assertThat(peers.post("/handshake", null, message1(peers.pair)).statusCode())
                    .isEqualTo(503);

            peers.pair.clock().moveBy(Duration.ofMinutes(10));
            assertThat(peers.post("/handshake", null, message1(peers.pair)).statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.ACCEPTS)
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void boundsRequestsAtTheSameTime() throws Exception {
        for (int status : new int[] {429, 503}) {
            CountDownLatch arrived = new CountDownLatch(2);
            CountDownLatch free = new CountDownLatch(1);
            RequestHandler waiting = (peer, request) -> {
                if (request.length > 0) {
                    arrived.countDown();
                    free.await(30, TimeUnit.SECONDS);
                }
                return request;
            };
            HttpServerOptions options = status == 429
                    ? HttpServerOptions.defaults().withRequestLimitPerAddress(2)
                    : HttpServerOptions.defaults().withRequestLimit(2);
            try (Peers peers = server.serving(waiting, options);
                    HttpSessionClient client = peers.client()) {
                client.send(new byte[0]);
                peers.awaitNoRequests();
                CompletableFuture<byte[]> one = client.sendAsync(new byte[1], Repetition.NEVER);
                CompletableFuture<byte[]> two = client.sendAsync(new byte[2], Repetition.NEVER);
                assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();

                assertThat(peers.post("/handshake", null, new byte[1]).statusCode())
                        .isEqualTo(status);

                free.countDown();
                assertThat(one.get(30, TimeUnit.SECONDS)).hasSize(1);
                assertThat(two.get(30, TimeUnit.SECONDS)).hasSize(2);
                peers.awaitNoRequests();
                assertThat(client.send(new byte[3])).hasSize(3);
                assertThat(peers.sessions().counters().turnedAway()).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void boundsTheBytesOfRequests(boolean perPeer) throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch free = new CountDownLatch(1);
        RequestHandler waiting = (peer, request) -> {
            arrived.countDown();
            free.await(30, TimeUnit.SECONDS);
            return new byte[0];
        };
        HttpServerOptions options = perPeer
                ? HttpServerOptions.defaults().withRequestBytesLimitPerPeer(300_000)
                : HttpServerOptions.defaults().withRequestBytesLimit(300_000);
        try (Peers peers = server.serving(waiting, options);
                HttpSessionClient client = peers.client();
                HttpSessionClient other = peers.client()) {
            CompletableFuture<byte[]> large = client.sendAsync(new byte[200_000], Repetition.NEVER);
            assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(peers.sessions().counters().requestBytes()).isBetween(200_000L, 300_000L);

            assertThat(catchThrowableOfType(RequestUncertainException.class, () -> other.send(new byte[200_000])))
                    .isNotNull();
            assertThat(peers.sessions().counters().turnedAway()).isEqualTo(1);
            assertThat(peers.sessions().counters().requestBytes()).isLessThanOrEqualTo(300_000);

            free.countDown();
            assertThat(large.get(30, TimeUnit.SECONDS)).isEmpty();
            peers.awaitNoRequests();
            assertThat(client.send(new byte[200_000])).isEmpty();
        }
    }

    /** The connection of a body that does not arrive is closed at the transfer timeout, and its place is free again. */
    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.REFUSES)
    void closesSlowConnections() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults()
                .withTransferTimeout(Duration.ofMillis(200))
                .withRequestLimit(4);
        try (Peers peers = server.serving(ECHO, options)) {
            List<Socket> slow = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Socket socket = new Socket(peers.uri().getHost(), peers.uri().getPort());
                slow.add(socket);
                socket.setSoTimeout(30_000);
                socket.getOutputStream()
                        .write("POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"
                                .getBytes(US_ASCII));
            }

            for (Socket socket : slow) {
                assertThat(socket.getInputStream().read())
                        .as("closed by the server")
                        .isEqualTo(-1);
                socket.close();
            }
            peers.awaitNoRequests();
            try (HttpSessionClient client = peers.client()) {
                assertThat(client.send(new byte[1])).hasSize(1);
            }
        }
    }

    /** Anybody may send such a body, and it is short. */
    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.REFUSES)
    void handshakeMessagesHaveADeadlineOfTheirOwn() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults()
                .withTransferTimeout(Duration.ofHours(1))
                .withHandshakeTransferTimeout(Duration.ofMillis(200));
        try (Peers peers = server.serving(ECHO, options);
                Socket socket = new Socket(peers.uri().getHost(), peers.uri().getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write("POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\na"
                            .getBytes(US_ASCII));

            assertThat(socket.getInputStream().read())
                    .as("closed by the server")
                    .isEqualTo(-1);
            peers.awaitNoRequests();
        }
    }

    /** The deadline is for the whole body: a byte now and then does not prolong it. */
    @Test
    @Rule(value = "HT-4", kind = Rule.Kind.REFUSES)
    void closesConnectionsWhoseBodiesTrickle() throws Exception {
        HttpServerOptions options = HttpServerOptions.defaults().withTransferTimeout(Duration.ofMillis(300));
        try (Peers peers = server.serving(ECHO, options);
                Socket socket = new Socket(peers.uri().getHost(), peers.uri().getPort())) {
            socket.getOutputStream()
                    .write("POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"
                            .getBytes(US_ASCII));
            // The time limit of a read is the pause between two bytes.
            socket.setSoTimeout(10);
            long start = System.nanoTime();
            int trickled = 0;
            while (isOpen(socket)) {
                trickled++;
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
            }

            assertThat(trickled).as("bytes that were sent one by one").isBetween(2, 9_999);
            peers.awaitNoRequests();
            assertThat(peers.sessions().counters().halfOpen()).isZero();
        }
    }

    /** Sends a byte, and tells whether the server has not closed the connection soon after. */
    private static boolean isOpen(Socket socket) {
        try {
            socket.getOutputStream().write('x');
            assertThat(socket.getInputStream().read())
                    .as("closed without a response")
                    .isEqualTo(-1);
            return false;
        } catch (SocketTimeoutException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static String beginHandshake(Peers peers) throws Exception {
        HttpResponse<byte[]> response = peers.post("/handshake", null, message1(peers.pair));
        assertThat(response.statusCode()).isEqualTo(200);
        return response.headers().firstValue(Token.HEADER).orElseThrow();
    }

    private static byte[] message1(Pair pair) {
        try (Handshake handshake = pair.beginAsClient()) {
            return handshake.start();
        }
    }
}

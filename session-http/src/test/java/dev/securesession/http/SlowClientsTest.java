package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.Handshake;
import dev.securesession.HandshakeStep;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.exchange.Exchange;
import dev.securesession.testsupport.NoLeaks;
import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Clients that do not send what they began, or do not read what they asked for, refuse nobody else. */
@Timeout(60)
@ParameterizedClass
@EnumSource(ServerKind.class)
@ExtendWith(NoLeaks.class)
class SlowClientsTest {
    private static final PeerId SERVER = PeerId.ofUtf8("server");
    /** More than the operating system holds for a connection whose client does not read. */
    private static final int ANSWER_LENGTH = 8_000_000;

    private static final HttpServerOptions OPTIONS = HttpServerOptions.defaults()
            .withMaxAnswerLength(ANSWER_LENGTH)
            .withAnswerBytesLimit(10L * ANSWER_LENGTH)
            .withAnswerBytesLimitPerPeer(10L * ANSWER_LENGTH);

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

    private void serve(HttpServerOptions options) throws Exception {
        PeerDirectory everybody = peer -> List.of(clientKeys.publicKey());
        SessionConfig config = SessionConfig.of(LocalIdentity.of(SERVER, serverKeys.privateKey()), everybody);
        // A request that begins with 1 gets a long answer.
        RequestHandler handler = (peer, request) -> request[0] == 1 ? new byte[ANSWER_LENGTH] : request;
        server = kind.start(config, handler, options, executor, 0);
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
        return HttpSessionClient.of(
                address(),
                config(peer),
                SERVER,
                http,
                HttpClientOptions.defaults().withMaxAnswerLength(ANSWER_LENGTH));
    }

    private byte[] send(String peer, byte[] request) throws Exception {
        try (HttpSessionClient client = client(peer)) {
            return client.send(request);
        }
    }

    private Session establish(String peer) throws Exception {
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

    private HttpResponse<byte[]> post(HttpRequest.Builder request, byte[] message) throws Exception {
        return http.send(
                request.uri(URI.create(address() + "/handshake"))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(message))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
    }

    /** Asks for a long answer, of which nothing is read. */
    private Socket ask(Session session) throws IOException {
        byte[] message = session.exchange.request(new byte[] {1}).message();
        // A small buffer, so that the answer has no room on the way.
        Socket socket = connect(1, 4096, head(session.token, message.length));
        socket.getOutputStream().write(message);
        return socket;
    }

    private static String head(String token, int length) {
        return "POST /api/exchange HTTP/1.1\r\nHost: a\r\nSecure-Session: " + token + "\r\nContent-Length: " + length
                + "\r\n\r\n";
    }

    /** Connects from an address 127.0.0.N, and sends the beginning of a request. */
    private Socket connect(int number, int receiveBuffer, String text) throws IOException {
        Socket socket = new Socket();
        slow.add(socket);
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

    private static void await(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
            Thread.onSpinWait();
        }
    }

    private static final class Session {
        final String token;
        final Exchange exchange;

        Session(String token, Exchange exchange) {
            this.token = token;
            this.exchange = exchange;
        }
    }
}

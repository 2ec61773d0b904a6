package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.SessionConfig;
import dev.securesession.testsupport.AttackedServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A server on Netty with a heap and direct memory of 64 MB each, and many enemies at once that send heads and bodies slowly,
 * send many requests at once, or nothing, read no response, and come back. All on this machine, and bounded.
 */
@Timeout(300)
class NettyHttpServerUnderAttackTest {
    private static final int ENEMIES = 1800;
    private static final int OPEN_AT_ONCE = 1300;
    private static final int HONEST = 30;
    private static final HttpClientOptions PATIENT = HttpClientOptions.defaults()
            .withHandshakeTimeout(Duration.ofSeconds(90))
            .withRequestTimeout(Duration.ofSeconds(90));

    private final Deque<SocketChannel> enemies = new ArrayDeque<>();
    private SessionConfig config;
    private int port;

    @AfterEach
    void end() throws IOException {
        for (SocketChannel enemy : enemies) {
            enemy.close();
        }
    }

    @Test
    void servesHonestClientsMeanwhile() throws Exception {
        try (AttackedServer server = AttackedServer.start(AttackedNettyHttpServer.class)) {
            config = server.client();
            port = server.port();
            for (int i = 0; i < ENEMIES; i++) {
                attack(i);
                if (i % (ENEMIES / HONEST) == 0) {
                    serveOne();
                }
            }
            for (int i = 0; i < HONEST; i++) {
                attack(i);
                serveOne();
            }
            String counters = server.counters();
            System.out.println("NettyHttpServerUnderAttackTest: " + counters);
            assertThat(counters).startsWith("HttpServerCounters[established=" + 2 * HONEST + ",");
        }
    }

    private void attack(int number) throws IOException {
        SocketChannel enemy = SocketChannel.open();
        enemy.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        enemy.configureBlocking(false);
        enemies.add(enemy);
        String head = "POST /api/exchange HTTP/1.1\r\nHost: a\r\n";
        String text = switch (number % 40) {
            // As many headers as have room, without an end.
            case 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 -> head + "a:\r\n".repeat(900);
            // Fewer than the server answers at the same time: the others are turned away, honest or not.
            case 10 -> "POST /api/handshake HTTP/1.1\r\nContent-Length: 16384\r\n\r\n" + "x".repeat(16_383);
            // Whose responses nobody reads.
            case 11, 12, 13, 14, 15 -> (head + "a:\r\n".repeat(500) + "Content-Length: 0\r\n\r\n").repeat(20);
            case 16, 17, 18, 19, 20 -> "GET / HTTP/1.1\r\n\r\n".repeat(1000);
            default -> "";
        };
        try {
            enemy.write(ByteBuffer.wrap(text.getBytes(US_ASCII)));
        } catch (IOException e) {
            // Closed already.
        }
        if (enemies.size() > OPEN_AT_ONCE) {
            enemies.remove().close();
        }
    }

    /** A handshake and a request, with a client that has no connection yet. */
    private void serveOne() throws Exception {
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        URI address = URI.create("http://127.0.0.1:" + port + "/api");
        byte[] request = new byte[200_000];
        Arrays.fill(request, (byte) 7);
        try (HttpSessionClient client = HttpSessionClient.of(address, config, AttackedServer.SERVER, http, PATIENT)) {
            assertThat(client.send(request)).isEqualTo(request);
        }
    }
}

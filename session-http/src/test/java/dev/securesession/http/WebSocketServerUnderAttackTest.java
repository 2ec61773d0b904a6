package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Handshake;
import dev.securesession.HandshakeException;
import dev.securesession.SessionConfig;
import dev.securesession.testsupport.AttackedServer;
import dev.securesession.transport.SecureConnection;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A server of WebSockets with a heap and direct memory of 64 MB each, default limits, and many enemies at once: silent, in the
 * middle of the upgrade, in the middle of long frames, with and without a session. All on this machine, and bounded.
 */
@Timeout(300)
class WebSocketServerUnderAttackTest {
    private static final int ENEMIES = 300;
    private static final int HOLDERS = 200;
    private static final int HONEST = 30;
    private static final int FRAME_LENGTH = 1 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<RawWebSocket> enemies = new ArrayList<>();
    private SessionConfig config;
    private int port;
    private int held;

    @AfterEach
    void end() throws IOException {
        for (RawWebSocket enemy : enemies) {
            enemy.close();
        }
    }

    @Test
    void servesHonestClientsMeanwhile() throws Exception {
        try (AttackedServer server = AttackedServer.start(AttackedWebSocketServer.class)) {
            config = server.client();
            port = server.port();
            for (int i = 0; i < HOLDERS; i++) {
                hold();
            }
            for (int i = 0; i < ENEMIES; i++) {
                enemy();
                enemy().send("GET /session HTTP/1.1\r\nHost: a\r\nX: ".getBytes(US_ASCII));
                enemy().upgrade();
                enemy().upgrade().send(new byte[200_000], FRAME_LENGTH);
                if (i % (ENEMIES / HONEST) == 0) {
                    serveOne();
                }
            }

            String counters = server.counters();
            System.out.println("WebSocketServerUnderAttackTest: " + counters);
            assertThat(counters).startsWith("ServerCounters[");
            assertThat(AttackedServer.number(counters, "evicted")).isPositive();
            assertThat(AttackedServer.number(counters, "established")).isEqualTo(held + HONEST);
        }
    }

    private RawWebSocket enemy() throws IOException {
        RawWebSocket enemy = new RawWebSocket(port);
        enemies.add(enemy);
        return enemy;
    }

    /** Establishes a session and sends all but the end of a long message. */
    private void hold() throws Exception {
        RawWebSocket enemy = enemy().upgrade();
        try (Handshake handshake = Handshake.client(config, AttackedServer.SERVER)) {
            byte[] first = handshake.start();
            enemy.send(first, first.length);
            byte[] third = handshake.receive(enemy.receive()).message().orElseThrow();
            enemy.send(third, third.length);
            handshake.receive(enemy.receive());
            held++;
        } catch (HandshakeException | IOException e) {
            // This machine is slow, and the server does not wait for an enemy.
        }
        enemy.send(new byte[1_000_000], FRAME_LENGTH);
    }

    private void serveOne() throws Exception {
        URI address = URI.create("ws://127.0.0.1:" + port + "/session");
        try (SecureConnection connection = SecureConnection.connect(
                WebSocketTransport.connect(http, address, PATIENCE), config, AttackedServer.SERVER)) {
            for (int length : new int[] {1, 1000, 30_000}) {
                connection.send(new byte[length]);
                assertThat(connection.receive(PATIENCE).orElseThrow()).hasSize(length);
            }
        }
    }
}

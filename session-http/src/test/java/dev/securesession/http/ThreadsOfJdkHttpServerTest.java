package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.testsupport.AttackedServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The HTTP server of the JDK, which has a thread for each request, and somebody who holds as many as there are. */
@Timeout(120)
class ThreadsOfJdkHttpServerTest {
    private static final int ENEMIES = 250;
    private static final int ROUNDS = 5;

    private final List<Socket> enemies = new ArrayList<>();

    @AfterEach
    void end() throws IOException {
        for (Socket enemy : enemies) {
            enemy.close();
        }
    }

    /** Fewer requests of one address than there are threads wait for it, so there are threads for other addresses. */
    @Test
    void servesOthersWhileOneAddressWithholdsHandshakeMessages() throws Exception {
        try (AttackedServer server = AttackedServer.start(AttackedJdkHttpServer.class)) {
            URI address = URI.create("http://127.0.0.1:" + server.port() + "/api");
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < ENEMIES; i++) {
                    withhold(server.port());
                }
                try (HttpSessionClient client = HttpSessionClient.of(address, server.client(), AttackedServer.SERVER)) {
                    assertThat(client.send(new byte[100])).hasSize(100);
                }
            }
            String counters = server.counters();
            System.out.println("ThreadsOfJdkHttpServerTest: " + counters);
            assertThat(counters).startsWith("HttpServerCounters[established=" + ROUNDS + ",");
        }
    }

    /** Sends the first byte of a handshake message from another address than that of honest clients. */
    private void withhold(int port) throws IOException {
        Socket enemy = new Socket();
        enemies.add(enemy);
        try {
            enemy.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 2}), 0));
        } catch (BindException e) {
            assumeTrue(false, "one loopback address only");
        }
        enemy.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        enemy.getOutputStream()
                .write("POST /api/handshake HTTP/1.1\r\nHost: a\r\nContent-Length: 16384\r\n\r\na".getBytes(US_ASCII));
    }
}

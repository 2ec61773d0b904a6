package dev.securesession.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.testkit.Pair;
import dev.securesession.transport.SecureConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The server on one thread serves several clients at once, and survives a hostile one. */
class SelectorEchoTest {
    @Test
    void answersSeveralClients() throws Exception {
        Pair pair = Pair.create();
        ExecutorService executor = Executors.newSingleThreadExecutor();
        Future<?> running;
        try (SelectorEcho server = new SelectorEcho(pair.server())) {
            InetSocketAddress address = (InetSocketAddress) server.address();
            running = executor.submit(() -> {
                server.run();
                return "ended";
            });
            List<SecureConnection> clients = new ArrayList<>();
            try (Socket hostile = new Socket(address.getAddress(), address.getPort())) {
                hostile.getOutputStream().write(new byte[] {0x7F, 0, 0, 0, 1});
                for (int i = 0; i < 5; i++) {
                    Socket socket = new Socket(address.getAddress(), address.getPort());
                    clients.add(SecureConnection.connect(socket, pair.client(), Pair.SERVER_ID));
                }
                for (SecureConnection client : clients) {
                    byte[] payload = new byte[100_000];
                    new Random(7).nextBytes(payload);
                    client.send(payload);
                    assertThat(client.receive().orElseThrow()).isEqualTo(payload);
                }
                assertThat(hostile.getInputStream().read()).isEqualTo(-1);
            } finally {
                for (SecureConnection client : clients) {
                    client.close();
                }
            }
            assertThat(running.isDone()).isFalse();
        }
        executor.shutdown();
        assertThat(running.get(30, TimeUnit.SECONDS)).isEqualTo("ended");
    }
}

package dev.securesession.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.SessionConfig;
import dev.securesession.testsupport.AttackedServer;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.SecureConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A Netty server with a heap and direct memory of 64 MB each, default limits, and many enemies at once. */
@Timeout(240)
class NettyServerUnderAttackTest {
    private static final int CLAIMANTS = 1020;
    private static final int SILENT = 1024;
    private static final int HOLDERS = 40;
    private static final int HONEST = 100;
    private static final int HELD_BYTES = 1 << 20;

    private final List<Socket> enemies = new ArrayList<>();
    private SessionConfig client;

    @AfterEach
    void end() throws IOException {
        for (Socket enemy : enemies) {
            enemy.close();
        }
    }

    @Test
    void servesEveryHonestClientWithinFiveSeconds() throws Exception {
        try (AttackedServer server = AttackedServer.start(AttackedNettyServer.class)) {
            client = server.client();
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
            attack(address);

            long slowest = 0;
            for (int i = 0; i < HONEST; i++) {
                long start = System.nanoTime();
                serveOne(address);
                slowest = Math.max(slowest, System.nanoTime() - start);
                // Enemies whose connections were closed come back.
                open(address, new byte[0]);
                open(address, new byte[] {0, 0, 0x40, 0, 1});
            }

            System.out.println("NettyServerUnderAttackTest: the slowest of " + HONEST + " honest clients took "
                    + TimeUnit.NANOSECONDS.toMillis(slowest) + " ms");
            String counters = server.counters();
            System.out.println("NettyServerUnderAttackTest: " + counters);
            assertThat(counters).startsWith("ServerCounters[");
            assertThat(AttackedServer.number(counters, "shed")).isPositive();
            assertThat(AttackedServer.number(counters, "evicted")).isPositive();
            assertThat(AttackedServer.number(counters, "established")).isGreaterThanOrEqualTo(HONEST + HOLDERS);
        }
    }

    private void attack(InetSocketAddress address) throws Exception {
        for (int i = 0; i < HOLDERS; i++) {
            Socket socket = open(address, new byte[0]);
            SecureConnection.connect(socket, client, AttackedServer.SERVER);
            byte[] incomplete = new byte[4 + HELD_BYTES];
            incomplete[0] = 1; // Claims the longest message there may be, 16 MiB.
            try {
                socket.getOutputStream().write(incomplete);
            } catch (SocketException e) {
                // Closed already: others hold too much.
            }
        }
        for (int i = 0; i < CLAIMANTS; i++) {
            open(address, new byte[] {0, 0, 0x40, 0, 1});
        }
        for (int i = 0; i < SILENT; i++) {
            open(address, new byte[0]);
        }
    }

    private Socket open(InetSocketAddress address, byte[] first) throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        enemies.add(socket);
        socket.getOutputStream().write(first);
        return socket;
    }

    private void serveOne(InetSocketAddress address) throws Exception {
        ConnectionOptions impatient = ConnectionOptions.defaults().withHandshakeDeadline(Duration.ofSeconds(5));
        try (SecureConnection connection = SecureConnection.connect(
                new Socket(address.getAddress(), address.getPort()), client, AttackedServer.SERVER, impatient)) {
            byte[] payload = new byte[1000];
            connection.send(payload);
            assertThat(connection.receive(Duration.ofSeconds(5))).hasValue(payload);
        }
    }
}

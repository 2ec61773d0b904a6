package dev.securesession.netty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.SessionConfig;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.SecureConnection;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

    private final IdentityKeyPair serverKeys = IdentityKeyPair.generate();
    private final IdentityKeyPair clientKeys = IdentityKeyPair.generate();
    private final SessionConfig client = SessionConfig.of(
            LocalIdentity.of(Peers.CLIENT, clientKeys.privateKey()),
            PeerDirectory.of(Peers.SERVER, serverKeys.publicKey()));
    private final List<Socket> enemies = new ArrayList<>();

    @Test
    void servesEveryHonestClientWithinFiveSeconds() throws Exception {
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:MaxDirectMemorySize=64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AttackedNettyServer.class.getName(),
                        Base64.getEncoder()
                                .encodeToString(serverKeys.privateKey().encodeSecret()),
                        Base64.getEncoder()
                                .encodeToString(clientKeys.publicKey().encode()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output = new BufferedReader(new InputStreamReader(server.getInputStream(), US_ASCII))) {
            InetSocketAddress address =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(output.readLine()));
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
            server.getOutputStream().write('\n');
            server.getOutputStream().flush();
            String counters = output.readLine();
            System.out.println("NettyServerUnderAttackTest: " + counters);
            assertThat(counters).startsWith("ServerCounters[");
            assertThat(number(counters, "shed")).isPositive();
            assertThat(number(counters, "evicted")).isPositive();
            assertThat(number(counters, "established")).isGreaterThanOrEqualTo(HONEST + HOLDERS);
        } finally {
            for (Socket enemy : enemies) {
                enemy.close();
            }
            server.getOutputStream().close();
            assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(server.exitValue()).isZero();
    }

    private void attack(InetSocketAddress address) throws Exception {
        for (int i = 0; i < HOLDERS; i++) {
            Socket socket = open(address, new byte[0]);
            SecureConnection.connect(socket, client, Peers.SERVER);
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
                new Socket(address.getAddress(), address.getPort()), client, Peers.SERVER, impatient)) {
            byte[] payload = new byte[1000];
            connection.send(payload);
            assertThat(connection.receive(Duration.ofSeconds(5))).hasValue(payload);
        }
    }

    private static long number(String counters, String name) {
        String after = counters.substring(counters.indexOf(name + "=") + name.length() + 1);
        return Long.parseLong(after.substring(0, after.indexOf(',')));
    }
}

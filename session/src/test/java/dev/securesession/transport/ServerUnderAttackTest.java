package dev.securesession.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.securesession.IdentityKeyPair;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server with a heap of 64 MB, default options, and many enemies at once. All on this machine, and bounded. */
@Timeout(180)
class ServerUnderAttackTest {
    private static final int CLAIMANTS = 1020;
    private static final int SILENT = 1024;
    private static final int HOLDERS = 40;
    private static final int MAX_SECONDS = 5;
    private static final int DESCRIPTORS = 3000;
    private static final int HONEST = 100;
    private static final int HELD_BYTES = 1 << 20;
    private static final PeerId SERVER = PeerId.ofUtf8("server");

    /** The longest handshake message that is allowed is announced, and nearly all of it withheld. */
    private static final byte[] ONE_BYTE_OF_A_MESSAGE = {0, 0, 0x40, 0, 'T'};

    private final IdentityKeyPair serverKeys = IdentityKeyPair.generate();
    private final IdentityKeyPair clientKeys = IdentityKeyPair.generate();
    private final SessionConfig client = SessionConfig.of(
            LocalIdentity.of(PeerId.ofUtf8("client"), clientKeys.privateKey()),
            PeerDirectory.of(SERVER, serverKeys.publicKey()));
    private final List<SocketChannel> enemies = new ArrayList<>();

    @Test
    @Rule(value = "P-4", kind = Kind.ACCEPTS)
    @Rule(value = "H-7", kind = Kind.ACCEPTS)
    void servesEveryHonestClientWithinFiveSeconds() throws Exception {
        attackServerAt(null);
    }

    @Test
    void servesEveryHonestClientOfAUnixDomainSocketWithinFiveSeconds(@TempDir Path folder) throws Exception {
        attackServerAt(UnixDomainSocketAddress.of(folder.resolve("socket")));
    }

    /** Attacks a server of TCP if there is no path. */
    private void attackServerAt(UnixDomainSocketAddress path) throws Exception {
        long descriptors = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class)
                        instanceof UnixOperatingSystemMXBean system
                ? system.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
        assumeTrue(
                descriptors >= DESCRIPTORS,
                () -> "a process may open " + descriptors + " files here; the attack needs " + DESCRIPTORS);
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AttackedServer.class.getName(),
                        Base64.getEncoder()
                                .encodeToString(serverKeys.privateKey().encodeSecret()),
                        Base64.getEncoder()
                                .encodeToString(clientKeys.publicKey().encode()))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        if (path != null) {
            builder.command().add(path.toString());
        }
        Process server = builder.start();
        try (BufferedReader output = new BufferedReader(new InputStreamReader(server.getInputStream(), US_ASCII))) {
            int port = Integer.parseInt(output.readLine());
            SocketAddress address = path == null ? new InetSocketAddress(InetAddress.getLoopbackAddress(), port) : path;
            attack(address);

            long slowest = 0;
            for (int i = 0; i < HONEST; i++) {
                long start = System.nanoTime();
                serveOne(address);
                slowest = Math.max(slowest, System.nanoTime() - start);
                // Enemies whose connections were closed come back; others leave in the middle of a message.
                open(address, new byte[0]);
                open(address, new byte[] {0, 2, 0, 0});
                open(address, ONE_BYTE_OF_A_MESSAGE);
                hold(address, HELD_BYTES / 16).close();
            }

            assertThat(slowest)
                    .as("nanoseconds of the slowest honest client")
                    .isLessThan(TimeUnit.SECONDS.toNanos(MAX_SECONDS));
            System.out.println("ServerUnderAttackTest, " + (path == null ? "TCP" : "Unix") + ": the slowest of "
                    + HONEST + " honest clients took " + TimeUnit.NANOSECONDS.toMillis(slowest) + " ms");
            server.getOutputStream().write('\n');
            server.getOutputStream().flush();
            String counters = output.readLine();
            assertThat(counters).startsWith("ServerCounters[");
            System.out.println("ServerUnderAttackTest: " + counters);
            assertThat(number(counters, "shed")).isPositive();
            assertThat(number(counters, "evicted")).isPositive();
            assertThat(number(counters, "established")).isGreaterThanOrEqualTo(HONEST + HOLDERS);
        } finally {
            for (SocketChannel enemy : enemies) {
                enemy.close();
            }
            server.getOutputStream().close();
            assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(server.exitValue()).isZero();
    }

    private void attack(SocketAddress address) throws Exception {
        for (int i = 0; i < HOLDERS; i++) {
            hold(address, HELD_BYTES);
        }
        for (int i = 0; i < CLAIMANTS; i++) {
            open(address, i % 2 == 0 ? new byte[] {0, 2, 0, 0} : ONE_BYTE_OF_A_MESSAGE);
        }
        for (int i = 0; i < SILENT; i++) {
            open(address, new byte[0]);
        }
    }

    /** Sends the beginning of a message of 16 MiB on an established connection. */
    private SocketChannel hold(SocketAddress address, int bytes) throws Exception {
        SocketChannel socket = open(address, new byte[0]);
        SecureConnection.connect(ChannelTransport.of(socket, Framing.lengthPrefix()), client, SERVER);
        byte[] incomplete = new byte[4 + bytes];
        incomplete[0] = 1;
        try {
            socket.write(ByteBuffer.wrap(incomplete));
        } catch (IOException e) {
            // Closed already: others hold too much.
        }
        return socket;
    }

    private SocketChannel open(SocketAddress address, byte[] first) throws IOException {
        SocketChannel socket = SocketChannel.open(address);
        enemies.add(socket);
        socket.write(ByteBuffer.wrap(first));
        return socket;
    }

    private void serveOne(SocketAddress address) throws Exception {
        ConnectionOptions impatient =
                ConnectionOptions.defaults().withHandshakeDeadline(Duration.ofSeconds(MAX_SECONDS));
        try (SecureConnection connection = SecureConnection.connect(
                ChannelTransport.of(SocketChannel.open(address), Framing.lengthPrefix()), client, SERVER, impatient)) {
            for (int length : new int[] {1000, 100_000}) {
                byte[] payload = new byte[length];
                connection.send(payload);
                assertThat(connection.receive(Duration.ofSeconds(MAX_SECONDS))).hasValue(payload);
            }
        }
    }

    private static long number(String counters, String name) {
        // With the blank, because "established=" ends with "shed=".
        String beginning = " " + name + "=";
        String after = counters.substring(counters.indexOf(beginning) + beginning.length());
        return Long.parseLong(after.substring(0, after.indexOf(',')));
    }
}

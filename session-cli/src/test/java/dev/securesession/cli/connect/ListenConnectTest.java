package dev.securesession.cli.connect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Amount;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code listen} and {@code connect} as processes, with each other and with peers that misbehave. */
@Timeout(120)
class ListenConnectTest extends CommandProcesses {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 131_072, 20_000_000})
    void filesOfAnySizePassBothWaysAtOnce(int size) throws IOException, InterruptedException {
        Path up = randomFile("up", size);
        Path down = randomFile("down", Math.max(0, size - 1));
        Running listener = listen(down, "alice");
        Running connector = connect(listener.port(), up, "alice");

        assertThat(connector.status()).as(connector.errors()).isZero();
        assertThat(listener.status()).as(listener.errors()).isZero();
        assertThat(listener.out()).hasSameBinaryContentAs(up.toFile());
        assertThat(connector.out()).hasSameBinaryContentAs(down.toFile());
        assertThat(connector.errors()).contains("with \"bob\"").contains("sent " + Amount.of(size));
    }

    /** A program that reads what was received may pause for as long as it likes, and so holds up the other side. */
    @Test
    void sendingHasNoTimeout() {
        assertThat(Duplex.CONNECTION.sendTimeout()).isZero();
    }

    @Test
    void oneDirectionEndsWhileTheOtherGoesOn() throws IOException, InterruptedException {
        Running listener = listen(null, "alice");
        Running connector = connect(listener.port(), randomFile("up", 5), "alice");
        listener.awaitOutput(5);

        listener.process().getOutputStream().write("afterwards".getBytes(UTF_8));
        listener.process().getOutputStream().close();

        assertThat(connector.status()).isZero();
        assertThat(listener.status()).isZero();
        assertThat(connector.out()).hasContent("afterwards");
    }

    /** The side that fails has sent its own end long before. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void fullDiskIsReportedByBothSides(boolean listenerFails) throws IOException, InterruptedException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "a device that takes no bytes, as Linux has one");
        Path nothing = randomFile("nothing", 0);
        Path something = randomFile("something", 5);
        output = listenerFails ? full : null;
        Running listener = listen(listenerFails ? nothing : something, "alice");
        int port = listener.port();
        output = listenerFails ? null : full;
        Running connector = connect(port, listenerFails ? something : nothing, "alice");

        assertThat(connector.status()).as(connector.errors()).isEqualTo(1);
        assertThat(listener.status()).as(listener.errors()).isEqualTo(1);
        assertThat((listenerFails ? listener : connector).errors()).contains("cannot write to standard output: ");
        assertThat((listenerFails ? connector : listener).errors())
                .contains("the peer aborted the transfer: cannot write to standard output: ");
    }

    @Test
    void peerThatIsKilledIsReported() throws IOException, InterruptedException {
        Running listener = listen(null, "alice");
        Running connector = connect(listener.port(), null, "alice");
        connector.process().getOutputStream().write("half of it".getBytes(UTF_8));
        connector.process().getOutputStream().flush();
        listener.awaitOutput(10);

        connector.process().destroyForcibly();

        assertThat(listener.status()).isEqualTo(1);
        assertThat(listener.errors())
                .contains("the connection ended before the peer ended the stream")
                .contains("incomplete")
                .doesNotContain("\tat ");
    }

    @Test
    void peerWithAnotherKeyIsRefusedAndTheNextOneServed() throws IOException, InterruptedException {
        Running listener = listen(randomFile("down", 3), "alice");
        int port = listener.port();

        Running impostor = connect(port, randomFile("x", 1), "mallory");
        assertThat(impostor.status()).isEqualTo(1);
        assertThat(impostor.errors())
                .startsWith("secure-session connect: the peer ended the connection during the handshake")
                .contains(
                        "it may have refused this identity: its log says whether it knows the id \"alice\" and this key")
                .hasLineCount(1);
        try (Socket stranger = new Socket(InetAddress.getLoopbackAddress(), port)) {
            stranger.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(UTF_8));
            assertThat(stranger.getInputStream().read()).isNegative();
        }
        Running connector = connect(port, randomFile("up", 4), "alice");

        assertThat(connector.status()).isZero();
        assertThat(listener.status()).isZero();
        assertThat(listener.errors()).contains("warning: refused 127.0.0.1:");
    }

    @Test
    void silentStrangerDoesNotHoldUpTheRightPeer() throws IOException, InterruptedException {
        Running listener = listen(randomFile("down", 3), "alice");
        int port = listener.port();
        try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port)) {
            Running connector = connect(port, randomFile("up", 4), "alice");

            assertThat(connector.status()).isZero();
            assertThat(listener.status()).isZero();
            assertThat(silent.isConnected()).isTrue();
        }
    }

    /** With a heap of 64 MB: a thousand claimed lengths and as many silent sockets, and one honest client among them. */
    @Test
    void listenServesItsClientUnderAttack() throws IOException, InterruptedException {
        heapMegabytes = 64;
        Running listener = listen(randomFile("down", 3), "alice");
        int port = listener.port();
        List<Socket> enemies = new ArrayList<>();
        try {
            for (int i = 0; i < 1020; i++) {
                Socket claimant = new Socket(InetAddress.getLoopbackAddress(), port);
                enemies.add(claimant);
                claimant.getOutputStream().write(new byte[] {0, 2, 0, 0});
                enemies.add(new Socket(InetAddress.getLoopbackAddress(), port));
            }
            long start = System.nanoTime();
            Running connector = connect(port, randomFile("up", 4), "alice");

            assertThat(connector.status()).as(connector.errors()).isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("the time of the honest client, the start of its JVM included")
                    .isLessThan(Duration.ofSeconds(5));
            assertThat(listener.status()).isZero();
            assertThat(listener.out()).hasSize(4);
            assertThat(listener.errors()).doesNotContain("OutOfMemoryError");
            assertThat(listener.errors().lines()).as("refusals are summarized").hasSizeLessThan(12);
        } finally {
            for (Socket enemy : enemies) {
                enemy.close();
            }
        }
    }

    @Test
    void quietSaysNothingOfRefusedPeers() throws Exception {
        int port = freePort();
        Running listener = start(
                randomFile("down", 3),
                "listen",
                "--quiet",
                "--id",
                "bob",
                "--key",
                file("bob"),
                "--peer",
                "alice=" + file("alice.pub"),
                "--port",
                port);
        retry(port, randomFile("nothing", 0), "mallory");
        Running connector = retry(port, randomFile("up", 4), "alice");

        assertThat(connector.status()).as(connector.errors()).isZero();
        assertThat(listener.status()).isZero();
        assertThat(listener.errors()).isEmpty();
    }

    @Test
    void eitherOfTwoKeysOfAPeerIsAccepted() throws Exception {
        for (String key : List.of("alice", "mallory")) {
            Running listener = start(
                    randomFile("down", 3),
                    "listen",
                    "--id",
                    "bob",
                    "--key",
                    file("bob"),
                    "--peer",
                    "alice=" + file("alice.pub"),
                    "--peer",
                    "alice=" + file("mallory.pub"),
                    "--port",
                    0);
            Running connector = connect(listener.port(), randomFile("up", 4), key);

            assertThat(connector.status()).as(connector.errors()).isZero();
            assertThat(listener.status()).as(listener.errors()).isZero();
        }
    }

    @Test
    void quietTellsNothing() throws IOException, InterruptedException {
        int port = freePort();
        Running listener = start(
                randomFile("down", 3),
                "listen",
                "--quiet",
                "--id",
                "bob",
                "--key",
                file("bob"),
                "--peer",
                "alice=" + file("alice.pub"),
                "--port",
                port);
        Running connector = retry(port, randomFile("up", 4), "alice");

        assertThat(connector.status()).as(connector.errors()).isZero();
        assertThat(listener.status()).isZero();
        assertThat(listener.errors() + connector.errors()).isEmpty();
    }

    @Test
    void tellsWhatCannotBe() throws IOException {
        int nobody = freePort();
        String peer = "bob=" + file("bob.pub");
        Object[] connect = {"connect", "--id", "alice", "--key", file("alice"), "--peer", peer, "127.0.0.1", nobody};
        new Cli().run(connect).failed(1, "cannot connect to 127.0.0.1:" + nobody);
        new Cli()
                .run("connect", "--id", "a", "--key", file("alice.pub"), "--peer", peer, "127.0.0.1", nobody)
                .failed(1, "a public key where a private one belongs");
        new Cli()
                .run(
                        "connect",
                        "--id",
                        "a",
                        "--key",
                        file("alice"),
                        "--peer",
                        "bob=" + file("bob"),
                        "127.0.0.1",
                        nobody)
                .failed(1, "a private key where a public one belongs");
        new Cli()
                .run("connect", "--id", "", "--key", file("alice"), "--peer", peer, "127.0.0.1", nobody)
                .failed(1, "invalid id: a peer id of 0 bytes");
        new Cli()
                .run("connect", "--id", "a", "--key", file("alice"), "--peer", peer, "host.invalid", nobody)
                .failed(1, "no such host: host.invalid");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            new Cli()
                    .run(
                            "listen",
                            "--id",
                            "bob",
                            "--key",
                            file("bob"),
                            "--peer",
                            "a=" + file("alice.pub"),
                            "--port",
                            taken.getLocalPort())
                    .failed(1, "cannot listen on 127.0.0.1:" + taken.getLocalPort());
        }
    }
}

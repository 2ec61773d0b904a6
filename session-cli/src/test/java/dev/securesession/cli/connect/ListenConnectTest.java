package dev.securesession.cli.connect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Amount;
import dev.securesession.transport.SecureConnection;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code listen} and {@code connect} as processes, with each other and with peers that misbehave. */
@Timeout(120)
class ListenConnectTest {
    private String heap = "-Xmx256m";

    @TempDir
    private Path directory;

    private final List<Process> processes = new ArrayList<>();

    @BeforeEach
    void makeKeys() {
        Cli.keygen(file("alice"));
        Cli.keygen(file("bob"));
        Cli.keygen(file("mallory"));
    }

    @AfterEach
    void endProcesses() {
        processes.forEach(Process::destroyForcibly);
    }

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

    @Test
    void oneDirectionEndsWhileTheOtherGoesOn() throws IOException, InterruptedException {
        Running listener = listen(null, "alice");
        Running connector = connect(listener.port(), randomFile("up", 5), "alice");
        listener.awaitOutput(5);

        listener.process.getOutputStream().write("afterwards".getBytes(UTF_8));
        listener.process.getOutputStream().close();

        assertThat(connector.status()).isZero();
        assertThat(listener.status()).isZero();
        assertThat(connector.out()).hasContent("afterwards");
    }

    @Test
    void peerThatIsKilledIsReported() throws IOException, InterruptedException {
        Running listener = listen(null, "alice");
        Running connector = connect(listener.port(), null, "alice");
        connector.process.getOutputStream().write("half of it".getBytes(UTF_8));
        connector.process.getOutputStream().flush();
        listener.awaitOutput(10);

        connector.process.destroyForcibly();

        assertThat(listener.status()).isEqualTo(1);
        assertThat(listener.errors()).contains("may be cut short").doesNotContain("\tat ");
    }

    @Test
    void peerWithAnotherKeyIsRefusedAndTheNextOneServed() throws IOException, InterruptedException {
        Running listener = listen(randomFile("down", 3), "alice");
        int port = listener.port();

        Running impostor = connect(port, randomFile("x", 1), "mallory");
        assertThat(impostor.status()).isEqualTo(1);
        assertThat(impostor.errors())
                .startsWith("secure-session connect: the peer ended the connection during the handshake; ")
                .contains("its own output says whether it knows the --id given here, and which key")
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
        heap = "-Xmx64m";
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
            System.out.println("ListenConnectTest: the honest client took "
                    + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + " ms, its JVM included");
            assertThat(listener.status()).isZero();
            assertThat(listener.out()).hasSize(4);
            assertThat(listener.errors()).doesNotContain("OutOfMemoryError");
        } finally {
            for (Socket enemy : enemies) {
                enemy.close();
            }
        }
    }

    @Test
    void connectionThatEndsWithoutTheEndIsTruncation() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Running connector = connect(server.getLocalPort(), randomFile("up", 4), "alice");
            try (SecureConnection connection = SecureConnection.accept(server.accept(), config("bob", "alice"))) {
                connection.send(new byte[] {0, 'h', 'i'});
                connector.awaitOutput(2);
            }

            assertThat(connector.status()).isEqualTo(1);
            assertThat(connector.out()).hasContent("hi");
            assertThat(connector.errors()).contains("may be cut short");
        }
    }

    @ParameterizedTest
    @ValueSource(bytes = {0, 2, -1})
    void payloadThatIsNeitherDataNorEndIsRefused(byte kind) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Running connector = connect(server.getLocalPort(), randomFile("up", 4), "alice");
            try (SecureConnection connection = SecureConnection.accept(server.accept(), config("bob", "alice"))) {
                connection.send(new byte[] {kind});

                assertThat(connector.status()).isEqualTo(1);
                assertThat(connector.errors()).contains("neither data nor their end");
            }
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
        Running connector = retry(port, randomFile("up", 4));

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
                .failed(1, "an id that cannot be one");
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

    private SessionConfig config(String own, String other) throws SecureSessionException {
        IdentityPrivateKey key = IdentityPrivateKey.decode(Cli.read(file(own)));
        IdentityPublicKey peer = IdentityPublicKey.decode(Cli.read(file(other + ".pub")));
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8(own), key), PeerDirectory.of(PeerId.ofUtf8(other), peer));
    }

    private Running listen(@Nullable Path input, String peer) throws IOException {
        return start(
                input,
                "listen",
                "--id",
                "bob",
                "--key",
                file("bob"),
                "--peer",
                peer + "=" + file(peer + ".pub"),
                "--port",
                0);
    }

    /** Says to be alice, with the key of someone. */
    private Running connect(int port, @Nullable Path input, String key) throws IOException {
        return start(
                input,
                "connect",
                "--id",
                "alice",
                "--key",
                file(key),
                "--peer",
                "bob=" + file("bob.pub"),
                "127.0.0.1",
                port);
    }

    /** Connects as soon as somebody listens. */
    private Running retry(int port, Path input) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            Running running = start(
                    input,
                    "connect",
                    "--quiet",
                    "--id",
                    "alice",
                    "--key",
                    file("alice"),
                    "--peer",
                    "bob=" + file("bob.pub"),
                    "127.0.0.1",
                    port);
            if (running.status() == 0 || !running.errors().contains("cannot connect") || System.nanoTime() > deadline) {
                return running;
            }
        }
    }

    private Running start(@Nullable Path input, Object... arguments) throws IOException {
        Path out = directory.resolve("out" + processes.size());
        Path err = directory.resolve("err" + processes.size());
        ProcessBuilder builder =
                Cli.process(arguments).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.command().add(1, heap);
        if (input != null) {
            builder.redirectInput(input.toFile());
        }
        Process process = builder.start();
        processes.add(process);
        return new Running(process, out.toFile(), err);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Path randomFile(String name, int size) throws IOException {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        return Files.write(directory.resolve(name), content);
    }

    private Path file(String name) {
        return directory.resolve("key-" + name);
    }

    private record Running(Process process, File out, Path err) {
        int status() throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        }

        String errors() throws IOException {
            return Files.readString(err);
        }

        /** Waits until it says where it listens. */
        int port() throws IOException, InterruptedException {
            while (!errors().contains("\n") && !hasEnded()) {
                // It has not got there yet.
            }
            String line = errors().lines().findFirst().orElse("");
            assertThat(line).startsWith("listening on 127.0.0.1:");
            return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
        }

        void awaitOutput(long size) throws InterruptedException {
            while (out.length() < size && !hasEnded()) {
                // It has not got there yet.
            }
            assertThat(out).hasSize(size);
        }

        /** Gives it a moment to end. */
        private boolean hasEnded() throws InterruptedException {
            return process.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }
}

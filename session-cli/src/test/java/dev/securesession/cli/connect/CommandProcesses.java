package dev.securesession.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.IdentityPrivateKey;
import dev.securesession.IdentityPublicKey;
import dev.securesession.LocalIdentity;
import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;
import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.Cli;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The keys, files and processes of the tests of {@code listen} and {@code connect}. */
abstract class CommandProcesses {
    int heapMegabytes = 256;

    @TempDir
    Path directory;

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

    final SessionConfig config(String own, String other) throws SecureSessionException {
        IdentityPrivateKey key = IdentityPrivateKey.decode(Cli.read(file(own)));
        IdentityPublicKey peer = IdentityPublicKey.decode(Cli.read(file(other + ".pub")));
        return SessionConfig.of(
                LocalIdentity.of(PeerId.ofUtf8(own), key), PeerDirectory.of(PeerId.ofUtf8(other), peer));
    }

    final Running listen(@Nullable Path input, String peer) throws IOException {
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
    final Running connect(int port, @Nullable Path input, String key) throws IOException {
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
    final Running retry(int port, Path input, String key) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            Running running = start(
                    input,
                    "connect",
                    "--quiet",
                    "--id",
                    "alice",
                    "--key",
                    file(key),
                    "--peer",
                    "bob=" + file("bob.pub"),
                    "127.0.0.1",
                    port);
            if (running.status() == 0 || !running.errors().contains("cannot connect") || System.nanoTime() > deadline) {
                return running;
            }
        }
    }

    /** Where the standard output of the next processes goes, or null for a new file. */
    @Nullable
    Path output;

    final Running start(@Nullable Path input, Object... arguments) throws IOException {
        Path out = output == null ? directory.resolve("out" + processes.size()) : output;
        Path err = directory.resolve("err" + processes.size());
        ProcessBuilder builder = Cli.processWithHeap(heapMegabytes, arguments)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        if (input != null) {
            builder.redirectInput(input.toFile());
        }
        Process process = builder.start();
        processes.add(process);
        return new Running(process, out.toFile(), err);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    final Path randomFile(String name, int size) throws IOException {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        return Files.write(directory.resolve(name), content);
    }

    final Path file(String name) {
        return directory.resolve("key-" + name);
    }

    record Running(Process process, File out, Path err) {
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

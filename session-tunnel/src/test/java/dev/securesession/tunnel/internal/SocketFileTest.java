package dev.securesession.tunnel.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "modes of files")
class SocketFileTest {
    @TempDir
    Path directory;

    @Test
    void othersCanReachTheSocketAtNoMoment() throws Exception {
        Path path = directory.resolve("s");
        try (ServerSocketChannel listening = SocketFile.listen(
                path,
                bound -> {
                    ServerSocketChannel channel = bind(bound);
                    // Bound with the mode of the umask, where nobody else can enter.
                    assertThat(bound).isNotEqualTo(path);
                    assertThat(Files.getPosixFilePermissions(bound.getParent()))
                            .isEqualTo(PosixFilePermissions.fromString("rwx------"));
                    assertThat(path).doesNotExist();
                    return channel;
                },
                ServerSocketChannel::close)) {
            assertThat(Files.getPosixFilePermissions(path)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
                    SocketChannel accepted = listening.accept()) {
                client.write(ByteBuffer.wrap(new byte[] {5}));
                ByteBuffer arrived = ByteBuffer.allocate(1);
                assertThat(accepted.read(arrived)).isEqualTo(1);
                assertThat(arrived.get(0)).isEqualTo((byte) 5);
            }
            assertThat(names()).containsExactly("s");
        }
    }

    @Test
    void nameThatIsTakenMeanwhileStaysWithItsOwner() throws IOException {
        Path path = directory.resolve("s");
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> SocketFile.listen(
                        path,
                        bound -> {
                            Files.writeString(path, "of another process");
                            return bind(bound);
                        },
                        ServerSocketChannel::close))
                .withMessageContaining("another process");
        assertThat(path).hasContent("of another process");
        assertThat(names()).containsExactly("s");
    }

    @Test
    void failureToListenLeavesNothing() throws IOException {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> SocketFile.listen(
                        directory.resolve("s"),
                        bound -> {
                            throw new IOException("no");
                        },
                        unused -> {}))
                .withMessage("no");
        assertThat(names()).isEmpty();
    }

    @Test
    void longNamesAreListenedOnAsWell() throws IOException {
        Path path = longFolder().resolve("s");
        try (ServerSocketChannel listening =
                SocketFile.listen(path, SocketFileTest::bind, ServerSocketChannel::close)) {
            assertThat(listening.isOpen()).isTrue();
            assertThat(Files.getPosixFilePermissions(path)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
    }

    /** Makes a folder with room for a short name, and none for a folder with the socket. */
    private Path longFolder() throws IOException {
        return Files.createDirectory(
                directory.resolve("x".repeat(91 - directory.toString().length())));
    }

    /** A socket whose file is gone, so that it cannot get its mode. */
    @Test
    void longNameWhoseModeCannotBeSetIsListenedOnNoMore() throws IOException {
        Path path = longFolder().resolve("s");
        ServerSocketChannel[] listening = new ServerSocketChannel[1];
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> SocketFile.listen(
                        path,
                        bound -> {
                            assertThat(bound).isEqualTo(path);
                            listening[0] = bind(bound);
                            Files.delete(bound);
                            return listening[0];
                        },
                        ServerSocketChannel::close));
        assertThat(listening[0].isOpen()).isFalse();
    }

    @Test
    void socketThatAKilledProcessHasLeftIsReplaced() throws IOException {
        Path path = directory.resolve("s");
        bind(path).close();
        assertThat(path).exists();
        SocketFile.listen(path, SocketFileTest::bind, ServerSocketChannel::close)
                .close();
    }

    @Test
    void socketOfAnotherProcessIsLeftAlone() throws IOException {
        Path path = directory.resolve("s");
        try (ServerSocketChannel other = bind(path)) {
            refused(path, "another process listens on it");
            assertThat(other.isOpen()).isTrue();
        }
    }

    /** The system refuses connections to a pipe as it does to a socket that nobody listens on. */
    @Test
    void pipeIsNoSocket() throws Exception {
        Path path = directory.resolve("s");
        run("mkfifo", path.toString());
        refused(path, "the file exists and is no socket");
        assertThat(path).exists();
    }

    /** A socket of another kind: nothing can connect to it, though a process uses it. */
    @Test
    void socketThatFailsForAnotherReasonIsLeftAlone() throws Exception {
        Path path = directory.resolve("s");
        Process other;
        try {
            other = new ProcessBuilder("python3", "-c", """
                            import socket, sys
                            kept = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                            kept.bind(sys.argv[1])
                            print("bound", flush=True)
                            sys.stdin.read()
                            """, path.toString()).start();
        } catch (IOException e) {
            assumeTrue(false, "no python3");
            return;
        }
        try {
            assertThat(other.getInputStream().read()).isEqualTo('b');
            refused(path, "another process may be listening on it");
            assertThat(path).exists();
        } finally {
            other.destroyForcibly();
        }
    }

    private static void refused(Path path, String expected) {
        assertThatExceptionOfType(BindException.class)
                .isThrownBy(() -> SocketFile.listen(path, SocketFileTest::bind, ServerSocketChannel::close))
                .withMessageContaining(expected);
    }

    private static ServerSocketChannel bind(Path path) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
    }

    private Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList().stream();
        }
    }

    private static void run(String... command) throws Exception {
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assumeTrue(process.exitValue() == 0, command[0] + " failed");
        } catch (IOException e) {
            assumeTrue(false, "no " + command[0]);
        }
    }
}

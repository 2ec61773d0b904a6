package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A server whose standard error is a full pipe that nobody reads, as behind a log shipper that hangs. */
@Timeout(300)
@EnabledOnOs(value = OS.LINUX, disabledReason = "pipes are filled through /proc")
class UnreadLogTest {
    @TempDir
    Path folder;

    @Test
    void aLogThatNobodyReadsStopsNoServer() throws Exception {
        Cli.keygen(folder.resolve("db"));
        Cli.keygen(folder.resolve("web"));
        Process process = serve();
        try (BufferedReader log = process.errorReader(StandardCharsets.UTF_8);
                BufferedReader filler = process.inputReader(StandardCharsets.UTF_8)) {
            int port = port(log);
            fill(process, filler);

            for (int i = 0; i < CONNECTIONS; i++) {
                assertThat(isRefused(port)).as("connection %s is refused", i).isTrue();
            }
            process.destroy();
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("ends")
                    .isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Starts a server, and beside it a program that fills the pipe of the log when it gets a line. */
    private Process serve() throws IOException {
        ProcessBuilder builder = Cli.process(
                "serve",
                "--id",
                "db",
                "--key",
                folder.resolve("db"),
                "--listen",
                "127.0.0.1:0",
                "--peer",
                "web=" + folder.resolve("web.pub"),
                "--to",
                "127.0.0.1:1");
        // The tests bring SLF4J without a backend, which says so on standard error; the command has none.
        builder.command().addAll(1, List.of("-Xmx64m", "-Dslf4j.internal.verbosity=ERROR"));
        builder.command()
                .addAll(
                        0,
                        List.of(
                                "sh",
                                "-c",
                                "exec 3<&0; (exec 4>&2; read line <&3; dd if=/dev/zero of=/proc/self/fd/4 bs=4096"
                                        + " oflag=nonblock 2>/dev/null; echo filled) & exec \"$@\" < /dev/null",
                                "sh"));
        return builder.start();
    }

    private static int port(BufferedReader log) throws IOException {
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            Matcher listening = LISTENING.matcher(line);
            if (listening.find()) {
                return Integer.parseInt(listening.group(1));
            }
        }
        throw new AssertionError("the server has ended");
    }

    private static void fill(Process process, BufferedReader filler) throws IOException {
        process.outputWriter().write("\n");
        process.outputWriter().flush();
        assertThat(filler.readLine()).isEqualTo("filled");
    }

    /** Sends what is no message of a handshake. */
    private static boolean isRefused(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
            socket.getOutputStream().write(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (SocketException reset) {
            return true;
        }
    }

    private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");
    private static final int CONNECTIONS = 20;
    private static final int PATIENCE_SECONDS = 60;
}

package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
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
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir
    Path folder;

    @Test
    void aLogThatNobodyReadsStopsNoServer() throws Exception {
        Cli.keygen(folder.resolve("db"));
        Cli.keygen(folder.resolve("web"));
        Process process = serve(FILL_LATER);
        try (BufferedReader log = process.errorReader(StandardCharsets.UTF_8);
                BufferedReader filler = process.inputReader(StandardCharsets.UTF_8)) {
            int port = Integer.parseInt(find(log, LISTENING));
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

    /** The second key is readable by others, which is worth a warning. */
    @Test
    void aLogThatNobodyReadsStopsNoReload() throws Exception {
        Path key = Cli.keygen(folder.resolve("db"));
        Cli.keygen(folder.resolve("web"));
        Process process = serve(FILL_LATER, "--metrics", "127.0.0.1:0");
        try (BufferedReader log = process.errorReader(StandardCharsets.UTF_8);
                BufferedReader filler = process.inputReader(StandardCharsets.UTF_8)) {
            URI metrics = URI.create(find(log, METRICS));
            fill(process, filler);

            boolean applied = false;
            for (int i = 0; !applied && i < PATIENCE_SECONDS / RELOAD_SECONDS; i++) {
                // Again, for the case that the server has not looked at the earlier file.
                Path next = Cli.keygen(folder.resolve("next" + i));
                Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rw-r--r--"));
                Files.move(next, key, StandardCopyOption.REPLACE_EXISTING);
                applied = comesTrue(
                        process,
                        RELOAD_SECONDS,
                        () -> page(metrics).matches("(?s).*securesession_reloads_total\\{result=\"applied\"} [1-9].*"));
            }
            assertThat(applied).isTrue();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aLogThatNobodyReadsStopsNoStart() throws Exception {
        Path key = Cli.keygen(folder.resolve("db"));
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        Cli.keygen(folder.resolve("web"));
        Path status = folder.resolve("status");
        Process process = serve(FILL_BEFORE, "--status", "unix:" + status);
        try {
            assertThat(comesTrue(
                            process,
                            PATIENCE_SECONDS,
                            () -> new Cli()
                                    .run("status", "unix:" + status)
                                    .out()
                                    .startsWith("serve on 127.0.0.1:")))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Starts a server, with a script before it or beside it that fills the pipe of the log. */
    private Process serve(String script, String... more) throws IOException {
        List<Object> arguments = new ArrayList<>(List.of(
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
                "127.0.0.1:1"));
        arguments.addAll(List.of(more));
        ProcessBuilder builder = Cli.processWithHeap(64, arguments.toArray());
        builder.command().addAll(0, List.of("sh", "-c", script, "sh"));
        return builder.start();
    }

    private static String find(BufferedReader log, Pattern pattern) throws IOException {
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            Matcher found = pattern.matcher(line);
            if (found.find()) {
                return found.group(1);
            }
        }
        throw new AssertionError("the server has ended");
    }

    private static String page(URI address) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static boolean comesTrue(Process process, int seconds, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.call()) {
            if (process.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                return false;
            }
        }
        return true;
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
    private static final Pattern METRICS = Pattern.compile("metrics on (http://\\S+)");
    private static final String FILL = "dd if=/dev/zero of=/proc/self/fd/4 bs=4096 oflag=nonblock 2>/dev/null";
    private static final String FILL_BEFORE = "(exec 4>&2; " + FILL + "); exec \"$@\"";
    /** Fills the pipe when it gets a line. */
    private static final String FILL_LATER =
            "exec 3<&0; (exec 4>&2; read line <&3; " + FILL + "; echo filled) & exec \"$@\" < /dev/null";

    private static final int CONNECTIONS = 20;
    private static final int PATIENCE_SECONDS = 60;
    private static final int RELOAD_SECONDS = 10;
}

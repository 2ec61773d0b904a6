package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.cli.Cli;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lines that two pages give for a Redis protected in two minutes, run by a shell, in front of a real Redis. */
@Timeout(600)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "a shell of Unix")
class RedisExampleTest {
    @TempDir
    Path directory;

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void end() {
        processes.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }

    @ParameterizedTest
    @CsvSource({"README.md,A service protected in two minutes", "docs/tunnel.md,A Redis in two minutes"})
    void linesOfThePageProtectRedis(String page, String heading) throws Exception {
        assumeTrue(isInstalled("redis-server") && isInstalled("redis-cli"), "Redis is not installed");
        writeLauncher();
        int redis = freePort();
        int serve = freePort();
        int proxy = freePort();
        List<String> blocks = blocks(page, heading).stream()
                .map(block -> block.replace("6379", Integer.toString(redis))
                        .replace("7000", Integer.toString(serve))
                        .replace("6380", Integer.toString(proxy))
                        .replace("db.example.org", "127.0.0.1"))
                .toList();
        assertThat(blocks).hasSize(5);
        start("redis", "redis-server --bind 127.0.0.1 --save '' --port " + redis);

        assertThat(run(blocks.get(0))).contains("fingerprint");
        assertThat(run(blocks.get(1))).contains("fingerprint");
        await(start("serve", blocks.get(2)), ":" + serve + " for 1 peer");
        await(start("proxy", blocks.get(3)), "listening on 127.0.0.1:" + proxy);
        await(file("redis"), "Ready to accept connections");
        assertThat(run(blocks.get(4))).isEqualTo("PONG\n");

        await(file("serve"), "\"web\" from 127.0.0.1:");
        await(file("proxy"), "\"db\" from 127.0.0.1:");
    }

    private static List<String> blocks(String page, String heading) throws IOException {
        String text = Files.readString(Path.of("").toAbsolutePath().getParent().resolve(page));
        int begin = text.indexOf("\n## " + heading + "\n");
        assertThat(begin).as(heading).isPositive();
        String section = text.substring(begin, text.indexOf("\n## ", begin + 1));
        Matcher block = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL).matcher(section);
        List<String> blocks = new ArrayList<>();
        while (block.find()) {
            blocks.add(block.group(1));
        }
        return blocks;
    }

    /** The command, as both pages call it. */
    private void writeLauncher() throws IOException {
        String command = String.join(
                " ",
                Cli.process().command().stream().map(word -> "'" + word + "'").toList());
        Path launcher = Files.writeString(file("secure-session"), "#!/bin/sh\nexec " + command + " \"$@\"\n");
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    }

    private Process shell(String lines, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-ec", lines)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("PATH", directory + File.pathSeparator + System.getenv("PATH"));
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private String run(String lines) throws Exception {
        Path output = Files.createTempFile(directory, "run", "");
        Process process = shell(lines, output);
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        String printed = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(printed).isZero();
        return printed;
    }

    private Path start(String name, String lines) throws IOException {
        shell(lines, file(name));
        return file(name);
    }

    private void await(Path output, String text) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        Process last = processes.get(processes.size() - 1);
        while (!Files.readString(output).contains(text)) {
            assertThat(System.nanoTime())
                    .as("no \"" + text + "\" in " + Files.readString(output))
                    .isLessThan(deadline);
            last.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private static final int PATIENCE_SECONDS = 250;
}

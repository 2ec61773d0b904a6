package dev.securesession.cli.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.securesession.cli.Cli;
import dev.securesession.cli.command.Hex;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The demo, with its two processes. */
@Timeout(120)
class DemoTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 131_072, 1_000_001})
    void sendsFileOfAnySize(int size) throws IOException, NoSuchAlgorithmException {
        byte[] content = new byte[size];
        new Random(size).nextBytes(content);
        Path file = Files.write(directory.resolve("file"), content);

        Cli.Result result = new Cli().run("demo", file).succeeded();

        String digest = Hex.of(MessageDigest.getInstance("SHA-256").digest(content));
        assertThat(result.out())
                .contains("sent    " + digest, "got     " + digest, "back    " + digest)
                .contains("Everything that was sent has arrived, and both ends agree.")
                .contains("2 round trips")
                .doesNotContain("DIFFERENT", "WRONG");
    }

    @Test
    void tellsEachStep() throws IOException, InterruptedException {
        Result result = demo(directory);

        assertThat(result.status).isZero();
        String out = result.out;
        assertThat(out.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
        assertThat(all(out, "process (\\d+)").distinct().count()).isEqualTo(2);
        assertThat(all(out, "key (SHA256:\\S{43})").distinct().count()).isEqualTo(2);
        assertThat(all(out, "  (client|server)  [0-9a-f]{8}  ([0-9a-f]{64})")).hasSize(2);
        assertThat(out)
                .containsPattern("1  client -> server +\\d+ bytes")
                .containsPattern("4  client <- server +44 bytes");
        assertThat(result.err).isEmpty();
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).isEmpty();
        }
    }

    /** The end of the id of a peer is the last such sign in what names it. */
    @Test
    void worksWhereTheNameOfTheDirectoryHasAnEqualsSign() throws IOException, InterruptedException {
        Result result = demo(Files.createDirectory(directory.resolve("a=b")));

        assertThat(result.status).as(result.err).isZero();
    }

    @Test
    void refusesWhatItCannotRead() {
        new Cli().run("demo", directory.resolve("none")).failed(1, "no such file");
        new Cli().run("demo", directory).failed(1, "is a directory");
    }

    /** The file can be opened, as far as the demo can tell, but not read, as its child finds out. */
    @Test
    void childThatFailsIsReportedWithItsError() {
        Path unreadable = Path.of("/proc/self/mem");
        skipUnlessThereIs(unreadable, "a file that opens but cannot be read, as Linux has one");

        new Cli().run("demo", unreadable).failed(1, "the client process ended too soon", "demo-client: ");
    }

    /** With a file that never ends, so that it is certainly at work. */
    @Test
    void whenEndedFromOutsideItLeavesNeitherProcessesNorFiles() throws Exception {
        Path endless = Path.of("/dev/zero");
        skipUnlessThereIs(endless, "a file without an end, as most systems have one");
        ProcessBuilder builder = Cli.process("demo", endless);
        builder.command().add(1, "-Djava.io.tmpdir=" + directory);
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<ProcessHandle> children = List.of();
        try (BufferedReader out = process.inputReader(UTF_8)) {
            String line = out.readLine();
            while (line != null && !line.contains("equal")) {
                line = out.readLine();
            }
            children = process.descendants().toList();
            assertThat(children).hasSizeGreaterThanOrEqualTo(2);

            process.destroy();

            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            for (ProcessHandle child : children) {
                child.onExit().get(30, TimeUnit.SECONDS);
            }
            try (Stream<Path> left = Files.list(directory)) {
                assertThat(left).isEmpty();
            }
        } finally {
            process.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private static void skipUnlessThereIs(Path file, String what) {
        boolean present = Files.isReadable(file);
        if (!present) {
            System.out.println("DemoTest: a test is skipped, for it needs " + what + ": " + file);
        }
        assumeTrue(present, what);
    }

    /** Whole, in a process of its own, whose temporary files are in the directory. */
    private static Result demo(Path directory) throws IOException, InterruptedException {
        ProcessBuilder builder = Cli.process("demo");
        builder.command().add(1, "-Djava.io.tmpdir=" + directory);
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            String out = new String(process.getInputStream().readAllBytes(), UTF_8);
            String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return new Result(process.exitValue(), out, err);
        } finally {
            process.destroyForcibly();
        }
    }

    private static Stream<String> all(String text, String pattern) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(match.groupCount()));
    }

    private record Result(int status, String out, String err) {}
}

package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A JVM of 64 MB survives withheld bodies, unread answers and a flood of handshakes. */
class HttpServerUnderAttackTest {
    @ParameterizedTest
    @EnumSource(ServerKind.class)
    void servesAnHonestClientMeanwhile(ServerKind kind, @TempDir Path folder) throws Exception {
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        HttpServerUnderAttack.class.getName(),
                        kind.name())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(180, TimeUnit.SECONDS))
                    .as("ends; output so far: " + Files.readString(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readAllLines(output))
                .contains(
                        "begun 500",
                        "half-open 64",
                        "bytes bounded true",
                        "answer bytes bounded true",
                        "made room true",
                        "honest client true");
        assertThat(process.exitValue()).isZero();
    }
}

package dev.securesession.transport.datagram;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule;
import dev.securesession.rules.Rule.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM of 64 MB survives a flood of first messages and junk, serves honest clients, and answers nobody with more than came. */
class DatagramServerUnderAttackTest {
    @Test
    @Rule(value = "DG-4", kind = Kind.REFUSES)
    @Rule(value = "DG-6", kind = Kind.REFUSES)
    void servesHonestClientsMeanwhile(@TempDir Path folder) throws Exception {
        long seed = Long.getLong("flood.seed", new Random().nextLong());
        System.out.println("flood of datagrams: -Dflood.seed=" + seed);
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DatagramServerUnderAttack.class.getName(),
                        Long.toString(seed))
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
        System.out.println(Files.readString(output).strip());

        assertThat(Files.readAllLines(output))
                .contains(
                        "flooded true",
                        "no address got more than it sent true",
                        "bytes to the address of the junk 0",
                        "half-open bounded true",
                        "honest clients served 5");
        assertThat(process.exitValue()).isZero();
    }
}

package dev.securesession.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code -Dcluster.seconds=600} runs it for ten minutes, and {@code -Dcluster.seed=...} repeats the order of the kills. */
@Timeout(900)
class ClusterTest {
    private static final Path SCRIPT = Path.of("cluster").toAbsolutePath();

    @Test
    void noOperationIsLostDoubledOrWronglyRefusedWhileNodesAreKilled(@TempDir Path folder) throws Exception {
        require(Cluster.haproxy().isPresent(), "no HAProxy; install the Debian package haproxy");
        require(
                Files.isDirectory(SCRIPT.resolve("node_modules/wasm-themis")),
                "no wasm-themis; run npm ci in examples/cluster");
        long seed = Long.getLong("cluster.seed", new Random().nextLong());

        String verdict = Cluster.run(Duration.ofSeconds(Long.getLong("cluster.seconds", 20)), SCRIPT, folder, seed);

        assertThat(verdict).as("seed " + seed).startsWith("0 lost, 0 doubled, 0 wrong; ");
        assertThat(number(" answered", verdict)).as(verdict).isGreaterThan(100);
        assertThat(number(" kills", verdict)).as(verdict).isGreaterThan(2);
    }

    private static int number(String before, String text) {
        String head = text.substring(0, text.indexOf(before));
        return Integer.parseInt(head.substring(head.lastIndexOf(' ') + 1));
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition && Boolean.parseBoolean(System.getenv("SECURE_SESSION_REQUIRE_FOREIGN_PEERS"))) {
            fail(otherwise);
        }
        if (!condition) {
            System.out.println("ClusterTest is skipped: " + otherwise);
        }
        Assumptions.assumeTrue(condition, otherwise);
    }
}

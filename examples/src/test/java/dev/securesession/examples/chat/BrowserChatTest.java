package dev.securesession.examples.chat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * People in a real Chromium, who are played by {@code browser-chat/test.mjs}. What they see is in
 * {@code target/browser-chat}.
 */
@Timeout(300)
class BrowserChatTest {
    private static final Path PROJECT = Path.of("browser-chat").toAbsolutePath();

    @Test
    void peopleTalkInBrowsers(@TempDir Path folder) throws Exception {
        Optional<Path> chromium = Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
        require(chromium.isPresent(), "no Chromium; install the Debian package chromium");
        require(
                Files.isDirectory(PROJECT.resolve("node_modules/wasm-themis")),
                "no wasm-themis; run npm ci in examples/browser-chat");
        run(List.of("node", "build.mjs"));

        Path key = KeyFiles.generate(folder, "server.key");
        try (Program server = Program.start(ChatServer.class, 0, key, PROJECT.resolve("dist"))) {
            String address = after("open ", server);
            String fingerprint = after("and compare ", server);

            String output = run(List.of(
                    "node",
                    "test.mjs",
                    chromium.orElseThrow().toString(),
                    address,
                    fingerprint,
                    Path.of("target", "browser-chat").toAbsolutePath().toString()));

            assertThat(output).contains("all as expected");
            server.endInput();
            server.awaitEnd();
        }
    }

    /** Other lines come from logging libraries on the class path of the tests. */
    private static String after(String beginning, Program server) throws InterruptedException {
        String line = server.nextLine();
        while (!line.startsWith(beginning)) {
            line = server.nextLine();
        }
        return line.substring(beginning.length());
    }

    private static void require(boolean found, String otherwise) {
        if (!found && Boolean.parseBoolean(System.getenv("SECURE_SESSION_REQUIRE_FOREIGN_PEERS"))) {
            fail(otherwise);
        }
        if (!found) {
            System.out.println("BrowserChatTest is skipped: " + otherwise);
        }
        Assumptions.assumeTrue(found, otherwise);
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(PROJECT.toFile())
                .redirectErrorStream(true)
                .start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(output).isZero();
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}

package dev.securesession.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.SecureSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first program of the README runs as it stands there, with nothing but the library. */
class HelloTest {
    private static final Path README = Path.of("").toAbsolutePath().resolveSibling("README.md");
    private static final Pattern PROGRAM =
            Pattern.compile("<!-- example: hello -->\\n```java\\n(.*?)```", Pattern.DOTALL);

    @Test
    void runsAsItIsPasted(@TempDir Path folder) throws Exception {
        Matcher program = PROGRAM.matcher(Files.readString(README));
        assertThat(program.find()).as("the program in the README").isTrue();
        Path source = Files.writeString(folder.resolve("Hello.java"), program.group(1));
        Path library = Path.of(SecureSession.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        Path output = folder.resolve("output.txt");

        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        library.toString(),
                        source.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS))
                    .as("the program ends")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readString(output).strip()).isEqualTo("hello, \"client\"");
        assertThat(process.exitValue()).isZero();
    }
}

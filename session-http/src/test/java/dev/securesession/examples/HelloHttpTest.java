package dev.securesession.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program of docs/http.md runs as it stands there. */
@Timeout(180)
class HelloHttpTest {
    private static final Path PAGE =
            Path.of("").toAbsolutePath().resolveSibling("docs").resolve("http.md");
    private static final Pattern PROGRAM =
            Pattern.compile("<!-- example: http-hello -->\\n\\n```java\\n(.*?)```", Pattern.DOTALL);

    @Test
    void runsAsItIsPasted(@TempDir Path folder) throws Exception {
        Matcher program = PROGRAM.matcher(Files.readString(PAGE));
        assertThat(program.find()).as("the program on the page").isTrue();
        Path source = Files.writeString(folder.resolve("HelloHttp.java"), program.group(1));
        Path output = folder.resolve("output.txt");

        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        source.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS))
                    .as("the program ends")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readAllLines(output)).containsExactly("0.50 for \"client\"", "no price: we do not sell plum");
        assertThat(process.exitValue()).isZero();
    }
}

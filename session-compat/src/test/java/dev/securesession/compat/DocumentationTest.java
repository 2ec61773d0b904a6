package dev.securesession.compat;

import static org.assertj.core.api.Assertions.assertThat;

import com.cossacklabs.themis.SecureSession;
import dev.securesession.Sealer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What README and migration guide show compiles, runs, and prints what they say. */
@Timeout(120)
class DocumentationTest {
    private static final Path PROJECT = Path.of(System.getProperty("project.basedir"));
    private static final List<Path> PAGES = List.of(
            PROJECT.resolve("README.md"),
            PROJECT.resolve("../docs/migrating-from-jni.md"),
            PROJECT.resolve("../docs/comparing-secrets.md"));
    private static final Pattern BLOCK = Pattern.compile("^```(\\w+)\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);

    static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (Path page : PAGES) {
            List<String[]> blocks = blocks(page);
            for (int i = 0; i < blocks.size(); i++) {
                if (blocks.get(i)[0].equals("java")) {
                    assertThat(blocks.get(i + 1)[0])
                            .as("what the example prints")
                            .isEqualTo("text");
                    examples.add(new Example(page, i, blocks.get(i)[1], blocks.get(i + 1)[1]));
                }
            }
        }
        return examples;
    }

    @ParameterizedTest
    @MethodSource("examples")
    void examplePrintsWhatThePageSays(Example example, @TempDir Path directory) throws Exception {
        Compiler.compileSources(
                Map.of("Example", example.source()),
                List.of(origin(SecureSession.class), origin(Sealer.class)),
                directory);

        assertThat(printed(directory)).isEqualTo(example.expected);
    }

    @Test
    void thereAreExamplesOnEachPage() throws IOException {
        assertThat(examples().stream().map(example -> example.page).distinct()).containsExactlyElementsOf(PAGES);
    }

    @Test
    void namesTheVersionThatIsBuilt() throws IOException {
        String version = System.getProperty("project.version");
        String guide = Files.readString(PAGES.get(1));
        Matcher maven = Pattern.compile("<artifactId>session-compat</artifactId>\\s*<version>([^<]+)</version>")
                .matcher(guide);
        Matcher gradle =
                Pattern.compile("dev\\.securesession:session-compat:([^']+)'").matcher(guide);

        assertThat(maven.results().map(found -> found.group(1))).hasSize(1).containsOnly(version);
        assertThat(gradle.results().map(found -> found.group(1))).hasSize(2).containsOnly(version);
    }

    @Test
    void linksLeadToFiles() throws IOException {
        for (Path page : PAGES) {
            Matcher link = Pattern.compile("\\]\\(([^)#]+)(#[^)]*)?\\)").matcher(Files.readString(page));
            assertThat(link.results().map(found -> found.group(1)))
                    .isNotEmpty()
                    .allSatisfy(
                            target -> assertThat(page.resolveSibling(target)).exists());
        }
    }

    @Test
    void namesTheLimitsOfTheCode() throws IOException {
        assertThat(Files.readString(PAGES.get(0)))
                .contains(String.format("%,d iterations", Sealer.ITERATION_LIMIT))
                .contains(String.format("%,d bytes", 65_535 - dev.securesession.SecureSession.OVERHEAD));
        assertThat(Files.readString(PAGES.get(1)))
                .contains(String.format("%,d iterations", Sealer.ITERATION_LIMIT))
                .contains(String.format("%,d, and so does", Sealer.ITERATIONS));
    }

    private static List<String[]> blocks(Path page) throws IOException {
        return BLOCK.matcher(Files.readString(page))
                .results()
                .map(block -> new String[] {block.group(1), block.group(2)})
                .collect(Collectors.toList());
    }

    private static String printed(Path classes) throws Exception {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {classes.toUri().toURL()}, DocumentationTest.class.getClassLoader())) {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            loader.loadClass("Example").getMethod("run").invoke(null);
        } finally {
            System.setOut(out);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    private static Path origin(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    static final class Example {
        final Path page;
        final int index;
        final String code;
        final String expected;

        Example(Path page, int index, String code, String expected) {
            this.page = page;
            this.index = index;
            this.code = code;
            this.expected = expected;
        }

        String source() {
            return lines(true) + "public class Example { public static void run() throws Exception {\n" + lines(false)
                    + "}}\n";
        }

        private String lines(boolean imports) {
            try (Stream<String> lines = code.lines()) {
                return lines.filter(line -> line.startsWith("import ") == imports)
                        .collect(Collectors.joining("\n", "", "\n"));
            }
        }

        @Override
        public String toString() {
            return page.getFileName() + ", block " + index;
        }
    }
}

package dev.securesession.examples;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every Java example in the documentation is, to the letter, one that a test of some module runs, and the reverse. */
class DocumentationTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    /** The tests of the drop-in compile and run the examples of these pages themselves. */
    private static final Set<String> PAGES_OF_THE_DROP_IN = Set.of("comparing-secrets.md", "migrating-from-jni.md");

    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- example: ([a-z-]+) -->\\n+)?```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern EXAMPLE =
            Pattern.compile("^( *)// example: ([a-z-]+)\\n(.*?)^ *// end$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern LINK = Pattern.compile("\\[[^]]*]\\(([^)#\\s]+)(#[^)]*)?\\)");

    @TestFactory
    Stream<DynamicTest> javaExamplesAreRunByTests() throws IOException {
        Map<String, String> examples = examples();
        Set<String> shown = new HashSet<>();
        List<DynamicTest> tests = new ArrayList<>();
        for (Path file : documents()) {
            Matcher block = BLOCK.matcher(Files.readString(file));
            while (block.find()) {
                String name = block.group(1);
                String code = block.group(2).strip();
                shown.add(name);
                tests.add(DynamicTest.dynamicTest(
                        ROOT.relativize(file) + ": " + name,
                        () -> assertThat(code)
                                .as("the example needs a name in a comment before it, and the same text in a test")
                                .isEqualTo(name == null ? null : examples.get(name))));
            }
        }
        tests.add(DynamicTest.dynamicTest(
                "each is on a page", () -> assertThat(shown).containsAll(examples.keySet())));
        assertThat(tests).hasSizeGreaterThan(examples.size());
        return tests.stream();
    }

    @Test
    void linksLeadToFiles() throws IOException {
        for (Path file : documents()) {
            Matcher link = LINK.matcher(Files.readString(file));
            while (link.find()) {
                String target = link.group(1);
                if (!target.contains("://")) {
                    assertThat(file.resolveSibling(target))
                            .as("a link in " + ROOT.relativize(file))
                            .exists();
                }
            }
        }
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>();
        try (Stream<Path> top = Files.list(ROOT);
                Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            Stream.concat(top, docs)
                    .filter(file -> file.toString().endsWith(".md"))
                    .filter(file ->
                            !PAGES_OF_THE_DROP_IN.contains(file.getFileName().toString()))
                    .sorted()
                    .forEach(documents::add);
        }
        return documents;
    }

    private static Map<String, String> examples() throws IOException {
        Map<String, String> examples = new HashMap<>();
        for (Path file : tests()) {
            Matcher example = EXAMPLE.matcher(Files.readString(file));
            while (example.find()) {
                int indent = example.group(1).length();
                String code = example.group(3)
                        .lines()
                        .map(line -> line.length() < indent ? line.strip() : line.substring(indent))
                        .collect(joining("\n"));
                assertThat(examples.put(example.group(2), code.strip()))
                        .as("another example with the name " + example.group(2))
                        .isNull();
            }
        }
        return examples;
    }

    private static List<Path> tests() throws IOException {
        List<Path> tests = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path sources : modules.map(module -> module.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(sources)) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(tests::add);
                }
            }
        }
        return tests;
    }
}

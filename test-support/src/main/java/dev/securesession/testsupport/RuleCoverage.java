package dev.securesession.testsupport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Disabled;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** Compares the rules of a document with the tests that name them by {@link Rule}. */
public final class RuleCoverage {
    private RuleCoverage() {}

    /**
     * Asserts that every rule has an accepting and a refusing test that runs, and that tests name no other rules.
     *
     * @param document has the rules as items that begin with a number in bold
     * @param series the letters before the numbers, for example {@code "HT"}
     * @param atLeast how many rules there are at least: a document that was not understood has none
     * @param test any test of the module, beside which the others are found
     */
    public static void assertComplete(Path document, String series, int atLeast, Class<?> test) throws Exception {
        List<String> rules = Pattern.compile("^- \\*\\*(" + series + "-\\d+)\\*\\*", Pattern.MULTILINE)
                .matcher(Files.readString(document))
                .results()
                .map(found -> found.group(1))
                .toList();
        Set<String> wanted = new TreeSet<>();
        for (String rule : rules) {
            for (Rule.Kind kind : Rule.Kind.values()) {
                wanted.add(rule + " " + kind);
            }
        }

        assertThat(rules).as("the rules of " + document).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(atLeast);
        assertThat(tested(test)).isEqualTo(wanted);
    }

    private static Set<String> tested(Class<?> test) throws Exception {
        Path root =
                Path.of(test.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<Path> files;
        try (Stream<Path> walk = Files.walk(root)) {
            files = walk.filter(file -> file.toString().endsWith(".class")).toList();
        }
        Set<String> tested = new TreeSet<>();
        for (Path file : files) {
            String path = root.relativize(file).toString().replace(File.separatorChar, '.');
            String name = path.substring(0, path.length() - ".class".length());
            for (Method method :
                    Class.forName(name, false, test.getClassLoader()).getDeclaredMethods()) {
                for (Rule rule : method.getAnnotationsByType(Rule.class)) {
                    assertThat(isRun(method))
                            .as(method + " is a test that runs")
                            .isTrue();
                    tested.add(rule.value() + " " + rule.kind());
                }
            }
        }
        return tested;
    }

    private static boolean isRun(Method method) {
        return AnnotationSupport.isAnnotated(method, Testable.class)
                && !AnnotationSupport.isAnnotated(method, Disabled.class)
                && !AnnotationSupport.isAnnotated(method.getDeclaringClass(), Disabled.class);
    }
}

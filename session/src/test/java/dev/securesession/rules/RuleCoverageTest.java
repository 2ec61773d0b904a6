package dev.securesession.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule.Kind;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** Every rule of PROTOCOL.md has a test that accepts and a test that refuses. */
class RuleCoverageTest {
    private static final Pattern RULE = Pattern.compile("^- \\*\\*([A-Z]{1,2}-\\d+)\\*\\*", Pattern.MULTILINE);

    private static final List<Method> TESTS = tests();

    @Test
    void everyRuleHasAnAcceptingAndARefusingTest() throws IOException {
        Set<String> missing = new TreeSet<>();
        for (String rule : rules()) {
            if (!isCovered(rule)) {
                missing.add(rule);
            }
        }

        assertThat(missing)
                .as("rules without a test for both Kind.ACCEPTS and Kind.REFUSES")
                .isEmpty();
    }

    @Test
    void testsNameOnlyRulesThatThereAre() throws IOException {
        Set<String> named = new TreeSet<>();
        TESTS.forEach(test -> rulesOf(test).forEach(rule -> named.add(rule.value())));

        assertThat(rules()).containsAll(named);
    }

    @Test
    void onlyTestsThatRunNameARule() {
        List<Method> idle = new ArrayList<>(TESTS);
        idle.removeIf(method -> isRun(method));

        assertThat(idle).as("methods with @Rule that are no test, or disabled").isEmpty();
    }

    @Test
    void numbersAreUsedOnce() throws IOException {
        List<String> numbers = rules();

        assertThat(numbers).doesNotHaveDuplicates().hasSizeGreaterThan(30);
    }

    private boolean isCovered(String rule) {
        return hasTest(rule, Kind.ACCEPTS) && hasTest(rule, Kind.REFUSES);
    }

    private boolean hasTest(String rule, Kind kind) {
        return TESTS.stream()
                .flatMap(test -> rulesOf(test).stream())
                .anyMatch(found -> found.value().equals(rule) && found.kind() == kind);
    }

    private static boolean isRun(Method method) {
        return AnnotationSupport.isAnnotated(method, Testable.class)
                && !AnnotationSupport.isAnnotated(method, Disabled.class)
                && !AnnotationSupport.isAnnotated(method.getDeclaringClass(), Disabled.class);
    }

    private static List<Rule> rulesOf(Method method) {
        return List.of(method.getAnnotationsByType(Rule.class));
    }

    /** Reads the numbers out of the document. */
    private static List<String> rules() throws IOException {
        Path module = Path.of(System.getProperty("basedir", ""));
        String text = Files.readString(module.resolve("../PROTOCOL.md"));
        return RULE.matcher(text)
                .results()
                .map((MatchResult result) -> result.group(1))
                // The rules of exchange over HTTP: the test of this name in session-http looks after them.
                .filter(number -> !number.startsWith("HT-"))
                .toList();
    }

    /** Finds the methods with rules among all compiled tests. */
    private static List<Method> tests() {
        try {
            Path root = Path.of(Rule.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            List<Path> files;
            try (Stream<Path> walk = Files.walk(root)) {
                files = walk.filter(file -> file.toString().endsWith(".class")).toList();
            }
            List<Method> methods = new ArrayList<>();
            for (Path file : files) {
                String path = root.relativize(file).toString().replace(File.separatorChar, '.');
                String name = path.substring(0, path.length() - ".class".length());
                for (Method method :
                        Class.forName(name, false, Rule.class.getClassLoader()).getDeclaredMethods()) {
                    if (!rulesOf(method).isEmpty()) {
                        methods.add(method);
                    }
                }
            }
            return methods;
        } catch (IOException | URISyntaxException | ClassNotFoundException e) {
            throw new AssertionError("the compiled tests cannot be read", e);
        }
    }
}

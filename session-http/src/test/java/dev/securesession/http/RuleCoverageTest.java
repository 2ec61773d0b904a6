package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;

/** Every rule HT-N of PROTOCOL.md has a test that accepts and a test that refuses. */
class RuleCoverageTest {
    private static final Pattern RULE = Pattern.compile("^- \\*\\*(HT-\\d+)\\*\\*", Pattern.MULTILINE);
    private static final List<Class<?>> TESTS = List.of(
            HttpSessionTest.class,
            EarlyRequestTest.class,
            HttpFloodTest.class,
            HostileNetworkTest.class,
            NettyHttpConnectionTest.class);

    @Test
    void everyRuleHasAnAcceptingAndARefusingTest() throws Exception {
        Path protocol = Path.of("").toAbsolutePath().resolveSibling("PROTOCOL.md");
        Set<String> wanted = RULE.matcher(Files.readString(protocol))
                .results()
                .flatMap(found -> List.of(found.group(1) + " ACCEPTS", found.group(1) + " REFUSES").stream())
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> tested = new TreeSet<>();
        for (Class<?> type : TESTS) {
            for (Method method : type.getDeclaredMethods()) {
                for (Rule rule : method.getAnnotationsByType(Rule.class)) {
                    assertThat(AnnotationSupport.isAnnotated(method, Testable.class))
                            .as(method + " is a test")
                            .isTrue();
                    tested.add(rule.value() + " " + rule.kind());
                }
            }
        }

        assertThat(wanted).hasSizeGreaterThanOrEqualTo(16);
        assertThat(tested).isEqualTo(wanted);
    }
}

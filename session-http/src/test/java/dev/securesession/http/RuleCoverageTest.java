package dev.securesession.http;

import dev.securesession.testsupport.RuleCoverage;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Every rule HT-N of PROTOCOL.md has a test that accepts and a test that refuses. */
class RuleCoverageTest {
    @Test
    void everyRuleHasAnAcceptingAndARefusingTest() throws Exception {
        Path protocol = Path.of("").toAbsolutePath().resolveSibling("PROTOCOL.md");
        RuleCoverage.assertComplete(protocol, "HT", 8, RuleCoverageTest.class);
    }
}

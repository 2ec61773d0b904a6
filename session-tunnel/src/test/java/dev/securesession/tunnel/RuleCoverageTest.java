package dev.securesession.tunnel;

import dev.securesession.testsupport.RuleCoverage;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Every rule TN-N of docs/tunnel-protocol.md has a test that accepts and a test that refuses. */
class RuleCoverageTest {
    @Test
    void everyRuleHasAnAcceptingAndARefusingTest() throws Exception {
        Path protocol = Path.of("").toAbsolutePath().resolveSibling("docs").resolve("tunnel-protocol.md");
        RuleCoverage.assertComplete(protocol, "TN", 12, RuleCoverageTest.class);
    }
}

package dev.securesession.micrometer;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.SessionConfig;
import dev.securesession.StateKey;
import dev.securesession.store.KeyRing;
import dev.securesession.store.MemorySessionStore;
import dev.securesession.store.SessionManager;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoreOptions;
import dev.securesession.store.StoredSessions;
import dev.securesession.testkit.Pair;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/stored-sessions-metrics.md: its example, and the names in its table. */
class DocumentationTest {
    private static final Path PROJECT = Path.of("").toAbsolutePath();
    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- example: ([a-z-]+) -->\\n+)?```java\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern EXAMPLE =
            Pattern.compile("^( *)// example: ([a-z-]+)\\n(.*?)^ *// end$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern ROW =
            Pattern.compile("^\\| `(securesession[a-z.]*)` \\| `([a-z_]*)` \\|", Pattern.MULTILINE);

    private final PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    @Test
    void aHandshakeIsCounted() throws Exception {
        Pair pair = Pair.create();
        KeyRing keys = KeyRing.of("key-1", StateKey.of(new byte[StateKey.LENGTH]));
        try (SessionManager manager = manager(prometheus, new MemorySessionStore(), keys, pair.server());
                var client = pair.beginAsClient()) {
            SessionManager.HandshakeReply second = manager.begin(client.start());
            var unused = manager.receive(
                    second.token(), client.receive(second.message()).message().orElseThrow());

            assertThat(prometheus.scrape()).contains("securesession_store_claimed_total 1.0");
        }
    }

    private static SessionManager manager(
            MeterRegistry registry, SessionStore store, KeyRing keys, SessionConfig config) {
        // example: meters
        StoreOptions options = StoreOptions.defaults().withListener(StoreMeters.in(registry));
        SessionManager manager = SessionManager.of(StoredSessions.of(store, keys, config, options));
        // end
        return manager;
    }

    @Test
    void thePageListsEveryMeterByBothNames() throws Exception {
        StoreMeters meters = StoreMeters.in(prometheus);
        Set<String> names = new TreeSet<>();
        for (Meter meter : prometheus.getMeters()) {
            names.add(meter.getId().getName());
        }

        Map<String, String> listed = new HashMap<>();
        for (MatchResult row : ROW.matcher(page()).results().toList()) {
            listed.put(row.group(1), row.group(2));
        }

        assertThat(listed.keySet()).as("the page, and " + meters).isEqualTo(names);
        String scraped = prometheus.scrape();
        assertThat(listed.values())
                .allSatisfy(name -> assertThat(scraped).containsPattern("(?m)^" + name + "(_count)?[ {]"));
    }

    @Test
    void theExampleOfThePageIsTheOneHere() throws Exception {
        String source =
                Files.readString(PROJECT.resolve("src/test/java/dev/securesession/micrometer/DocumentationTest.java"));
        Map<String, String> examples = new HashMap<>();
        Matcher example = EXAMPLE.matcher(source);
        while (example.find()) {
            int indent = example.group(1).length();
            examples.put(
                    example.group(2),
                    example.group(3)
                            .lines()
                            .map(line -> line.length() < indent ? line.strip() : line.substring(indent))
                            .collect(joining("\n")));
        }
        Map<String, String> blocks = new HashMap<>();
        Matcher block = BLOCK.matcher(page());
        while (block.find()) {
            blocks.put(block.group(1), block.group(2).stripTrailing());
        }

        assertThat(examples).hasSize(1);
        assertThat(blocks).isEqualTo(examples);
    }

    private static String page() throws Exception {
        return Files.readString(PROJECT.resolveSibling("docs").resolve("stored-sessions-metrics.md"));
    }
}

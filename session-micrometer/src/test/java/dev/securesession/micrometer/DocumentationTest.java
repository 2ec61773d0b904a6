package dev.securesession.micrometer;

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
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/stored-sessions-metrics.md: its example, and the names in its table. */
class DocumentationTest {
    private static final Path PROJECT = Path.of("").toAbsolutePath();
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

    private static String page() throws Exception {
        return Files.readString(PROJECT.resolveSibling("docs").resolve("stored-sessions-metrics.md"));
    }
}

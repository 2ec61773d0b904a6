package dev.securesession.cli.operations;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The numbers of one process and its tunnels. Safe for use by several threads. */
final class ProcessMetrics {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<String, TunnelMetrics> tunnels = new ConcurrentHashMap<>();
    private final Counter applied = reloads("applied");
    private final Counter refused = reloads("refused");

    ProcessMetrics() {
        new UptimeMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
    }

    /** Returns the numbers of a tunnel, the same ones for a name that was there before. */
    TunnelMetrics tunnel(String name) {
        return tunnels.computeIfAbsent(name, unused -> new TunnelMetrics(registry, name));
    }

    void reloadApplied() {
        applied.increment();
    }

    void reloadRefused() {
        refused.increment();
    }

    /** Returns all numbers in the text format of Prometheus. */
    String scrape() {
        return registry.scrape();
    }

    private Counter reloads(String result) {
        return Counter.builder("securesession.reloads")
                .description("Reloads of keys and configuration")
                .tag("result", result)
                .register(registry);
    }
}

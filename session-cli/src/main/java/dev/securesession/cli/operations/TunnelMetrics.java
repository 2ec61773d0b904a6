package dev.securesession.cli.operations;

import dev.securesession.tunnel.TunnelConnection;
import dev.securesession.tunnel.TunnelEnd;
import dev.securesession.tunnel.TunnelRefusal;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;

/** The numbers of one tunnel; docs/tunnel-operations.md lists their names. Safe for use by several threads. */
final class TunnelMetrics {
    private final Set<TunnelConnection> open = ConcurrentHashMap.newKeySet();
    private final Counter opened;
    private final Counter complete;
    private final Counter failed;
    private final Map<TunnelRefusal.Reason, Counter> refused = new EnumMap<>(TunnelRefusal.Reason.class);
    private final Timer duration;
    private final Bytes toTarget = new Bytes(TunnelConnection::bytesToTarget);
    private final Bytes fromTarget = new Bytes(TunnelConnection::bytesFromTarget);

    TunnelMetrics(MeterRegistry registry, String tunnel) {
        Tags tags = Tags.of("tunnel", tunnel.isEmpty() ? "default" : tunnel);
        Gauge.builder("securesession.tunnel.connections", open, Set::size)
                .description("Open connections")
                .tags(tags)
                .register(registry);
        opened = Counter.builder("securesession.tunnel.opened")
                .description("Connections that were opened")
                .tags(tags)
                .register(registry);
        complete = closed(registry, tags, "complete");
        failed = closed(registry, tags, "incomplete");
        for (TunnelRefusal.Reason reason : TunnelRefusal.Reason.values()) {
            refused.put(
                    reason,
                    Counter.builder("securesession.tunnel.refused")
                            .description("Connections that were refused before they were opened")
                            .tags(tags.and("reason", label(reason)))
                            .register(registry));
        }
        duration = Timer.builder("securesession.tunnel.connection.duration")
                .description("How long ended connections were open")
                .tags(tags)
                .register(registry);
        bytes(registry, tags, "to_target", toTarget);
        bytes(registry, tags, "from_target", fromTarget);
    }

    void opened(TunnelConnection connection) {
        open.add(connection);
        opened.increment();
    }

    void closed(TunnelConnection connection, TunnelEnd end) {
        toTarget.ended(connection);
        fromTarget.ended(connection);
        open.remove(connection);
        (end.complete() ? complete : failed).increment();
        duration.record(connection.duration());
    }

    void refused(TunnelRefusal.Reason reason) {
        Objects.requireNonNull(refused.get(reason)).increment();
    }

    /** Returns the word for a reason, in metrics and in the log. */
    static String label(TunnelRefusal.Reason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }

    private static Counter closed(MeterRegistry registry, Tags tags, String end) {
        return Counter.builder("securesession.tunnel.closed")
                .description("Connections that have ended, by whether both directions were complete")
                .tags(tags.and("end", end))
                .register(registry);
    }

    private static void bytes(MeterRegistry registry, Tags tags, String direction, Bytes bytes) {
        FunctionCounter.builder("securesession.tunnel", bytes, Bytes::total)
                .baseUnit("bytes")
                .description("Payload bytes, those of open connections included")
                .tags(tags.and("direction", direction))
                .register(registry);
    }

    /** The bytes of ended and open connections in one direction, a number that never falls. */
    private final class Bytes {
        private final ToLongFunction<TunnelConnection> direction;
        private final AtomicLong ofEnded = new AtomicLong();
        private final AtomicLong highest = new AtomicLong();

        Bytes(ToLongFunction<TunnelConnection> direction) {
            this.direction = direction;
        }

        void ended(TunnelConnection connection) {
            ofEnded.addAndGet(direction.applyAsLong(connection));
        }

        double total() {
            // A connection that ends now could be missed or counted twice: the ended ones are read first, and no
            // total is less than the one before.
            long ended = ofEnded.get();
            long total = ended + open.stream().mapToLong(direction).sum();
            return highest.accumulateAndGet(total, Math::max);
        }
    }
}

package dev.securesession.benchmarks;

import dev.securesession.benchmarks.Results.Figure;
import dev.securesession.benchmarks.Results.Unit;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * TCP tunnels over the loopback interface: throughput, CPU time, connections per second, the latency that they add to a
 * small message, and their memory. Each figure is the median of several rounds; every round starts new processes.
 */
final class Tunnels {
    private static final long GIBIBYTE = 1L << 30;
    private static final long WARM_UP_BYTES = 10 * GIBIBYTE;
    private static final Duration WARM_UP_OF_CONNECTIONS = Duration.ofSeconds(30);
    private static final Duration CONNECTING = Duration.ofSeconds(3);
    private static final int ROUND_TRIPS = 20_000;
    private static final int IDLE_CONNECTIONS = 1_000;

    private final Form form;
    private final Consumer<String> log;

    private Tunnels(Form form, Consumer<String> log) {
        this.form = form;
        this.log = log;
    }

    /** Arguments: the name of a {@link Form}, then names of {@link TunnelKind}s (all if none). Prints the figures. */
    public static void main(String[] arguments) throws Exception {
        Form form = Form.valueOf(arguments[0].toUpperCase(Locale.ROOT));
        List<TunnelKind> kinds = arguments.length == 1
                ? List.of(TunnelKind.values())
                : Arrays.stream(arguments).skip(1).map(TunnelKind::valueOf).toList();
        for (Figure figure : measure(form, kinds, System.err::println)) {
            System.out.printf(
                    Locale.ROOT,
                    "%s: %s: %.2f %s%n",
                    figure.group(),
                    figure.subject(),
                    figure.value(),
                    figure.unit().symbol());
        }
    }

    /** Measures all installed tunnels. */
    static List<Figure> measure(Form form, Consumer<String> log) throws Exception {
        return measure(form, List.of(TunnelKind.values()), log);
    }

    private static List<Figure> measure(Form form, List<TunnelKind> kinds, Consumer<String> log) throws Exception {
        return new Tunnels(form, log).measure(kinds);
    }

    private List<Figure> measure(List<TunnelKind> kinds) throws Exception {
        Map<TunnelKind, List<Round>> rounds = new EnumMap<>(TunnelKind.class);
        for (TunnelKind kind : kinds) {
            if (kind.isInstalled()) {
                rounds.put(kind, new ArrayList<>());
            } else {
                log.accept("  " + kind.label() + " is not installed and is left out");
            }
        }
        try (TunnelTarget target = TunnelTarget.open()) {
            for (int i = 0; i < form.rounds; i++) {
                for (Map.Entry<TunnelKind, List<Round>> entry : rounds.entrySet()) {
                    Round round = round(entry.getKey(), target.port());
                    log.accept("  " + entry.getKey().label() + ": " + round);
                    entry.getValue().add(round);
                }
            }
        }
        List<Figure> figures = new ArrayList<>();
        for (Measured measured : Measured.values()) {
            rounds.forEach((kind, all) -> figures.add(
                    new Figure(measured.group, kind.label(), measured.unit, median(all, measured.part), null)));
        }
        figures.removeIf(figure -> Double.isNaN(figure.value())); // Not measured in this form.
        return figures;
    }

    private Round round(TunnelKind kind, int targetPort) throws Exception {
        try (Tunnel tunnel = kind.open(targetPort)) {
            double nanos;
            double cpuNanos;
            try (TunnelLoad.Flood flood = TunnelLoad.Flood.open(tunnel.port())) {
                flood.send(WARM_UP_BYTES);
                Duration cpuBefore = tunnel.cpuTime();
                long begin = System.nanoTime();
                flood.send(form.bytes);
                nanos = System.nanoTime() - begin;
                cpuNanos = tunnel.cpuTime().minus(cpuBefore).toNanos();
            }
            double connections = form == Form.BULK
                    ? Double.NaN
                    : TunnelLoad.connectionsPerSecond(tunnel.port(), WARM_UP_OF_CONNECTIONS, CONNECTING);
            TunnelLoad.RoundTrips direct = TunnelLoad.roundTrips(targetPort, ROUND_TRIPS, ROUND_TRIPS);
            TunnelLoad.RoundTrips through = TunnelLoad.roundTrips(tunnel.port(), ROUND_TRIPS, ROUND_TRIPS);
            return new Round(
                    form.bytes / MEBIBYTE / (nanos / 1e9),
                    cpuNanos / 1e9 / ((double) form.bytes / GIBIBYTE),
                    connections,
                    through.median() - direct.median(),
                    through.percentile99() - direct.percentile99(),
                    memoryOfIdle(tunnel) / MEBIBYTE,
                    tunnel.memory() / MEBIBYTE);
        }
    }

    /** Returns what a thousand open connections take more than none, in bytes. */
    private static double memoryOfIdle(Tunnel tunnel) throws IOException {
        long before = tunnel.memory();
        List<SocketChannel> idle = TunnelLoad.openIdle(tunnel.port(), IDLE_CONNECTIONS);
        try {
            return tunnel.memory() - before;
        } finally {
            for (SocketChannel channel : idle) {
                channel.close();
            }
        }
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> part) {
        double[] sorted = rounds.stream().mapToDouble(part).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private static final double MEBIBYTE = 1 << 20;

    /** The extent of the measurements. */
    enum Form {
        SHORT(2 * GIBIBYTE, 1),
        FULL(4 * GIBIBYTE, 3),
        /** Without connections per second, which take most of the time: for work on bulk data. */
        BULK(8 * GIBIBYTE, 1);

        private final long bytes;
        private final int rounds;

        Form(long bytes, int rounds) {
            this.bytes = bytes;
            this.rounds = rounds;
        }
    }

    /** The measurements of each tunnel. */
    private enum Measured {
        THROUGHPUT("Tunnel, throughput", Unit.MEBIBYTES_PER_SECOND, Round::throughput),
        CPU_TIME("Tunnel, CPU time", Unit.SECONDS_PER_GIBIBYTE, Round::cpuTime),
        CONNECTIONS("Tunnel, connections", Unit.PER_SECOND, Round::connections),
        ROUND_TRIP("Tunnel, added round trip, 64 B", Unit.MICROSECONDS, Round::addedRoundTrip),
        SLOW_ROUND_TRIP("Tunnel, added at the 99th percentile", Unit.MICROSECONDS, Round::addedSlowRoundTrip),
        IDLE("Tunnel, 1,000 idle connections", Unit.MEBIBYTES, Round::idle),
        MEMORY("Tunnel, memory in all", Unit.MEBIBYTES, Round::memory);

        private final String group;
        private final Unit unit;

        @SuppressWarnings("ImmutableEnumChecker") // The functions have no state.
        private final ToDoubleFunction<Round> part;

        Measured(String group, Unit unit, ToDoubleFunction<Round> part) {
            this.group = group;
            this.unit = unit;
            this.part = part;
        }
    }

    /** The figures of one tunnel in one round. */
    private record Round(
            double throughput,
            double cpuTime,
            double connections,
            double addedRoundTrip,
            double addedSlowRoundTrip,
            double idle,
            double memory) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%.0f MiB/s, %.2f s/GiB, %.0f connections/s, %.1f µs more, %.1f µs at 99 %%, "
                            + "%.1f MiB for 1,000 idle connections, %.0f MiB in all",
                    throughput,
                    cpuTime,
                    connections,
                    addedRoundTrip,
                    addedSlowRoundTrip,
                    idle,
                    memory);
        }
    }
}

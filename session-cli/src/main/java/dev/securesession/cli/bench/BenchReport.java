package dev.securesession.cli.bench;

import dev.securesession.cli.command.Amount;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/** The results as a table with a chart, or as JSON. */
final class BenchReport {
    private final String subject;
    private final String environment;
    private final int connections;
    private final int size;
    private final Measurement opened;
    private final Measurement roundTrips;
    private final Measurement throughput;

    BenchReport(
            String subject,
            String environment,
            int connections,
            int size,
            Measurement opened,
            Measurement roundTrips,
            Measurement throughput) {
        this.subject = subject;
        this.environment = environment;
        this.connections = connections;
        this.size = size;
        this.opened = opened;
        this.roundTrips = roundTrips;
        this.throughput = throughput;
    }

    String table() {
        List<String> lines = new ArrayList<>();
        lines.add(subject);
        lines.add(environment);
        lines.add("");
        lines.add(String.format(Locale.ROOT, "%-32s %,12.0f /s", "new connections", opened.operationsPerSecond()));
        lines.add(String.format(
                Locale.ROOT,
                "%-32s %,12.0f /s",
                "round trips of " + size + " bytes",
                roundTrips.operationsPerSecond()));
        lines.add(String.format(
                Locale.ROOT, "%-32s %12s/s", "throughput, each direction", Amount.of(throughput.bytesPerSecond())));
        lines.add("");
        lines.add(String.format(
                Locale.ROOT, "%-20s %10s %10s %10s %10s %10s", "time", "median", "90 %", "99 %", "99.9 %", "longest"));
        lines.add(percentiles("new connection", opened.nanos()));
        lines.add(percentiles("round trip", roundTrips.nanos()));
        lines.add("");
        lines.add("round trips by time");
        lines.addAll(chart(roundTrips.nanos()));
        return String.join("\n", lines);
    }

    private static String percentiles(String label, Histogram nanos) {
        return String.format(
                Locale.ROOT,
                "%-20s %10s %10s %10s %10s %10s",
                label,
                time(nanos.getValueAtPercentile(50)),
                time(nanos.getValueAtPercentile(90)),
                time(nanos.getValueAtPercentile(99)),
                time(nanos.getValueAtPercentile(99.9)),
                time(nanos.getMaxValue()));
    }

    /** Returns a bar for each doubling of the time; a time that occurred has a mark at least. */
    private static List<String> chart(Histogram nanos) {
        List<String> lines = new ArrayList<>();
        int first = exponent(nanos.getMinNonZeroValue());
        int last = exponent(nanos.getMaxValue());
        for (int exponent = first; exponent <= last; exponent++) {
            long low = 1L << exponent;
            long count = nanos.getCountBetweenValues(low, 2 * low - 1);
            double share = (double) count / nanos.getTotalCount();
            int marks = count == 0 ? 0 : Math.max(1, (int) Math.round(share * WIDTH));
            lines.add(String.format(
                            Locale.ROOT,
                            "%9s to %9s %5.1f %% %s",
                            time(low),
                            time(2 * low),
                            100 * share,
                            "#".repeat(marks))
                    .stripTrailing());
        }
        return lines;
    }

    private static int exponent(long nanos) {
        return Long.SIZE - 1 - Long.numberOfLeadingZeros(Math.max(1, nanos));
    }

    private static String time(long nanos) {
        if (nanos >= 1_000_000_000) {
            return String.format(Locale.ROOT, "%.2f s", nanos / 1e9);
        }
        if (nanos >= 1_000_000) {
            return String.format(Locale.ROOT, "%.2f ms", nanos / 1e6);
        }
        return String.format(Locale.ROOT, "%.1f us", nanos / 1e3);
    }

    /** Returns one object: rates by the second, times in microseconds. */
    String json() {
        return "{\"subject\":" + quoted(subject)
                + ",\"environment\":" + quoted(environment)
                + ",\"connections\":" + connections
                + ",\"size\":" + size
                + ",\"newConnectionsPerSecond\":" + number(opened.operationsPerSecond())
                + ",\"roundTripsPerSecond\":" + number(roundTrips.operationsPerSecond())
                + ",\"bytesPerSecond\":" + number(throughput.bytesPerSecond())
                + ",\"newConnectionMicros\":" + micros(opened.nanos())
                + ",\"roundTripMicros\":" + micros(roundTrips.nanos())
                + "}";
    }

    private static String micros(Histogram nanos) {
        return "{\"p50\":" + number(nanos.getValueAtPercentile(50) / 1e3)
                + ",\"p90\":" + number(nanos.getValueAtPercentile(90) / 1e3)
                + ",\"p99\":" + number(nanos.getValueAtPercentile(99) / 1e3)
                + ",\"p999\":" + number(nanos.getValueAtPercentile(99.9) / 1e3)
                + ",\"max\":" + number(nanos.getMaxValue() / 1e3)
                + "}";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static final int WIDTH = 50;
}

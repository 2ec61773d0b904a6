package dev.securesession.benchmarks;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The measurements of a short or full run, in their order. */
final class Plan {
    private static final String[] ALL_SIZES = {"16", "64", "1024", "16384", "65536", "1048576"};

    /** Duration of a warm-up and of a measurement. */
    final int warmUpMillis;

    final int iterationMillis;
    final List<Entry> entries = new ArrayList<>();
    final int[] idleSessions;
    final int idleTlsConnections;
    final Tunnels.Form tunnels;

    private Plan(
            int warmUpMillis, int iterationMillis, int[] idleSessions, int idleTlsConnections, Tunnels.Form tunnels) {
        this.warmUpMillis = warmUpMillis;
        this.iterationMillis = iterationMillis;
        this.idleSessions = idleSessions;
        this.idleTlsConnections = idleTlsConnections;
        this.tunnels = tunnels;
    }

    /** Returns the plan of a run of about ten minutes: the main figures and the comparison. */
    static Plan brief() {
        Plan plan = new Plan(700, 400, new int[] {100_000, 1_000_000}, 500, Tunnels.Form.SHORT);
        plan.add("HandshakeBenchmark.handshake").warmUpTimes(4).with("stack", names(Stack::doesHandshakes));
        plan.add("RoundTripBenchmark.roundTrip")
                .with("stack", names(Stack::carriesMessages))
                .with("size", "64", "16384", "1048576");
        plan.add("MessageBenchmark")
                .with("providers", ProviderSet.JDK.name())
                .with("size", "64", "1048576")
                .with("carriage", Carriage.Kind.ARRAY.name());
        plan.add("DropInBenchmark");
        plan.add("DropInHandshakeBenchmark").warmUpTimes(4);
        plan.add("StateBenchmark").with("providers", ProviderSet.JDK.name());
        for (int threads = 1; threads <= 2; threads++) {
            plan.add("ThreadsBenchmark.(separateSessions|oneSession)")
                    .threads(threads)
                    .with("providers", ProviderSet.JDK.name())
                    .with("size", "64");
            plan.add("ThreadsBenchmark.handshakes")
                    .threads(threads)
                    .warmUpTimes(4)
                    .with("providers", ProviderSet.JDK.name(), ProviderSet.CORRETTO.name())
                    .with("size", "64");
        }
        return plan;
    }

    /** Returns the plan of all measurements, which take almost an hour. */
    static Plan full() {
        Plan plan = new Plan(600, 500, new int[] {100_000, 1_000_000}, 1000, Tunnels.Form.FULL);
        plan.add("HandshakeBenchmark.handshake").warmUpTimes(4).with("stack", names(Stack::doesHandshakes));
        plan.add("HandshakeStepBenchmark.step").warmUpTimes(4);
        plan.add("RoundTripBenchmark.roundTrip")
                .with("stack", names(Stack::carriesMessages))
                .with("size", ALL_SIZES);
        plan.add("MessageBenchmark").with("providers", ProviderSet.JDK.name()).with("size", ALL_SIZES);
        plan.add("DropInBenchmark");
        plan.add("DropInHandshakeBenchmark").warmUpTimes(4);
        plan.add("StateBenchmark");
        for (int threads = 1; threads <= 2; threads++) {
            plan.add("ThreadsBenchmark.(separateSessions|oneSession)")
                    .threads(threads)
                    .with("providers", ProviderSet.JDK.name(), ProviderSet.CORRETTO.name());
            plan.add("ThreadsBenchmark.handshakes")
                    .threads(threads)
                    .warmUpTimes(4)
                    .with("size", "64");
        }
        return plan;
    }

    private Entry add(String benchmark) {
        Entry entry = new Entry(benchmark);
        entries.add(entry);
        return entry;
    }

    private static String[] names(Predicate<Stack> which) {
        return Arrays.stream(Stack.values()).filter(which).map(Enum::name).toArray(String[]::new);
    }

    /** Benchmarks by name, with values for the parameters that are limited to some of them. */
    static final class Entry {
        final String benchmark;
        final Map<String, String[]> parameters = new LinkedHashMap<>();
        int threads = 1;
        int warmUpFactor = 1;

        private Entry(String benchmark) {
            this.benchmark = benchmark;
        }

        private Entry with(String parameter, String... values) {
            parameters.put(parameter, values);
            return this;
        }

        private Entry threads(int count) {
            threads = count;
            return this;
        }

        /** Extends the warm-up, for example because elliptic curves in Java take long to compile. */
        private Entry warmUpTimes(int factor) {
            warmUpFactor = factor;
            return this;
        }
    }
}

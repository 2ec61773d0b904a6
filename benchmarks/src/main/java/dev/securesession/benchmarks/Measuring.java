package dev.securesession.benchmarks;

import dev.securesession.benchmarks.Results.Figure;
import dev.securesession.benchmarks.Results.Unit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the measurements of a plan. Each figure is the median of the iterations. */
final class Measuring {
    private static final int ITERATIONS = 5;
    private static final int WARM_UPS = 2;
    private static final String GARBAGE = "gc.alloc.rate.norm";

    private final Plan plan;
    private final Consumer<String> log;
    private final List<Figure> figures = new ArrayList<>();

    private Measuring(Plan plan, Consumer<String> log) {
        this.plan = plan;
        this.log = log;
    }

    static List<Figure> carryOut(Plan plan, Consumer<String> log) throws Exception {
        Measuring measuring = new Measuring(plan, log);
        for (Plan.Entry entry : plan.entries) {
            measuring.runJmh(entry);
        }
        measuring.addOneEndAlone();
        measuring.measureIdleMemory();
        measuring.measureColdStart();
        log.accept("Tunnels");
        measuring.figures.addAll(Tunnels.measure(plan.tunnels, log));
        return measuring.figures;
    }

    private void runJmh(Plan.Entry entry) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("\\." + entry.benchmark.replace(".(", "\\.("))
                .forks(1)
                .threads(entry.threads)
                .warmupIterations(WARM_UPS)
                .warmupTime(TimeValue.milliseconds((long) plan.warmUpMillis * entry.warmUpFactor))
                .measurementIterations(ITERATIONS)
                .measurementTime(TimeValue.milliseconds(plan.iterationMillis))
                .addProfiler(GCProfiler.class)
                .addProfiler(CpuTimeProfiler.class)
                .jvmArgsAppend(jvmOptions())
                .verbosity(VerboseMode.SILENT);
        entry.parameters.forEach(options::param);
        log.accept(entry.benchmark + (entry.threads == 1 ? "" : ", " + entry.threads + " threads"));
        Collection<RunResult> results = new Runner(options.build()).run();
        if (results.isEmpty()) {
            throw new IllegalStateException(entry.benchmark + " returned no results");
        }
        for (RunResult result : results) {
            Figure figure = figureOf(result);
            figures.add(figure);
            log.accept(String.format(
                    Locale.ROOT,
                    "  %s: %s: %.3f %s",
                    figure.group(),
                    figure.subject(),
                    figure.value(),
                    figure.unit().symbol()));
        }
    }

    /** Commits the whole heap at the start: the first access to a page costs more than a message. */
    private static String[] jvmOptions() {
        List<String> options = new ArrayList<>(Child.jvmOptions());
        options.addAll(List.of("-Xms2g", "-Xmx2g", "-XX:+AlwaysPreTouch"));
        return options.toArray(String[]::new);
    }

    private static Figure figureOf(RunResult result) {
        String benchmark = result.getParams().getBenchmark();
        String method = benchmark.substring(benchmark.lastIndexOf('.') + 1);
        double clock = median(result, iteration -> iteration.getPrimaryResult().getScore());
        double cpu = median(result, iteration -> secondary(iteration, CpuTimeProfiler.LABEL));
        double garbage = median(result, iteration -> secondary(iteration, GARBAGE));
        String name = benchmark.substring(0, benchmark.lastIndexOf('.'));
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "HandshakeBenchmark" ->
                new Figure("Handshake, both ends", stack(result), Unit.PER_SECOND, 1e6 / cpu, garbage);
            // CPU time and allocation would include the earlier steps of the handshake.
            case "HandshakeStepBenchmark" ->
                new Figure(
                        STEP_GROUP + result.getParams().getParam("step"),
                        providers(result),
                        Unit.MICROSECONDS,
                        clock,
                        null);
            case "RoundTripBenchmark" ->
                new Figure("Round trip, " + size(result), stack(result), Unit.MICROSECONDS, cpu, garbage);
            case "MessageBenchmark" ->
                new Figure(
                        messageGroup(method) + ", " + size(result),
                        providers(result) + ", "
                                + Carriage.Kind.valueOf(result.getParams().getParam("carriage"))
                                        .label(),
                        Unit.MICROSECONDS,
                        cpu,
                        garbage);
            case "DropInBenchmark" ->
                new Figure(
                        "Round trip of arrays by the drop-in, 1 KiB",
                        method.equals("dropIn") ? "drop-in" : "the session below it",
                        Unit.MICROSECONDS,
                        cpu,
                        garbage);
            case "DropInHandshakeBenchmark" ->
                new Figure(
                        "Handshake of the drop-in, both ends",
                        method.equals("dropIn") ? "drop-in" : "the session below it",
                        Unit.PER_SECOND,
                        1e6 / cpu,
                        garbage);
            case "StateBenchmark" ->
                new Figure(
                        method.equals("save") ? "Save a session" : "Restore a session",
                        providers(result),
                        Unit.MICROSECONDS,
                        cpu,
                        garbage);
            case "ThreadsBenchmark" ->
                new Figure(
                        threadsGroup(method) + (method.equals("handshakes") ? "" : ", " + size(result)),
                        providers(result) + ", " + result.getParams().getThreads() + " thread"
                                + (result.getParams().getThreads() == 1 ? "" : "s"),
                        Unit.PER_SECOND,
                        clock,
                        garbage);
            default -> throw new AssertionError("unknown benchmark " + benchmark);
        };
    }

    private static String messageGroup(String method) {
        return switch (method) {
            case "wrap" -> "Wrap";
            case "unwrap" -> "Unwrap";
            default -> "Round trip by carriage";
        };
    }

    private static String threadsGroup(String method) {
        return switch (method) {
            case "separateSessions" -> "Round trips, each thread its sessions";
            case "oneSession" -> "Wraps, threads share a session";
            default -> "Handshakes, threads share a configuration";
        };
    }

    /** Adds the sum of the measured steps of each end as figures. */
    private void addOneEndAlone() {
        for (ProviderSet set : ProviderSet.values()) {
            for (String end : List.of("CLIENT", "SERVER")) {
                double micros = figures.stream()
                        .filter(figure -> figure.group().startsWith(STEP_GROUP + end)
                                && figure.subject().equals(set.label()))
                        .mapToDouble(Figure::value)
                        .sum();
                if (micros > 0) {
                    String group = "Handshake, " + end.toLowerCase(Locale.ROOT) + " alone";
                    figures.add(new Figure(group, set.label(), Unit.PER_SECOND, 1e6 / micros, null));
                }
            }
        }
    }

    private void measureIdleMemory() throws IOException, InterruptedException {
        log.accept("IdleMemory");
        for (int count : plan.idleSessions) {
            figures.add(idle(Stack.SECURE_SESSION, String.format(Locale.ROOT, ", of %,d in 512 MB", count), count));
        }
        figures.add(idle(Stack.JSSE, "", plan.idleTlsConnections));
    }

    private static Figure idle(Stack stack, String condition, int count) throws IOException, InterruptedException {
        Double bytes = Child.run(
                        IdleMemory.class,
                        List.of("-XX:+UseSerialGC", "-Xmx512m"),
                        stack.name(),
                        Integer.toString(count))
                .get("bytes");
        if (bytes == null) {
            throw new IOException("no figure for idle memory of " + stack);
        }
        return new Figure("Heap of an idle end", stack.label() + condition, Unit.BYTES, bytes, null);
    }

    private void measureColdStart() throws IOException, InterruptedException {
        log.accept("ColdStart");
        for (ColdStart.Start start : ColdStart.Start.values()) {
            Child.run(ColdStart.class, List.of(), start.name())
                    .forEach((window, figure) -> figures.add(new Figure(
                            "Cold start, 1 MiB, CPU time " + window,
                            start.label(),
                            Unit.GIGABYTES_PER_SECOND,
                            figure,
                            null)));
        }
    }

    private static String stack(RunResult result) {
        return Stack.valueOf(result.getParams().getParam("stack")).label();
    }

    private static String providers(RunResult result) {
        return ProviderSet.valueOf(result.getParams().getParam("providers")).label();
    }

    private static String size(RunResult result) {
        int bytes = Integer.parseInt(result.getParams().getParam("size"));
        if (bytes >= 1 << 20) {
            return (bytes >> 20) + " MiB";
        }
        return bytes >= 1 << 10 ? (bytes >> 10) + " KiB" : bytes + " B";
    }

    private static double secondary(IterationResult iteration, String label) {
        @Nullable Result<?> result = iteration.getSecondaryResults().get(label);
        return result == null ? Double.NaN : result.getScore();
    }

    private static double median(RunResult result, ToDoubleFunction<IterationResult> score) {
        double[] sorted = result.getBenchmarkResults().stream()
                .map(BenchmarkResult::getIterationResults)
                .flatMap(Collection::stream)
                .mapToDouble(score)
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    private static final String STEP_GROUP = "Step of a handshake: ";
}

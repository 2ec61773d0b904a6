package dev.securesession.benchmarks;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** The figures of a run and its environment. */
record Results(Environment environment, List<Figure> figures) {
    private static final Gson JSON = new GsonBuilder()
            .setPrettyPrinting()
            .serializeSpecialFloatingPointValues()
            .create();

    Results {
        figures = List.copyOf(figures);
    }

    static Results read(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            Results results = JSON.fromJson(reader, Results.class);
            if (results == null) {
                throw new IOException("no results in " + file);
            }
            return results;
        }
    }

    void write(Path file) throws IOException {
        try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            JSON.toJson(this, writer);
            writer.write('\n');
        }
    }

    Optional<Figure> find(String group, String subject) {
        return figures.stream()
                .filter(figure -> figure.group.equals(group) && figure.subject.equals(subject))
                .findFirst();
    }

    /** Returns how many times better a figure is than that of JSSE in the same group; empty if the group has none. */
    OptionalDouble timesJsse(Figure figure) {
        Optional<Figure> jsse = find(figure.group, Stack.JSSE.label());
        if (jsse.isEmpty() || jsse.get().equals(figure)) {
            return OptionalDouble.empty();
        }
        double ratio = figure.value / jsse.get().value;
        return OptionalDouble.of(figure.unit.moreIsBetter ? ratio : 1 / ratio);
    }

    /** A figure: its group of comparable figures, its subject, its value, and the bytes allocated per operation if counted. */
    record Figure(
            String group,
            String subject,
            Unit unit,
            double value,
            @Nullable Double garbage) {}

    /** The unit of a figure. */
    enum Unit {
        PER_SECOND("/s", true),
        MICROSECONDS("µs", false),
        BYTES("B", false),
        MEBIBYTES("MiB", false),
        GIGABYTES_PER_SECOND("GB/s", true),
        MEBIBYTES_PER_SECOND("MiB/s", true),
        SECONDS_PER_GIBIBYTE("s/GiB", false);

        private final String symbol;
        private final boolean moreIsBetter;

        Unit(String symbol, boolean moreIsBetter) {
            this.symbol = symbol;
            this.moreIsBetter = moreIsBetter;
        }

        String symbol() {
            return symbol;
        }

        boolean moreIsBetter() {
            return moreIsBetter;
        }
    }
}

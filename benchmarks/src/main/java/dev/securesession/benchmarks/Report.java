package dev.securesession.benchmarks;

import dev.securesession.benchmarks.Results.Figure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;

/** One table of several runs, a column for each. */
final class Report {
    private final List<Results> runs;

    Report(List<Results> runs) {
        this.runs = List.copyOf(runs);
    }

    /** Returns a table in Markdown whose columns are aligned with spaces. */
    String table() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(header());
        subjects().forEach((group, subjects) -> {
            String name = group;
            for (String subject : subjects) {
                rows.add(row(name, group, subject));
                name = "";
            }
        });
        return layOut(rows);
    }

    /** Returns where and when the figures were measured, a line for each run. */
    String environments() {
        return runs.stream()
                .map(run -> "- " + run.environment().jdkVersion() + ": "
                        + run.environment().describe())
                .collect(Collectors.joining("\n"));
    }

    private List<String> header() {
        List<String> cells = new ArrayList<>(List.of("what", "who"));
        for (Results run : runs) {
            cells.add(run.environment().jdkVersion());
            cells.add("to JSSE");
            cells.add("garbage");
        }
        return cells;
    }

    private List<String> row(String name, String group, String subject) {
        List<String> cells = new ArrayList<>(List.of(name, subject));
        for (Results run : runs) {
            Figure figure = run.find(group, subject).orElse(null);
            if (figure == null) {
                cells.addAll(List.of("", "", ""));
                continue;
            }
            OptionalDouble ratio = run.timesJsse(figure);
            Double garbage = figure.garbage();
            cells.add(number(figure.value()) + " " + figure.unit().symbol());
            cells.add(ratio.isPresent() ? "x " + number(ratio.getAsDouble()) : "");
            cells.add(garbage == null ? "" : String.format(Locale.ROOT, "%,.0f B", garbage));
        }
        return cells;
    }

    /** Returns the groups and their subjects, in the order of the first run that has them. */
    private Map<String, Set<String>> subjects() {
        Map<String, Set<String>> groups = new LinkedHashMap<>();
        for (Results run : runs) {
            for (Figure figure : run.figures()) {
                groups.computeIfAbsent(figure.group(), group -> new LinkedHashSet<>())
                        .add(figure.subject());
            }
        }
        return groups;
    }

    /** Formats a value with three significant digits, or with all digits of a larger integer part. */
    static String number(double value) {
        double size = Math.abs(value);
        if (size >= 100) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        if (size >= 10) {
            return String.format(Locale.ROOT, "%.1f", value);
        }
        return String.format(Locale.ROOT, size >= 0.1 ? "%.2f" : "%.3f", value);
    }

    private static String layOut(List<List<String>> rows) {
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            for (int i = 0; i < columns; i++) {
                // Names are left-aligned, figures right-aligned.
                String format = "| %" + (i < 2 ? "-" : "") + widths[i] + "s ";
                text.append(String.format(Locale.ROOT, format, rows.get(r).get(i)));
            }
            text.append("|\n");
            if (r == 0) {
                for (int i = 0; i < columns; i++) {
                    text.append("| ").append("-".repeat(widths[i] - 1)).append(i < 2 ? "- " : ": ");
                }
                text.append("|\n");
            }
        }
        return text.toString();
    }
}

package dev.securesession.cli.inspect;

import dev.securesession.cli.command.Json;
import java.io.PrintWriter;
import java.util.Map;

/** Writes a report for people or for programs. */
final class ReportWriter {
    private final PrintWriter out;

    ReportWriter(PrintWriter out) {
        this.out = out;
    }

    void writeText(Report report) {
        writeWords("", report.sentence() + ".");
        if (!report.fields().isEmpty()) {
            out.println();
            out.println("  offset  length  field");
        }
        for (Report.Field field : report.fields()) {
            writeField(field);
        }
        if (!report.facts().isEmpty()) {
            out.println();
        }
        for (Map.Entry<String, String> fact : report.facts().entrySet()) {
            writeWords("  " + fact.getKey() + ": ", fact.getValue());
        }
        out.println();
        for (Report.Check check : report.checks()) {
            writeWords("  " + (check.passed() ? "ok     " : "WRONG  "), check.what() + ": " + check.found());
        }
    }

    private void writeField(Report.Field field) {
        String name = "  ".repeat(field.depth()) + field.name();
        String start = String.format("%8d%8d  %-16s  ", field.offset(), field.length(), name);
        String value = field.value();
        if (value.length() > MAX_VALUE_LENGTH) {
            value = value.substring(0, MAX_VALUE_LENGTH - 3) + "...";
        }
        int at = 0;
        do {
            int end = Math.min(value.length(), at + WIDTH - start.length());
            out.println(((at == 0 ? start : " ".repeat(start.length())) + value.substring(at, end)).stripTrailing());
            at = end;
        } while (at < value.length());
    }

    /** Breaks lines between words, where there are words. */
    private void writeWords(String start, String text) {
        StringBuilder line = new StringBuilder(start);
        for (String word : text.split(" ", -1)) {
            if (line.length() + word.length() > WIDTH && line.length() > start.length()) {
                out.println(line.toString().stripTrailing());
                line.setLength(0);
                line.append(" ".repeat(start.length()));
            }
            line.append(word).append(' ');
        }
        out.println(line.toString().stripTrailing());
    }

    void writeJson(Report report) {
        StringBuilder json = new StringBuilder("{\n");
        json.append("  \"what\": ").append(Json.of(report.sentence())).append(",\n");
        json.append("  \"length\": ").append(report.length()).append(",\n");
        json.append("  \"ok\": ").append(report.isAllRight()).append(",\n");
        json.append("  \"fields\": [");
        String comma = "\n";
        for (Report.Field field : report.fields()) {
            json.append(comma)
                    .append(String.format(
                            "    {\"offset\": %d, \"length\": %d, \"depth\": %d, \"name\": %s, \"value\": %s}",
                            field.offset(),
                            field.length(),
                            field.depth(),
                            Json.of(field.name()),
                            Json.of(field.value())));
            comma = ",\n";
        }
        json.append("\n  ],\n  \"facts\": {");
        comma = "\n";
        for (Map.Entry<String, String> fact : report.facts().entrySet()) {
            json.append(comma).append("    " + Json.of(fact.getKey()) + ": " + Json.of(fact.getValue()));
            comma = ",\n";
        }
        json.append("\n  },\n  \"checks\": [");
        comma = "\n";
        for (Report.Check check : report.checks()) {
            json.append(comma)
                    .append(String.format(
                            "    {\"check\": %s, \"ok\": %b, \"found\": %s}",
                            Json.of(check.what()), check.passed(), Json.of(check.found())));
            comma = ",\n";
        }
        out.println(json.append("\n  ]\n}"));
    }

    private static final int WIDTH = 100;

    /** Four lines. */
    private static final int MAX_VALUE_LENGTH = 256;
}

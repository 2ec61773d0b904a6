package dev.securesession.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Runs the benchmarks and writes their results into the documentation; see benchmarks/README.md. */
public final class Benchmarks {
    private static final String USAGE = """
            Usage: java -jar benchmarks.jar short [results.json]
                   java -jar benchmarks.jar full [results.json]
                   java -jar benchmarks.jar report <directory> <results.json>...

            short and full measure, print a table, and write the figures to a file. report puts the figures of
            several runs into performance.md in the directory and draws performance.svg in the same directory.
            """;

    private static final String BEGIN = "<!-- figures: made by the benchmarks, do not edit -->";
    private static final String END = "<!-- end of figures -->";

    private Benchmarks() {}

    /**
     * Runs a command.
     *
     * @param arguments see the usage
     */
    public static void main(String[] arguments) throws Exception {
        String command = arguments.length == 0 ? "" : arguments[0];
        List<String> rest = Arrays.asList(arguments).subList(Math.min(1, arguments.length), arguments.length);
        if (command.equals("short") && rest.size() <= 1) {
            measure(command, Plan.brief(), rest);
        } else if (command.equals("full") && rest.size() <= 1) {
            measure(command, Plan.full(), rest);
        } else if (command.equals("report") && rest.size() >= 2) {
            report(Path.of(rest.get(0)), rest.subList(1, rest.size()));
        } else {
            System.err.print(USAGE);
            System.exit(2);
        }
    }

    private static void measure(String form, Plan plan, List<String> file) throws Exception {
        Environment environment = Environment.current(form);
        Path target = Path.of(file.isEmpty() ? defaultFile(environment) : file.get(0));
        Results results = new Results(environment, Measuring.carryOut(plan, System.err::println));
        results.write(target);
        Report report = new Report(List.of(results));
        System.out.println(report.table());
        System.out.println(report.environments());
        System.out.println("Written to " + target);
    }

    private static String defaultFile(Environment environment) {
        String jdk = environment.jdkVersion().toLowerCase(Locale.ROOT).replace(' ', '-');
        return "benchmarks-" + environment.form() + "-" + jdk + ".json";
    }

    private static void report(Path directory, List<String> files) throws IOException {
        List<Results> runs = new ArrayList<>();
        for (String file : files) {
            runs.add(Results.read(Path.of(file)));
        }
        Report report = new Report(runs);
        String figures = BEGIN + "\n\n![Secure Session compared with other stacks](performance.svg)\n\n"
                + report.table() + "\n" + report.environments() + "\n\n" + END;
        Path page = directory.resolve("performance.md");
        String text = Files.exists(page)
                ? Files.readString(page, StandardCharsets.UTF_8)
                : "# Performance\n\n" + BEGIN + "\n" + END + "\n";
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException(page + " has no place for figures, between \"" + BEGIN + "\" and \"" + END + "\"");
        }
        Files.writeString(
                page, text.substring(0, begin) + figures + text.substring(end + END.length()), StandardCharsets.UTF_8);
        Files.writeString(directory.resolve("performance.svg"), Chart.draw(runs), StandardCharsets.UTF_8);
    }
}

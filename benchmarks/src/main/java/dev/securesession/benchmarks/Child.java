package dev.securesession.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a class of this module in a JVM of its own and collects the figures that it reports. */
final class Child {
    private static final String MARK = "figure\t";
    private static final int MAX_MINUTES = 10;

    private Child() {}

    /** Reports a figure to the parent process; called in the child process. */
    static void report(String name, double figure) {
        System.out.println(MARK + name + "\t" + figure);
    }

    /** Returns the options that every JVM of the benchmarks needs. */
    static List<String> jvmOptions() {
        int version = Runtime.version().feature();
        List<String> options = new ArrayList<>();
        if (version >= 22) {
            options.add("--enable-native-access=ALL-UNNAMED");
        }
        if (version >= 23) {
            // JMH uses sun.misc.Unsafe; without this option the JVM prints a warning in each run.
            options.add("--sun-misc-unsafe-memory-access=allow");
        }
        return options;
    }

    /** Returns the command that runs a class with the JDK and class path of this process. */
    static List<String> command(Class<?> program, List<String> jvmOptions, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        command.addAll(jvmOptions());
        command.addAll(jvmOptions);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(program.getName());
        command.addAll(List.of(arguments));
        return command;
    }

    static Map<String, Double> run(Class<?> program, List<String> jvmOptions, String... arguments)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command(program, jvmOptions, arguments))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            Map<String, Double> figures = new LinkedHashMap<>();
            new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith(MARK))
                    .map(line -> line.split("\t", -1))
                    .forEach(parts -> figures.put(parts[1], Double.valueOf(parts[2])));
            if (!process.waitFor(MAX_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IOException(program.getSimpleName() + " " + List.of(arguments) + " failed");
            }
            return figures;
        } finally {
            process.destroy();
        }
    }
}

package dev.securesession.cli.demo;

import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Failure;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A second process of this program, which reports {@link DemoFacts}. */
final class ChildProcess implements AutoCloseable {
    private final String name;
    private final Process process;
    private final BufferedReader out;
    private final Path errors;
    private final Map<String, List<String>> facts = new HashMap<>();

    private ChildProcess(String name, Process process, Path errors) {
        this.name = name;
        this.process = process;
        this.out = process.inputReader(Charset.defaultCharset());
        this.errors = errors;
    }

    /** Starts a process in the directory; its standard error goes to a file there. */
    static ChildProcess start(String name, Class<?> mainClass, Path directory, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-cp");
        command.add(absoluteClassPath());
        command.add(mainClass.getName());
        command.addAll(arguments);
        Path errors = directory.resolve(name + ".err");
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(errors.toFile())
                .start();
        process.getOutputStream().close();
        return new ChildProcess(name, process, errors);
    }

    private static String absoluteClassPath() {
        return Pattern.compile(File.pathSeparator, Pattern.LITERAL)
                .splitAsStream(System.getProperty("java.class.path"))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    long id() {
        return process.pid();
    }

    /** Waits until a fact was reported so many times. */
    String await(String fact, int count) throws IOException, Failure {
        while (all(fact).size() < count) {
            String line = out.readLine();
            if (line == null) {
                throw new Failure("the " + name + " process ended too soon");
            }
            int space = line.indexOf(' ');
            String told = space < 0 ? line : line.substring(0, space);
            facts.computeIfAbsent(told, unused -> new ArrayList<>()).add(line.substring(space + 1));
        }
        return all(fact).get(count - 1);
    }

    String await(String fact) throws IOException, Failure {
        return await(fact, 1);
    }

    long awaitNumber(String fact) throws IOException, Failure {
        return Long.parseLong(await(fact));
    }

    /** Waits until the process has ended. */
    boolean endsWell() throws InterruptedException {
        return process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    /** Returns the standard error of the process in one line. */
    String complaint() throws IOException {
        return Errors.oneLine(Files.readString(errors, Charset.defaultCharset()));
    }

    /** Ends the process if it has not ended. */
    @Override
    public void close() {
        process.destroyForcibly();
    }

    private List<String> all(String fact) {
        return facts.getOrDefault(fact, List.of());
    }

    private static final int TIMEOUT_SECONDS = 30;
}

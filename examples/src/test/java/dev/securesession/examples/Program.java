package dev.securesession.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One of the examples at work in a JVM of its own, as a user would start it. */
public final class Program implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Process process;
    private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();

    private Program(Process process) {
        this.process = process;
        Thread reader = new Thread(this::read, "output of a program");
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts the main method of a class. */
    public static Program start(Class<?> program, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx64m");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(program.getName());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return start(new ProcessBuilder(command).redirectErrorStream(true));
    }

    /** Starts a command. */
    public static Program start(ProcessBuilder command) throws IOException {
        return new Program(command.start());
    }

    private void read() {
        try (BufferedReader output = process.inputReader(UTF_8)) {
            output.lines().map(Optional::of).forEach(lines::add);
        } catch (UncheckedIOException | IOException e) {
            lines.add(Optional.of("the output ended with " + e));
        } finally {
            lines.add(Optional.empty());
        }
    }

    /** Types a line. */
    public void type(String line) throws IOException {
        OutputStream input = process.getOutputStream();
        input.write((line + "\n").getBytes(UTF_8));
        input.flush();
    }

    /** Ends the standard input of the program. */
    public void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** Waits for the next line that the program prints. */
    public String nextLine() throws InterruptedException {
        Optional<String> line = lines.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(line).as("a line within " + LIMIT).isNotNull();
        assertThat(line).as("a line before the program ends").isPresent();
        return line.orElseThrow();
    }

    /** Waits for the port of a server; other lines come from logging libraries on the class path of the tests. */
    public String nextPort() throws InterruptedException {
        String beginning = "listening on port ";
        String line = nextLine();
        while (!line.startsWith(beginning)) {
            line = nextLine();
        }
        return line.substring(beginning.length());
    }

    /** Waits until the program has ended without a failure. */
    public void awaitEnd() throws InterruptedException {
        assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
                .as("the program ends within " + LIMIT)
                .isTrue();
        assertThat(process.exitValue()).as("exit status; output " + lines).isZero();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}

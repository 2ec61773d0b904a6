package dev.securesession.cli.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.Cli;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A {@code serve} or {@code proxy} in a process of its own, with its log, its metrics and what it holds. */
final class TunnelProcess implements AutoCloseable {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Process process;
    private final Path log;

    private TunnelProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts a command with metrics and a log in JSON; the file of the log is replaced. */
    static TunnelProcess start(Path log, List<Object> arguments) throws IOException {
        ProcessBuilder builder = Cli.processWithHeap(
                        256,
                        Stream.concat(arguments.stream(), Stream.of("--metrics", "127.0.0.1:0", "--log-format", "json"))
                                .toArray())
                .redirectError(log.toFile());
        builder.command().add(1, "-XX:+UseSerialGC");
        return new TunnelProcess(builder.start(), log);
    }

    Process process() {
        return process;
    }

    Path log() {
        return log;
    }

    int port() throws IOException, InterruptedException {
        return Integer.parseInt(awaitLine("\"listening on 127\\.0\\.0\\.1:([0-9]+)"));
    }

    /** Returns the group of the first line with this text, and waits for it. */
    String awaitLine(String pattern) throws IOException, InterruptedException {
        Pattern compiled = Pattern.compile(pattern);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            for (String line : lines()) {
                Matcher matcher = compiled.matcher(line);
                if (matcher.find()) {
                    return matcher.group(1);
                }
            }
            assertThat(process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline)
                    .as(() -> "no \"" + pattern + "\" in " + lastLines())
                    .isFalse();
        }
    }

    /** Returns the complete lines of the log. */
    List<String> lines() throws IOException {
        String text = Files.readString(log);
        return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
    }

    String lastLines() {
        try {
            List<String> lines = lines();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Asks for a meter of a tunnel, with labels as the page shows them. */
    long meter(String name) throws IOException, InterruptedException {
        String page = HTTP.send(
                        HttpRequest.newBuilder(URI.create(awaitLine("metrics on (http://127.0.0.1:[0-9]+/metrics)")))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        double sum = 0;
        boolean found = false;
        for (String line : page.lines().toList()) {
            if (line.startsWith(name + " ") || line.startsWith(name.contains("{") ? name : name + "{")) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
                found = true;
            }
        }
        assertThat(found).as(name + " in " + page).isTrue();
        return Math.round(sum);
    }

    long connections() throws IOException, InterruptedException {
        return meter("securesession_tunnel_connections");
    }

    long opened() throws IOException, InterruptedException {
        return meter("securesession_tunnel_opened_total");
    }

    long complete() throws IOException, InterruptedException {
        return meter("securesession_tunnel_closed_total{end=\"complete\",tunnel=\"default\"}");
    }

    long incomplete() throws IOException, InterruptedException {
        return meter("securesession_tunnel_closed_total{end=\"incomplete\",tunnel=\"default\"}");
    }

    /** Waits until no connection is open, and every connection that was opened has been counted as closed and has its line. */
    void awaitIdle() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (connections() > 0 || opened() != complete() + incomplete() || opened() != linesOfClosed()) {
            assertThat(process.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline)
                    .as(() -> "connections that do not end: " + lastLines())
                    .isFalse();
        }
    }

    private long linesOfClosed() throws IOException {
        try (Stream<String> written = Files.lines(log)) {
            return written.filter(line -> line.contains("\"event\":\"closed\"") && line.endsWith("}"))
                    .count();
        }
    }

    /** Returns what the process holds after a garbage collection. */
    Held held() throws IOException, InterruptedException {
        Process collecting = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/jcmd", Long.toString(process.pid()), "GC.run")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(collecting.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(collecting.exitValue()).isZero();
        return now();
    }

    /** Returns what the process holds, and garbage. */
    Held now() throws IOException, InterruptedException {
        return new Held(descriptors(), meter("jvm_memory_used_bytes{area=\"heap\""), resident());
    }

    private long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            return open.count();
        }
    }

    private long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        throw new AssertionError("no VmRSS");
    }

    /** Sends a signal by its name. */
    void signal(String name) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    /** Ends it as an operator does; returns its exit status. */
    int stop() throws InterruptedException {
        process.destroy();
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** What a process holds; heap and resident memory in bytes. */
    record Held(long descriptors, long heap, long resident) {
        @Override
        public String toString() {
            return descriptors + " descriptors, heap " + (heap >> 10) + " KiB, resident " + (resident >> 10) + " KiB";
        }
    }

    private static final int PATIENCE_SECONDS = 300;
}

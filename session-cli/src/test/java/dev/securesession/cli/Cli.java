package dev.securesession.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.command.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Runs the command in this process, with streams of its own, or says how to run it in another one. */
public final class Cli {
    private byte[] input = {};
    private @Nullable Iterator<String> typed;
    private @Nullable List<String> questions;

    public Cli input(byte[] bytes) {
        input = bytes.clone();
        return this;
    }

    /** A person who types these lines when asked. */
    public Cli typing(List<String> asked, String... lines) {
        typed = List.of(lines).iterator();
        questions = asked;
        return this;
    }

    public Result run(Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        InputStream in = new ByteArrayInputStream(input);
        Terminal terminal = new Terminal(
                in,
                out,
                new PrintWriter(out, true, StandardCharsets.UTF_8),
                new PrintWriter(err, true, StandardCharsets.UTF_8),
                typed == null ? null : this::answer,
                false);
        String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
        int status = Main.commandLine(terminal, texts).execute(texts);
        return new Result(status, out.toByteArray(), err.toString(StandardCharsets.UTF_8), in);
    }

    private char @Nullable [] answer(String question) {
        Objects.requireNonNull(questions).add(question);
        Iterator<String> lines = Objects.requireNonNull(typed);
        return lines.hasNext() ? lines.next().toCharArray() : null;
    }

    /** Returns the command of a process of its own. */
    public static ProcessBuilder process(Object... arguments) {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-XX:TieredStopAtLevel=1",
                // The tests bring SLF4J without a backend, which says so on standard error; the command has none.
                "-Dslf4j.internal.verbosity=ERROR",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command);
    }

    /** Returns the command of a process of its own, with a heap of at most this size. */
    public static ProcessBuilder processWithHeap(int megabytes, Object... arguments) {
        ProcessBuilder builder = process(arguments);
        builder.command().add(1, "-Xmx" + megabytes + "m");
        return builder;
    }

    /** Makes a pair of keys: the private one at the path, the public one beside it. */
    public static Path keygen(Path file) {
        assertThat(new Cli().run("keygen", "--out", file).status()).isZero();
        return file;
    }

    public static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What came of it. */
    public static final class Result {
        private final int status;
        private final byte[] bytes;
        private final String err;
        private final InputStream unread;

        Result(int status, byte[] bytes, String err, InputStream unread) {
            this.status = status;
            this.bytes = bytes;
            this.err = err;
            this.unread = unread;
        }

        public int status() {
            return status;
        }

        public byte[] bytes() {
            return bytes;
        }

        public String err() {
            return err;
        }

        /** What was left of the input. */
        public InputStream unread() {
            return unread;
        }

        public String out() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** Asserts that it failed with one sentence. */
        public Result failed(int expected, String... parts) {
            assertThat(status).as(err).isEqualTo(expected);
            String sentence = expected == 2 ? err.lines().findFirst().orElse("") : err.strip();
            assertThat(sentence)
                    .startsWith("secure-session")
                    .doesNotContain("\n")
                    .doesNotContain("Exception");
            assertThat(List.of(parts)).allSatisfy(part -> assertThat(sentence).contains(part));
            return this;
        }

        public Result succeeded() {
            assertThat(status).as(err).isZero();
            return this;
        }
    }
}

package dev.securesession.cli.command;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The input and output of a command: the standard streams of the process, or those of a test. */
public final class Terminal {
    private final InputStream in;
    private final OutputStream binaryOut;
    private final PrintWriter out;
    private final PrintWriter err;
    private final @Nullable PassphrasePrompt prompt;
    private final boolean interactive;
    private final Consumer<String> warnings;

    /**
     * @param binaryOut reports errors, as a {@code PrintStream} would not; unbuffered
     * @param prompt asks a person, or null without a terminal
     * @param interactive whether a person reads the errors
     */
    public Terminal(
            InputStream in,
            OutputStream binaryOut,
            PrintWriter out,
            PrintWriter err,
            @Nullable PassphrasePrompt prompt,
            boolean interactive) {
        this(in, binaryOut, out, err, prompt, interactive, sentence -> {
            err.println("warning: " + sentence);
            err.flush();
        });
    }

    private Terminal(
            InputStream in,
            OutputStream binaryOut,
            PrintWriter out,
            PrintWriter err,
            @Nullable PassphrasePrompt prompt,
            boolean interactive,
            Consumer<String> warnings) {
        this.in = in;
        this.binaryOut = binaryOut;
        this.out = out;
        this.err = err;
        this.prompt = prompt;
        this.interactive = interactive;
        this.warnings = warnings;
    }

    /** Returns the same terminal for a command that runs for long: warnings go into its log, which waits for no reader. */
    public Terminal withWarnings(Consumer<String> log) {
        return new Terminal(in, binaryOut, out, err, prompt, interactive, log);
    }

    public static Terminal ofProcess() {
        Console console = console();
        return new Terminal(
                System.in,
                new FileOutputStream(FileDescriptor.out),
                new PrintWriter(System.out, true, Charset.defaultCharset()),
                new PrintWriter(System.err, true, Charset.defaultCharset()),
                console == null ? null : question -> console.readPassword("%s", question),
                isTerminal(STANDARD_ERROR, console != null));
    }

    public InputStream in() {
        return in;
    }

    public OutputStream binaryOut() {
        return binaryOut;
    }

    public PrintWriter out() {
        return out;
    }

    public PrintWriter err() {
        return err;
    }

    @Nullable
    public PassphrasePrompt prompt() {
        return prompt;
    }

    public boolean isInteractive() {
        return interactive;
    }

    public void warn(String sentence) {
        warnings.accept(Errors.oneLine(sentence));
    }

    /** Java recognizes a terminal only if standard input is one too; Linux shows the kind of each stream. */
    private static boolean isTerminal(Path descriptor, boolean otherwise) {
        try {
            String device = Files.readSymbolicLink(descriptor).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") || device.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return otherwise;
        }
    }

    /** Returns the console if input and output are a terminal: newer JDKs return an object in any case. */
    @SuppressWarnings("SystemConsoleNull") // Null on the older ones.
    private static @Nullable Console console() {
        Console console = System.console();
        if (console == null) {
            return null;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console) ? console : null;
        } catch (NoSuchMethodException e) {
            return console;
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    /** The command that all others are subcommands of. */
    public interface Owner {
        Terminal terminal();
    }

    /** Asks a person for a passphrase without showing what is typed. */
    public interface PassphrasePrompt {
        /** Returns what was typed, the caller's to wipe, or null at the end of input. */
        char @Nullable [] ask(String question);
    }

    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");
}

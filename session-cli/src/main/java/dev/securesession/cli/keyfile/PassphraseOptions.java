package dev.securesession.cli.keyfile;

import dev.securesession.Sealer;
import dev.securesession.cli.command.CommonOptions;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options that give a passphrase. None takes it as an argument, since other users can see arguments. */
public final class PassphraseOptions {
    @ArgGroup
    private @Nullable Choice choice;

    /** Whether the passphrase was mentioned at all. */
    public boolean isGiven() {
        return choice != null;
    }

    /** Returns a sealer with the passphrase for something new; a person has to type it twice. */
    public Sealer forSealing(Terminal terminal) throws IOException, Failure {
        return sealer(terminal, true, "");
    }

    /** Returns a sealer with the passphrase of a file; a person is asked if no way was chosen. */
    Sealer forOpening(Terminal terminal, String file) throws IOException, Failure {
        if (choice == null && terminal.prompt() == null) {
            throw new Failure(file + " is sealed with a passphrase; give it by --passphrase-file or --passphrase-fd");
        }
        return sealer(terminal, false, " of " + file);
    }

    private Sealer sealer(Terminal terminal, boolean twice, String ofFile) throws IOException, Failure {
        if (choice != null && choice.file != null) {
            KeyReader.warnIfReadableByOthers(terminal, choice.file);
            return read(choice.file, choice.file.toString());
        }
        if (choice != null && choice.descriptor != null) {
            return readDescriptor(terminal, choice.descriptor);
        }
        Terminal.PassphrasePrompt prompt = terminal.prompt();
        if (prompt == null) {
            throw new Failure("nobody to ask for the passphrase; use --passphrase-file or --passphrase-fd");
        }
        return ask(prompt, twice, ofFile);
    }

    private static Sealer ask(Terminal.PassphrasePrompt prompt, boolean twice, String ofFile) throws Failure {
        char[] typed = required(prompt.ask("Passphrase" + ofFile + ": "));
        try {
            if (twice) {
                char[] again = required(prompt.ask("The same again: "));
                boolean same = Arrays.equals(typed, again);
                Arrays.fill(again, '\0');
                if (!same) {
                    throw new Failure("the two passphrases differ; nothing was written");
                }
            }
            return Sealer.withPassphrase(typed);
        } finally {
            Arrays.fill(typed, '\0');
        }
    }

    private static char[] required(char @Nullable [] typed) throws Failure {
        if (typed == null || typed.length == 0) {
            throw new Failure("an empty passphrase; it needs at least 1 character");
        }
        return typed;
    }

    private static Sealer readDescriptor(Terminal terminal, int descriptor) throws IOException, Failure {
        String name = "file descriptor " + descriptor;
        if (descriptor == 0) {
            return firstLine(terminal.in(), name);
        }
        Path path = Path.of("/dev/fd/" + descriptor);
        if (!Files.exists(path)) {
            throw new Failure(name + " is not open");
        }
        return read(path, name);
    }

    private static Sealer read(Path path, String name) throws IOException, Failure {
        try (InputStream in = Files.newInputStream(path)) {
            return firstLine(in, name);
        }
    }

    /** Reads up to the first line break and not a byte further. */
    private static Sealer firstLine(InputStream in, String name) throws IOException, Failure {
        byte[] line = new byte[MAX_LENGTH + 1];
        int length = 0;
        try {
            for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
                if (length == MAX_LENGTH) {
                    throw new Failure("a passphrase of more than " + MAX_LENGTH + " bytes in " + name);
                }
                line[length++] = (byte) next;
            }
            if (length > 0 && line[length - 1] == '\r') {
                length--;
            }
            if (length == 0) {
                throw new Failure("no passphrase in the first line of " + name);
            }
            byte[] exact = Arrays.copyOf(line, length);
            try {
                return Sealer.withPassphraseBytes(exact);
            } finally {
                Arrays.fill(exact, (byte) 0);
            }
        } finally {
            Arrays.fill(line, (byte) 0);
        }
    }

    private static final int MAX_LENGTH = 4096;

    /** At most one of these. */
    private static final class Choice {
        @Option(
                names = "--passphrase-file",
                order = 50,
                paramLabel = "FILE",
                description = "The passphrase of the private key is the first line of this file.")
        private @Nullable Path file;

        @Option(
                names = "--passphrase-fd",
                order = 51,
                paramLabel = "N",
                description = "The passphrase of the private key is the first line that comes from file descriptor N.")
        private @Nullable Integer descriptor;

        @Option(
                names = CommonOptions.PASSPHRASE,
                order = 52,
                description = "Ask for the passphrase of the private key.")
        @SuppressWarnings("UnusedVariable") // Asking is the default when the other two are absent.
        private boolean ask;
    }
}

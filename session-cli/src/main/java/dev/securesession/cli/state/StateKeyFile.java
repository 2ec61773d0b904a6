package dev.securesession.cli.state;

import dev.securesession.StateKey;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.KeyReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A state key on the command line, in one form for all commands: {@code [NAME=]FILE}. The name is the one that the key has in the
 * key ring of the services; the file has 32 bytes.
 */
final class StateKeyFile {
    static final String FORM = "[NAME=]FILE";

    /** Where the name is needed. */
    static final String NAMED_FORM = "NAME=FILE";

    private final @Nullable String name;
    private final String file;

    private StateKeyFile(@Nullable String name, String file) {
        this.name = name;
        this.file = file;
    }

    /** Returns the name of the key, or null if the command line has none. */
    @Nullable
    String name() {
        return name;
    }

    String file() {
        return file;
    }

    /** Reads the key, the caller's to destroy. */
    StateKey read(Terminal terminal) throws IOException, Failure {
        byte[] content = KeyReader.content(terminal, file, StateKey.LENGTH);
        try {
            if (content.length != StateKey.LENGTH) {
                throw new Failure(file + " has " + content.length + " bytes; a state key has exactly " + StateKey.LENGTH
                        + ", as secure-session state new-key makes them");
            }
            if (!file.equals(KeyReader.STANDARD_INPUT)) {
                KeyReader.warnIfReadableByOthers(terminal, Path.of(file));
            }
            return StateKey.of(content);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    /** Splits an argument. A file whose own name has a {@code =} is told by the slash before it: {@code ./a=b}. */
    static final class Converter implements ITypeConverter<StateKeyFile> {
        @Override
        public StateKeyFile convert(String value) {
            int separator = value.indexOf('=');
            if (separator < 0 || value.substring(0, separator).indexOf('/') >= 0) {
                return new StateKeyFile(null, requireFile(value, value));
            }
            String name = value.substring(0, separator);
            if (!NAME.matcher(name).matches()) {
                throw new TypeConversionException(
                        "\"" + value + "\": the name of a key is 1 to 64 of the characters a to z, 0 to 9,"
                                + " - and _, for example 2026-11=2026-11.key; write ./FILE for a file with = in its name");
            }
            return new StateKeyFile(name, requireFile(value.substring(separator + 1), value));
        }

        private static String requireFile(String file, String value) {
            if (file.isEmpty()) {
                throw new TypeConversionException(
                        "\"" + value + "\" names no file; it is " + FORM + ", for example 2026-11=2026-11.key");
            }
            return file;
        }

        private static final Pattern NAME = Pattern.compile("[a-z0-9_-]{1,64}");
    }
}

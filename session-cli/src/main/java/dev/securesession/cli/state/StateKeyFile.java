package dev.securesession.cli.state;

import dev.securesession.StateKey;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.keyfile.KeyReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** Reads a state key from a file of 32 bytes. */
final class StateKeyFile {
    private StateKeyFile() {}

    /** Returns the key, the caller's to destroy. */
    static StateKey read(Terminal terminal, String file) throws IOException, Failure {
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
}

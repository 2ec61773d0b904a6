package dev.securesession.cli.state;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.keyfile.NewFile;
import java.io.IOException;
import java.nio.file.Path;

/** A file with a secret: readable by its owner only, complete or not there. */
final class KeptFile {
    private KeptFile() {}

    static void write(Path file, byte[] content, NewFile.Existing existing) throws IOException, Failure {
        try (NewFile written = NewFile.write(file, content, NewFile.Readers.OWNER, existing)) {
            written.appear();
        }
    }
}

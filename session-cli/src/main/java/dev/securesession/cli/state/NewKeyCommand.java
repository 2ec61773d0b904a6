package dev.securesession.cli.state;

import dev.securesession.StateKey;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.NewFile;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code state new-key}. */
@Command(
        name = "new-key",
        description = {
            "Makes a state key, which seals saved sessions.",
            "",
            "32 random bytes, in a file that only its owner can read. Whoever has this key and the stored states can use the sessions. Keep the two in different places."
        },
        footer = {"", "Examples:", "  secure-session state new-key --out 2026-11.key"})
final class NewKeyCommand extends Subcommand {
    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            description = "Where the key goes. A file that exists is never replaced.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Override
    public Integer call() throws IOException, Failure {
        byte[] key = new byte[StateKey.LENGTH];
        try {
            new SecureRandom().nextBytes(key);
            KeptFile.write(out, key, NewFile.Existing.KEEP_ALWAYS);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
        terminal().out().println("state key  " + out);
        terminal().out().flush();
        return 0;
    }
}

package dev.securesession.cli.state;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.KeyReader;
import dev.securesession.cli.keyfile.NewFile;
import dev.securesession.cli.keyfile.PeerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Converts the saved session in one file into another form in another file, which its owner alone can read. */
abstract class ConvertingCommand extends Subcommand {
    @Mixin
    private PeerOptions peer;

    @Mixin
    private BindingOptions sealed;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            order = 20,
            description = "Where the result goes, readable by its owner only.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(names = "--force", order = 21, description = "Replace a file that exists.")
    private boolean force;

    @Override
    public final Integer call() throws IOException, Failure, StateRejectedException {
        if (peer.count() != 1) {
            throw wrongUsage("--peer: " + peer.count() + " peers; a session has exactly one");
        }
        NewFile.Existing existing = force ? NewFile.Existing.REPLACE : NewFile.Existing.KEEP;
        NewFile.requireFree(out, existing);
        StateBinding binding = sealed.binding();
        SessionConfig config = peer.config(terminal()).withTsscExport();
        PeerId named = peer.first();
        byte[] content = KeyReader.content(terminal(), input(), MAX_LENGTH);
        byte[] converted;
        try {
            StateKey key = sealed.key(terminal());
            try {
                converted = convert(content, config, named, key, binding);
            } finally {
                key.destroy();
            }
        } finally {
            Arrays.fill(content, (byte) 0);
        }
        try {
            KeptFile.write(out, converted, existing);
        } finally {
            Arrays.fill(converted, (byte) 0);
        }
        terminal().out().println(result(out, named, binding));
        terminal().out().flush();
        return 0;
    }

    /** Returns the name of the file with the saved session. */
    abstract String input();

    /** Returns the session in the other form; the caller wipes what it has read. */
    abstract byte[] convert(byte[] content, SessionConfig config, PeerId named, StateKey key, StateBinding binding)
            throws Failure, StateRejectedException;

    /** Returns the line that tells what was made. */
    abstract String result(Path file, PeerId named, StateBinding binding);

    /** More than any form has: what is too long is refused with its length. */
    private static final int MAX_LENGTH = 1 << 16;
}

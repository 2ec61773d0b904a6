package dev.securesession.cli.state;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
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
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code state seal}. */
@Command(
        name = "seal",
        description = {
            "Converts a saved session of a Themis peer, the 60-byte form, into the sealed form of this library.",
            "",
            "The 60 bytes do not say who the peer is: you vouch for it. The session goes on by "
                    + "SecureSession.restoreAssumingPeer; a store takes no session whose peer has proved nothing. "
                    + "Erase the 60 bytes afterwards: they hold the secret of the session in the clear, and a session that "
                    + "continues twice uses numbers twice."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state seal --id alice --key alice.key --peer bob=bob.key.pub \\",
            "      --state-key 2026-11.key --owner sessions/bob --generation 1 --out bob.state bob.tssc"
        })
final class SealCommand extends Subcommand {
    @Parameters(paramLabel = "INPUT", description = "The file with the 60 bytes; - for standard input.")
    @SuppressWarnings("NullAway.Init")
    private String input;

    @Mixin
    private PeerOptions peer;

    @Mixin
    private BindingOptions sealed;

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "FILE",
            order = 20,
            description = "Where the sealed state goes.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Option(names = "--force", order = 21, description = "Replace a file that exists.")
    private boolean force;

    @Override
    public Integer call() throws IOException, Failure, StateRejectedException {
        if (peer.count() != 1) {
            throw wrongUsage("--peer: " + peer.count() + " peers; a session has exactly one");
        }
        NewFile.Existing existing = force ? NewFile.Existing.REPLACE : NewFile.Existing.KEEP;
        NewFile.requireFree(out, existing);
        StateBinding binding = sealed.binding();
        SessionConfig config = peer.config(terminal()).withTsscExport();
        PeerId assumed = peer.first();
        byte[] tssc = KeyReader.content(terminal(), input, MAX_LENGTH);
        StateKey key = sealed.key(terminal());
        try (SecureSession session = SecureSession.restoreUnsealedTsscAssumingPeer(tssc, config, assumed)) {
            KeptFile.write(out, session.suspend(key, binding), existing);
        } finally {
            Arrays.fill(tssc, (byte) 0);
            key.destroy();
        }
        terminal().out().println("sealed state  " + out + "  (of a session with " + assumed + ", for " + binding + ")");
        terminal().out().flush();
        return 0;
    }

    /** More than any form has: what is too long is refused with its length. */
    private static final int MAX_LENGTH = 1 << 16;
}

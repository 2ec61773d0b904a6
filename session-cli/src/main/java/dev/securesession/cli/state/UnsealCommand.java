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
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code state unseal}. */
@Command(
        name = "unseal",
        description = {
            "Converts a sealed state of this library into the 60-byte form that Themis peers read.",
            "",
            "Only a session that was established with SessionConfig.withTsscExport, or that came from the 60-byte form, has what "
                    + "that form needs. The result is a secret in the clear. Erase the sealed state afterwards: a session that "
                    + "continues twice uses numbers twice."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state unseal --id alice --key alice.key --peer bob=bob.key.pub \\",
            "      --state-key 2026-11.key --owner sessions/bob --generation 1 --out bob.tssc bob.state"
        })
final class UnsealCommand extends Subcommand {
    @Parameters(paramLabel = "INPUT", description = "The file with the sealed state; - for standard input.")
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
            description = "Where the 60 bytes go, readable by their owner only.")
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
        PeerId expected = peer.first();
        byte[] state = KeyReader.content(terminal(), input, MAX_LENGTH);
        StateKey key = sealed.key(terminal());
        try (SecureSession session = SecureSession.restoreAssumingPeer(state, key, binding, config, expected)) {
            KeptFile.write(out, tssc(session), existing);
        } finally {
            key.destroy();
        }
        terminal().out().println("60-byte form  " + out + "  (of a session with " + expected + "; keep it secret)");
        terminal().out().flush();
        return 0;
    }

    private byte[] tssc(SecureSession session) throws Failure {
        try {
            return session.suspendUnsealedTssc();
        } catch (IllegalStateException e) {
            throw new Failure(
                    input
                            + ": this session was established without SessionConfig.withTsscExport, so the secret that the "
                            + "60-byte form holds is gone; start a new handshake with the peer",
                    e);
        }
    }

    private static final int MAX_LENGTH = 1 << 16;
}

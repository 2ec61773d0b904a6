package dev.securesession.cli.state;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code state seal}. */
@Command(
        name = "seal",
        description = {
            "Converts a saved session of a Themis peer, the 60-byte form, into the sealed form of this library.",
            "",
            "The 60 bytes do not say who the peer is: you vouch for it with --peer. --id and --key are the identity whose session "
                    + "it is, which restores it later. The session goes on by "
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
final class SealCommand extends ConvertingCommand {
    @Parameters(paramLabel = "INPUT", description = "The file with the 60 bytes; - for standard input.")
    @SuppressWarnings("NullAway.Init")
    private String input;

    @Override
    String input() {
        return input;
    }

    @Override
    byte[] convert(byte[] tssc, SessionConfig config, PeerId assumed, StateKey key, StateBinding binding)
            throws StateRejectedException {
        try (SecureSession session = SecureSession.restoreUnsealedTsscAssumingPeer(tssc, config, assumed)) {
            return session.suspend(key, binding);
        }
    }

    @Override
    String result(Path file, PeerId assumed, StateBinding binding) {
        return "sealed state  " + file + "  (of a session with " + assumed + ", for " + binding + ")";
    }
}

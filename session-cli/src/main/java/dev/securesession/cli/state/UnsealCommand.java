package dev.securesession.cli.state;

import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionConfig;
import dev.securesession.StateBinding;
import dev.securesession.StateKey;
import dev.securesession.StateRejectedException;
import dev.securesession.cli.command.Failure;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code state unseal}. */
@Command(
        name = "unseal",
        description = {
            "Converts a sealed state of this library into the 60-byte form that Themis peers read.",
            "",
            "--id and --key are the identity that has saved the session, --peer is the peer that it is with. "
                    + "Only a session that was established with SessionConfig.withTsscExport, or that came from the 60-byte form, has what "
                    + "that form needs. The result is a secret in the clear. Erase the sealed state afterwards: a session that "
                    + "continues twice uses numbers twice."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state unseal --id alice --key alice.key --peer bob=bob.key.pub \\",
            "      --state-key 2026-11.key --owner sessions/bob --generation 1 --out bob.tssc bob.state"
        })
final class UnsealCommand extends ConvertingCommand {
    @Parameters(paramLabel = "INPUT", description = "The file with the sealed state; - for standard input.")
    @SuppressWarnings("NullAway.Init")
    private String input;

    @Override
    String input() {
        return input;
    }

    @Override
    byte[] convert(byte[] state, SessionConfig config, PeerId expected, StateKey key, StateBinding binding)
            throws Failure, StateRejectedException {
        try (SecureSession session = SecureSession.restoreAssumingPeer(state, key, binding, config, expected)) {
            return session.suspendUnsealedTssc();
        } catch (IllegalStateException e) {
            throw new Failure(
                    input
                            + ": this session was established without SessionConfig.withTsscExport, so the secret that the "
                            + "60-byte form holds is gone; start a new handshake with the peer",
                    e);
        }
    }

    @Override
    String result(Path file, PeerId expected, StateBinding binding) {
        return "60-byte form  " + file + "  (of a session with " + expected + "; keep it secret)";
    }
}

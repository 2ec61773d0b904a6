package dev.securesession.cli.state;

import dev.securesession.StateRejectedException;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.store.SessionStore;
import dev.securesession.store.StoredSessions;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code state rotate}. */
@Command(
        name = "rotate",
        description = {
            "Seals everything in a store with the current key that an earlier key has sealed.",
            "",
            "Services may run meanwhile: their owners do not notice. Give the services the new key ring first, run this, and take "
                    + "the earlier keys out of their rings when it has ended."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state rotate --state-key 2026-11=2026-11.key \\",
            "      --earlier-key 2026-10=2026-10.key sqlite:sessions.db"
        })
final class RotateCommand extends Subcommand {
    @Parameters(paramLabel = "STORE", description = "The store; secure-session state --help tells how to name it.")
    @SuppressWarnings("NullAway.Init")
    private String store;

    @Mixin
    private KeyRingOptions keys;

    @Mixin
    private OpenStore stores;

    @Override
    public Integer call() throws IOException, Failure, StateRejectedException {
        long sealed = 0;
        try (KeyRingOptions.Keys read = keys.read(terminal());
                SessionStore opened = stores.existing(store)) {
            StoredSessions sessions = StoredSessions.of(opened, read.ring(), Throwaway.config());
            for (int found = sessions.rotate(BATCH); found > 0; found = sessions.rotate(BATCH)) {
                sealed += found;
            }
            terminal()
                    .out()
                    .println("sealed " + sealed + " states with " + read.ring().currentName());
            terminal().out().flush();
        }
        return 0;
    }

    private static final int BATCH = 256;
}

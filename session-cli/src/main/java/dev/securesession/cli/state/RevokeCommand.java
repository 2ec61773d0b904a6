package dev.securesession.cli.state;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.IdentityOptions;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code state revoke}. */
@Command(
        name = "revoke",
        description = {
            "Deletes all stored sessions with a peer, whoever owns them: their next use fails.",
            "",
            "Take the peer out of the directories of the services first, so that it does not start a new session. A RollbackGuard "
                    + "of the services is not told: use SessionManager.revoke if there is one. After a state move that was "
                    + "interrupted, complete the move first, and then revoke in the store that it went to."
        },
        footer = {"", "Examples:", "  secure-session state revoke --peer bob sqlite:sessions.db"})
final class RevokeCommand extends Subcommand {
    @Parameters(paramLabel = "STORE", description = "The store; secure-session state --help tells how to name it.")
    @SuppressWarnings("NullAway.Init")
    private String store;

    @Option(names = "--peer", required = true, paramLabel = "ID", order = 1, description = "The id of the peer.")
    @SuppressWarnings("NullAway.Init")
    private String peer;

    @Mixin
    private OpenStore stores;

    @Override
    public Integer call() throws IOException, Failure {
        try (SessionStore opened = stores.existing(store)) {
            int deleted = opened.deleteAll(IdentityOptions.peerId(peer)).size();
            terminal().out().println("deleted " + deleted + " sessions");
            terminal().out().flush();
        }
        return 0;
    }
}

package dev.securesession.cli.state;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code state move}. */
@Command(
        name = "move",
        description = {
            "Moves all sessions and unfinished handshakes from one store to another.",
            "",
            "They stay sealed: no key is needed. Stop the services first, and start them on the other store afterwards. A service that still runs loses its sessions "
                    + "one by one, and no session can be used in both stores. After a failure, give the same command again: it "
                    + "goes on where it stopped. Do that before the services start, and before you revoke a peer."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state move --from sqlite:sessions.db \\",
            "      --to 'postgresql://db.example/sessions?user=app'"
        })
final class MoveCommand extends Subcommand {
    @Option(names = "--from", required = true, paramLabel = "STORE", order = 1, description = "Where they are.")
    @SuppressWarnings("NullAway.Init")
    private String from;

    @Option(names = "--to", required = true, paramLabel = "STORE", order = 2, description = "Where they go.")
    @SuppressWarnings("NullAway.Init")
    private String to;

    @Mixin
    private OpenStore stores;

    @Override
    public Integer call() throws IOException, Failure {
        if (from.equals(to)) {
            throw wrongUsage("--from and --to are the same store");
        }
        PrintWriter err = terminal().err();
        try (SessionStore source = stores.existing(from);
                SessionStore target = stores.openOrMake(to)) {
            long moved = new RecordMover(source, target, count -> {
                        if (count % RECORDS_FOR_A_LINE == 0) {
                            err.println("moved " + count);
                            err.flush();
                        }
                    })
                    .move();
            terminal().out().println("moved " + moved + " sessions and handshakes");
            terminal().out().flush();
        }
        return 0;
    }

    private static final int RECORDS_FOR_A_LINE = 10_000;
}

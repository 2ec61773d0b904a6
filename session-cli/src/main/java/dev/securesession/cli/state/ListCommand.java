package dev.securesession.cli.state;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.IdentityOptions;
import dev.securesession.store.SessionRecord;
import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code state list}. */
@Command(
        name = "list",
        description = {
            "Lists what a store holds.",
            "",
            "A line each: kind, id, peer, epoch (owners so far), version (states so far), the name of the "
                    + "key, and when it expires. Nothing is claimed or changed, and no key is needed."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state list sqlite:sessions.db",
            "  secure-session state list --peer bob redis://localhost/0"
        })
final class ListCommand extends Subcommand {
    @Parameters(paramLabel = "STORE", description = "The store; secure-session state --help tells how to name it.")
    @SuppressWarnings("NullAway.Init")
    private String store;

    @Option(names = "--peer", paramLabel = "ID", order = 1, description = "List the sessions with this peer only.")
    private @Nullable String peer;

    @Option(
            names = "--limit",
            paramLabel = "N",
            order = 2,
            defaultValue = "1000",
            description = "List so many at most. Default: ${DEFAULT-VALUE}.")
    private int limit;

    @Mixin
    private OpenStore stores;

    @Override
    public Integer call() throws IOException, Failure {
        if (limit < 1) {
            throw wrongUsage("--limit " + limit + "; it must be 1 or more");
        }
        PrintWriter out = terminal().out();
        try (SessionStore opened = stores.existing(store)) {
            int listed = 0;
            for (String id : ids(opened)) {
                if (listed == limit) {
                    terminal().warn("there are more than " + limit + "; --limit shows more");
                    break;
                }
                Optional<SessionRecord> record = opened.find(id);
                if (record.isPresent()) {
                    out.println(RecordText.line(record.get()));
                    listed++;
                }
            }
        }
        out.flush();
        return 0;
    }

    private Collection<String> ids(SessionStore opened) throws IOException, Failure {
        if (peer == null) {
            return opened.list(limit == Integer.MAX_VALUE ? limit : limit + 1);
        }
        return opened.list(IdentityOptions.peerId(peer));
    }
}

package dev.securesession.cli.tunnel;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.operations.StatusSocket;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "status",
        description = {
            "Shows the open connections of a serve, proxy or tunnels that was started with --status.",
            "",
            "Peers are shown as in the log: text in quotes, or hexadecimal."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session status unix:/run/secure-session/status",
            "  secure-session status unix:/run/secure-session/status --json"
        })
public final class StatusCommand extends Subcommand {
    @Parameters(paramLabel = "unix:PATH", description = "The value of --status.")
    @SuppressWarnings("NullAway.Init")
    private String address;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException, Failure {
        String answer = StatusSocket.ask(address);
        int firstLine = answer.indexOf('\n');
        if (firstLine < 0) {
            throw new Failure("an incomplete answer from " + address + "; is it the socket of --status?");
        }
        terminal().out().print(json ? answer.substring(0, firstLine + 1) : answer.substring(firstLine + 1));
        terminal().out().flush();
        return 0;
    }
}

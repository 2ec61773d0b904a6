package dev.securesession.cli.state;

import dev.securesession.cli.command.CommonOptions;
import dev.securesession.cli.command.Terminal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The command {@code state}, whose own subcommands do the work. */
@Command(
        name = "state",
        description = {
            "Works with saved and stored sessions.",
            "",
            "A service keeps the sessions that outlive it in a store, sealed with a state key: new-key makes the key; list, "
                    + "inspect, move, rotate and revoke work with a store. A single session can be saved in a file as "
                    + "well: seal and unseal convert such files from and to the 60 bytes of Themis peers.",
            "",
            "A STORE is one of",
            "  file:FOLDER",
            "  sqlite:FILE",
            "  postgresql://HOST[:PORT]/DATABASE?user=USER   (the password comes from ~/.pgpass)",
            "  redis://HOST[:PORT]/NUMBER                     (the password comes from REDISCLI_AUTH)",
            "  rediss://HOST[:PORT]/NUMBER                    (the same over TLS)",
        },
        sortOptions = false,
        optionListHeading = "%n",
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:Success.", "1:A failure or a refusal.", "2:The command was used wrongly."},
        subcommands = {
            NewKeyCommand.class,
            SealCommand.class,
            UnsealCommand.class,
            ListCommand.class,
            InspectCommand.class,
            MoveCommand.class,
            RotateCommand.class,
            RevokeCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  secure-session state new-key --out 2026-11.key",
            "  secure-session state list sqlite:sessions.db",
            "",
            "secure-session state COMMAND --help tells more about a command."
        })
public final class StateCommand implements Runnable, Terminal.Owner {
    @ParentCommand
    private Terminal.Owner main;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? --help lists them");
    }

    @Override
    public Terminal terminal() {
        return main.terminal();
    }
}

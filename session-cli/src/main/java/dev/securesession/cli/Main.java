package dev.securesession.cli;

import dev.securesession.cli.bench.BenchCommand;
import dev.securesession.cli.command.CommonOptions;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.connect.ConnectCommand;
import dev.securesession.cli.connect.ListenCommand;
import dev.securesession.cli.demo.DemoClientCommand;
import dev.securesession.cli.demo.DemoCommand;
import dev.securesession.cli.demo.DemoServerCommand;
import dev.securesession.cli.inspect.InspectCommand;
import dev.securesession.cli.keys.FingerprintCommand;
import dev.securesession.cli.keys.KeygenCommand;
import dev.securesession.cli.keys.PubkeyCommand;
import dev.securesession.cli.manual.ManualCommand;
import dev.securesession.cli.peer.PeerCommand;
import dev.securesession.cli.state.StateCommand;
import dev.securesession.cli.tunnel.PrepareCommand;
import dev.securesession.cli.tunnel.ProxyCommand;
import dev.securesession.cli.tunnel.ServeCommand;
import dev.securesession.cli.tunnel.StatusCommand;
import dev.securesession.cli.tunnel.TunnelsCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code secure-session}; each thing it can do is a subcommand with a class of its own. */
@Command(
        name = "secure-session",
        description = "Themis Secure Session on the command line.",
        versionProvider = Version.class,
        sortOptions = false,
        optionListHeading = "%n",
        commandListHeading = "%nCommands:%n",
        subcommands = {
            DemoCommand.class,
            KeygenCommand.class,
            PubkeyCommand.class,
            FingerprintCommand.class,
            ListenCommand.class,
            ConnectCommand.class,
            ServeCommand.class,
            ProxyCommand.class,
            TunnelsCommand.class,
            StatusCommand.class,
            InspectCommand.class,
            StateCommand.class,
            PeerCommand.class,
            BenchCommand.class,
            VersionCommand.class,
            DemoServerCommand.class,
            DemoClientCommand.class,
            ManualCommand.class,
            PrepareCommand.class
        },
        footer = {"", "secure-session COMMAND --help tells more about a command."})
public final class Main implements Runnable, Terminal.Owner {
    private final Terminal terminal;

    @Mixin
    @SuppressWarnings("UnusedVariable")
    private CommonOptions common;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and exit.")
    @SuppressWarnings("UnusedVariable")
    private boolean version;

    @Spec
    private CommandSpec spec;

    private Main(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Runs the command and ends the process with its exit status. */
    public static void main(String[] arguments) {
        setUnlessGiven("io.netty.leakDetection.level", "disabled"); // A tool for tests, which takes stack traces.
        System.exit(commandLine(Terminal.ofProcess()).execute(arguments));
    }

    static CommandLine commandLine(Terminal terminal) {
        Errors errors = new Errors();
        return new CommandLine(new Main(terminal))
                .setOut(terminal.out())
                .setErr(terminal.err())
                .setUsageHelpWidth(WIDTH)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(errors)
                .setParameterExceptionHandler(errors);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? --help lists them");
    }

    @Override
    public Terminal terminal() {
        return terminal;
    }

    private static void setUnlessGiven(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private static final int WIDTH = 100;
}

package dev.securesession.cli;

import dev.securesession.cli.bench.BenchCommand;
import dev.securesession.cli.command.CommonOptions;
import dev.securesession.cli.command.Errors;
import dev.securesession.cli.command.FastestProviders;
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
import dev.securesession.cli.tunnel.NettyClasses;
import dev.securesession.cli.tunnel.ProxyCommand;
import dev.securesession.cli.tunnel.ServeCommand;
import dev.securesession.cli.tunnel.StatusCommand;
import dev.securesession.cli.tunnel.TunnelsCommand;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
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
        // Netty would look at all network interfaces to make the ids of channels unique among machines; nobody sees
        // them.
        setUnlessGiven("io.netty.machineId", "00:00:00:00:00:01");
        // A chunk of a stream with its overhead is just longer than what a thread of Netty keeps for its next message.
        setUnlessGiven("io.netty.allocator.maxCachedBufferCapacity", "131072");
        setUnlessGiven("io.netty.allocator.normalCacheSize", "8");
        if (arguments.length > 1 && TUNNELS.contains(arguments[0])) {
            loadAhead();
        }
        System.exit(commandLine(Terminal.ofProcess(), arguments).execute(arguments));
    }

    /** Begins to load what a tunnel needs, while the command reads its options and keys. */
    static void loadAhead() {
        FastestProviders.load();
        NettyClasses.load();
    }

    /**
     * Returns what executes these arguments. It knows only the command that they name, if they begin with one: to look at
     * the options of all commands would take much of the time of a start.
     */
    static CommandLine commandLine(Terminal terminal, String... arguments) {
        CommandLine main = new CommandLine(new Main(terminal));
        Class<?> named = arguments.length == 0 ? null : COMMANDS.get(arguments[0]);
        if (named == null || named == ManualCommand.class) {
            COMMANDS.values().forEach(main::addSubcommand);
        } else {
            main.addSubcommand(named);
        }
        Errors errors = new Errors();
        return main.setOut(terminal.out())
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

    /** The commands by name, in the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("demo", DemoCommand.class);
        COMMANDS.put("keygen", KeygenCommand.class);
        COMMANDS.put("pubkey", PubkeyCommand.class);
        COMMANDS.put("fingerprint", FingerprintCommand.class);
        COMMANDS.put("listen", ListenCommand.class);
        COMMANDS.put("connect", ConnectCommand.class);
        COMMANDS.put("serve", ServeCommand.class);
        COMMANDS.put("proxy", ProxyCommand.class);
        COMMANDS.put("tunnels", TunnelsCommand.class);
        COMMANDS.put("status", StatusCommand.class);
        COMMANDS.put("inspect", InspectCommand.class);
        COMMANDS.put("state", StateCommand.class);
        COMMANDS.put("peer", PeerCommand.class);
        COMMANDS.put("bench", BenchCommand.class);
        COMMANDS.put("version", VersionCommand.class);
        COMMANDS.put("demo-server", DemoServerCommand.class);
        COMMANDS.put("demo-client", DemoClientCommand.class);
        COMMANDS.put("manual", ManualCommand.class);
        COMMANDS.put("prepare", PrepareCommand.class);
    }

    /** The commands whose start is waited for. */
    private static final Set<String> TUNNELS = Set.of("serve", "proxy", "tunnels");

    private static final int WIDTH = 100;
}

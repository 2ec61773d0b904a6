package dev.securesession.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.cli.command.Terminal;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class UsageTest {
    private static final int WIDTH = 100;

    @Test
    void helpListsAllCommands() {
        String help = new Cli().run("--help").succeeded().out();

        assertThat(commands())
                .containsExactlyInAnyOrder(
                        "demo",
                        "keygen",
                        "pubkey",
                        "fingerprint",
                        "listen",
                        "connect",
                        "serve",
                        "proxy",
                        "tunnels",
                        "status",
                        "inspect",
                        "state",
                        "peer",
                        "bench",
                        "version")
                .allSatisfy(command -> assertThat(help).containsPattern("(?m)^  " + command + " +[A-Z]"));
        assertThat(help).doesNotContain("demo-server", "demo-client", "manual", "prepare");
    }

    /** The launcher of the distribution runs it to archive classes, and would go without an archive if it failed. */
    @Test
    void hiddenPreparationSendsAByteThroughATunnel(@TempDir Path folder) {
        Cli.Result result = new Cli().run("prepare", folder).succeeded();

        assertThat(result.out() + result.err()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("commandNames")
    void helpOfCommandIsCompleteAndNarrow(String command) {
        String help = new Cli().run(command, "--help").succeeded().out();

        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(WIDTH));
        assertThat(help)
                .startsWith("Usage: secure-session " + command)
                .contains("Exit status:\n  0 ", "\n  1 ", "\n  2 ", "Example", "secure-session " + command)
                .containsPattern("-h, --help");
    }

    @Test
    void commandsSayWhatTheirOwnExitStatusMeans() {
        assertThat(new Cli().run("inspect", "--help").out()).contains("  1   Something is wrong, or");
        assertThat(new Cli().run("listen", "--help").out()).contains("what has arrived is incomplete");
        assertThat(new Cli().run("keygen", "--help").out()).contains("  0   Success.");
    }

    @Test
    void topHelpIsNarrow() {
        assertThat(new Cli().run("--help").out().lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(WIDTH));
    }

    @Test
    void refusesToRunWithoutCommand() {
        Cli.Result result = new Cli().run().failed(2, "which command", "--help");

        assertThat(result.out()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "keygn",
                "keygen",
                "keygen --out",
                "keygen --out a --curve P-224",
                "keygen --out a --format der",
                "pubkey",
                "fingerprint",
                "fingerprint a b",
                "listen --id a --key b",
                "connect --id a --key b --peer c=d host 99999",
                "listen --id a --key b --peer c --port 0",
                "listen --id a --key b --peer c=d --port x",
                "connect --id a --key b --peer c=d --peer e=f host 1",
                "version 1",
                "peer x",
                "demo a b",
                "pubkey a --passphrase-file b --passphrase-fd 3",
                "--nonsense"
            })
    void wrongUsageIsOneSentenceAndStatus2(String arguments) {
        Cli.Result result = new Cli().run((Object[]) arguments.split(" ", -1)).failed(2);

        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("\nTry: secure-session").doesNotContain("\tat ");
    }

    @Test
    void messagesHaveOneBeginning() {
        String[] arguments = {"serve", "--id", "a", "--key", "b", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1"};
        assertThat(new Cli().run((Object[]) arguments).failed(2, "--peer").err())
                .startsWith("secure-session serve: Missing required argument")
                .doesNotContain("Error:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bob", "=bob.key.pub", "bob=", "="})
    void peerThatIsNotIdAndFileIsExplained(String peer) {
        String sentence = "--peer: \"" + peer + "\" is not ID=FILE, for example bob=bob.key.pub";

        new Cli()
                .run("connect", "--id", "a", "--key", "b", "--peer", peer, "host.invalid", 1)
                .failed(2, sentence);
        new Cli()
                .run("listen", "--id", "a", "--key", "b", "--peer", "c=d", "--peer", peer, "--port", 0)
                .failed(2, sentence);
    }

    @Test
    void peerHasAtMostFourKeys() {
        List<String> arguments = new ArrayList<>(List.of("connect", "--id", "a", "--key", "b", "host.invalid", "1"));
        for (int i = 0; i < 4; i++) {
            arguments.addAll(List.of("--peer", "c=/no/such.pub"));
        }
        new Cli().run(arguments.toArray()).failed(1, "no such file or directory: /no/such.pub");
        arguments.addAll(List.of("--peer", "c=/no/such.pub"));
        new Cli().run(arguments.toArray()).failed(2, "--peer: more than 4 keys for \"c\"");
    }

    @Test
    void idOfPeerEndsAtTheLastEqualsSign() {
        new Cli()
                .run("connect", "--id", "a", "--key", "b", "--peer", "Ym9i==/no/such.pub", "host.invalid", 1)
                .failed(1, "no such file or directory: /no/such.pub");
        new Cli()
                .run("connect", "--id", "a", "--key", "b", "--peer", "b=o=b=/no/such.pub", "host.invalid", 1)
                .failed(1, "no such file or directory: /no/such.pub");
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect", "listen"})
    void helpSaysHowManyPeersThereCanBe(String command) {
        String help = new Cli().run(command, "--help").succeeded().out().replaceAll("\\s+", " ");

        assertThat(help)
                .contains(
                        "connect and proxy: exactly one peer; listen: one or more.",
                        "The last = separates id and file");
    }

    @Test
    void suggestsTheCommandThatWasMeant() {
        assertThat(new Cli().run("keygn").err()).isEqualTo("""
                        secure-session: unknown command "keygn"; did you mean keygen?
                        Try: secure-session --help
                        """);
        assertThat(new Cli().run("pr", "--id", "a").err()).contains("unknown command \"pr\"; did you mean proxy?\n");
        assertThat(new Cli().run("state", "rotat").err()).contains("unknown command \"rotat\"; did you mean rotate?\n");
        assertThat(new Cli().run("bogus").err())
                .isEqualTo("secure-session: unknown command \"bogus\"\nTry: secure-session --help\n");
    }

    /** A terminal is 80 characters wide, and a line of an example that is broken anywhere cannot be copied. */
    @ParameterizedTest
    @MethodSource("commandNames")
    void linesOfExamplesAreNotBroken(String command) {
        List<String> help =
                new Cli().run(command, "--help").succeeded().out().lines().toList();
        int heading = Math.max(help.indexOf("Example:"), help.indexOf("Examples:"));

        assertThat(heading).isPositive();
        List<String> examples = help.subList(heading + 1, help.size());
        int end = examples.indexOf("");
        assertThat(end < 0 ? examples : examples.subList(0, end))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).startsWith("  ").hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void debugShowsWhereAnErrorCameUp() {
        Cli.Result quiet = new Cli().run("fingerprint", "/no/such/file");
        Cli.Result debug = new Cli().run("fingerprint", "/no/such/file", "--debug");

        assertThat(quiet.err()).doesNotContain("\tat ");
        assertThat(debug.err()).startsWith(quiet.err()).contains("\tat dev.securesession.cli.");
    }

    @Test
    void debugBeforeTheCommandCountsToo() {
        assertThat(new Cli().run("--debug", "fingerprint", "/no/such/file").err())
                .contains("\tat ");
    }

    @Test
    void doesNotRepeatPassphraseGivenAsValue() {
        Cli.Result result =
                new Cli().run("keygen", "--out", "a", "--passphrase=hunter2").failed(2, "takes no value");

        assertThat(result.err() + result.out()).doesNotContain("hunter2");
    }

    @Test
    void noCommandTakesPassphraseAsArgument() {
        CommandLine commandLine = Main.commandLine(nowhere());

        assertThat(commandLine.getSubcommands().values().stream()
                        .flatMap(command -> command.getCommandSpec().options().stream())
                        .filter(option -> Arrays.stream(option.names()).anyMatch("--passphrase"::equals)))
                .hasSizeGreaterThanOrEqualTo(5)
                .allSatisfy(option -> assertThat(option.arity().max()).isZero());
    }

    private static List<String> commands() {
        return Main.commandLine(nowhere()).getSubcommands().entrySet().stream()
                .filter(command ->
                        !command.getValue().getCommandSpec().usageMessage().hidden())
                .map(Map.Entry::getKey)
                .toList();
    }

    static Stream<String> commandNames() {
        return commands().stream();
    }

    private static Terminal nowhere() {
        PrintWriter writer =
                new PrintWriter(OutputStream.nullOutputStream(), true, java.nio.charset.StandardCharsets.UTF_8);
        return new Terminal(
                InputStream.nullInputStream(), OutputStream.nullOutputStream(), writer, writer, null, false);
    }
}

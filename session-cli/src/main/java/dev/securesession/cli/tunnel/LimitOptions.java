package dev.securesession.cli.tunnel;

import dev.securesession.cli.operations.OperationsOptions;
import dev.securesession.tunnel.TunnelOptions;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options for the limits and timeouts of a tunnel. */
final class LimitOptions {
    @Option(
            names = "--max-connections",
            paramLabel = "N",
            defaultValue = "10000",
            order = 20,
            description = "Connections that may be open at once. Default: ${DEFAULT-VALUE}.")
    private int maxConnections;

    @Option(
            names = "--idle-timeout",
            paramLabel = "SECONDS",
            defaultValue = "0",
            order = 24,
            description =
                    "End connections on which no byte moves for this time; 0 for never. Default: ${DEFAULT-VALUE}.")
    private long idleTimeout;

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            defaultValue = "10",
            order = 25,
            description = "How long open connections may go on when the command is asked to stop. "
                    + "Default: ${DEFAULT-VALUE}.")
    private long drain;

    @Option(
            names = {"-q", "--quiet"},
            order = 26,
            description = "Print errors and warnings of the command itself, and no connections.")
    private boolean quiet;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    TunnelOptions options() {
        try {
            return TunnelOptions.defaults()
                    .withMaxConnections(maxConnections)
                    .withIdleTimeout(Duration.ofSeconds(idleTimeout));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    Duration drain() {
        if (drain < 0 || drain > MAX_SECONDS) {
            throw new ParameterException(
                    command.commandLine(), "--drain: " + drain + " seconds; it must be 0 to " + MAX_SECONDS);
        }
        return Duration.ofSeconds(drain);
    }

    OperationsOptions.Choice choice() {
        return quiet ? OperationsOptions.Choice.ERRORS_ONLY : OperationsOptions.Choice.EVERYTHING;
    }

    private static final long MAX_SECONDS = Duration.ofDays(365).toSeconds();
}

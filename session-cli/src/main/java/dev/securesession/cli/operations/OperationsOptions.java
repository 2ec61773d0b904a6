package dev.securesession.cli.operations;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for log, metrics and status. */
public final class OperationsOptions {
    @Option(
            names = "--metrics",
            paramLabel = "HOST:PORT",
            order = 30,
            description =
                    "Serve /metrics for Prometheus and /health over HTTP here. Use a loopback address: there is no "
                            + "password.")
    private @Nullable String metrics;

    @Option(
            names = "--status",
            paramLabel = "unix:PATH",
            order = 31,
            description = "Answer the command status on this Unix-domain socket, which only its owner can use.")
    private @Nullable String status;

    @Option(
            names = "--log-format",
            paramLabel = "text|json",
            defaultValue = "text",
            order = 32,
            description = "Lines for people, or a JSON object on each line. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init")
    private LogFormat format;

    /** How much is logged. */
    public enum Choice {
        /** Everything that is worth a line. */
        EVERYTHING,
        /** Warnings of the program only, and no connections. */
        ERRORS_ONLY
    }

    /** Starts metrics and status as the options say. */
    public Operations start(Terminal terminal, Choice choice) throws Failure {
        return start(terminal, choice, metrics, status, format);
    }

    /** Starts metrics and status; null for those that are not wanted. */
    public static Operations start(
            Terminal terminal, Choice choice, @Nullable String metrics, @Nullable String status, LogFormat format)
            throws Failure {
        EventLog log = new EventLog(terminal.err(), format, InstantSource.system());
        return new Operations(
                log,
                choice,
                new ServiceManager(System.getenv(), log),
                metrics == null ? null : address(metrics),
                status);
    }

    /** Reads the address of the metrics. */
    public static InetSocketAddress address(String text) throws Failure {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (!host.isEmpty() && port >= 0 && port <= MAX_PORT) {
                InetSocketAddress address = new InetSocketAddress(
                        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host, port);
                if (address.isUnresolved()) {
                    throw new Failure("--metrics: no such host: " + host);
                }
                return address;
            }
        } catch (NumberFormatException e) {
            // Reported below.
        }
        throw new Failure("--metrics: \"" + text + "\" is no address; expected HOST:PORT, for example 127.0.0.1:9100");
    }

    private static final int MAX_PORT = 65_535;
}

package dev.securesession.cli.operations;

import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Terminal;
import dev.securesession.cli.net.HostPort;
import java.net.InetSocketAddress;
import java.nio.file.Path;
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
        return start(
                terminal,
                choice,
                metrics == null
                        ? null
                        : read(
                                "--metrics",
                                metrics,
                                text -> HostPort.parse(text).resolve()),
                status == null ? null : read("--status", status, StatusSocket::path),
                format);
    }

    private static <T> T read(String option, String text, Reader<T> reader) throws Failure {
        try {
            return reader.read(text);
        } catch (Failure e) {
            throw new Failure(option + ": " + e.getMessage(), e);
        }
    }

    /** Reads the value of an option. */
    private interface Reader<T> {
        T read(String text) throws Failure;
    }

    /** Starts metrics and status; null for those that are not wanted. */
    public static Operations start(
            Terminal terminal,
            Choice choice,
            @Nullable InetSocketAddress metrics,
            @Nullable Path status,
            LogFormat format)
            throws Failure {
        EventLog log = new EventLog(terminal.err(), format, InstantSource.system());
        return new Operations(log, choice, new ServiceManager(System.getenv(), log), metrics, status);
    }
}

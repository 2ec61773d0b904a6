package dev.securesession.cli.bench;

import dev.securesession.CryptoProviders;
import dev.securesession.SecureSessionException;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.FastestProviders;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.net.HostPort;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "bench",
        description = {
            "Measures new connections, round trips and throughput on this machine.",
            "",
            "Without an option it measures direct sessions between two ends in this process, over loopback; with --tunnel "
                    + "plain connections through a proxy and a serve in this process. With --connect it opens plain "
                    + "connections to an address, for example to a proxy, whose target has to send back what it receives.",
            "",
            "Each of the three measurements takes --seconds, after as much time to warm up, 3 seconds at the most. "
                    + "Throughput counts what has come back."
        },
        exitCodeList = {
            "0:Everything was measured.",
            "1:A connection failed, or nothing was complete in time.",
            "2:The command was used wrongly."
        },
        footer = {
            "",
            "Examples:",
            "  secure-session bench --seconds 5 --connections 2",
            "  secure-session bench --tunnel",
            "  secure-session bench --connect 127.0.0.1:6380"
        })
public final class BenchCommand extends Subcommand {
    @Option(
            names = "--connect",
            paramLabel = "HOST:PORT",
            order = 1,
            description = "Measure plain connections to this address; an IPv6 address stands in brackets.")
    private @Nullable String connect;

    @Option(
            names = "--tunnel",
            order = 2,
            description = "Measure a tunnel, whose proxy, server and service run in this process.")
    private boolean tunnel;

    @Option(
            names = "--seconds",
            paramLabel = "SECONDS",
            defaultValue = "5",
            order = 3,
            description = "How long each measurement takes. Default: ${DEFAULT-VALUE}.")
    private double seconds;

    @Option(
            names = "--connections",
            paramLabel = "COUNT",
            defaultValue = "1",
            order = 4,
            description = "How many connections are busy at the same time. Default: ${DEFAULT-VALUE}.")
    private int connections;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            defaultValue = "64",
            order = 5,
            description = "The size of the message of a round trip. Default: ${DEFAULT-VALUE}.")
    private int size;

    @Option(names = "--json", order = 6, description = "Print one JSON object instead of the table.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            order = 7,
            description = "Print no progress on standard error.")
    private boolean quiet;

    @Override
    public Integer call() throws IOException, SecureSessionException, Failure, InterruptedException {
        requireWithin("--seconds", seconds, MIN_SECONDS, MAX_SECONDS);
        requireWithin("--connections", connections, 1, MAX_CONNECTIONS);
        requireWithin("--size", size, 1, MAX_SIZE);
        CryptoProviders crypto = FastestProviders.get();
        try (Subject subject = subject()) {
            Measurement opened = measure(Phase.CONNECTIONS, subject);
            Measurement roundTrips = measure(Phase.ROUND_TRIPS, subject);
            Measurement throughput = measure(Phase.THROUGHPUT, subject);
            String environment = count(connections) + "; " + crypto + "; Java " + Runtime.version();
            BenchReport report =
                    new BenchReport(subject.describe(), environment, connections, size, opened, roundTrips, throughput);
            PrintWriter out = terminal().out();
            out.println(json ? report.json() : report.table());
            out.flush();
        }
        return 0;
    }

    private Subject subject() throws IOException {
        if (tunnel && connect != null) {
            throw wrongUsage("--tunnel measures a tunnel of its own; leave out --connect, or --tunnel");
        }
        if (tunnel) {
            return TunnelSubject.start();
        }
        if (connect == null) {
            return DirectSubject.start();
        }
        return new PlainSubject(address(connect), "plain connections to " + connect);
    }

    private Measurement measure(Phase phase, Subject subject)
            throws IOException, SecureSessionException, Failure, InterruptedException {
        Duration duration = Duration.ofNanos(Math.round(seconds * 1e9));
        progress("warming up: " + phase.label());
        Duration warmUp = duration.compareTo(MAX_WARM_UP) < 0 ? duration : MAX_WARM_UP;
        Measurement.of(phase, subject, connections, size, warmUp);
        progress("measuring:  " + phase.label());
        return Measurement.of(phase, subject, connections, size, duration);
    }

    private void progress(String line) {
        if (!quiet) {
            terminal().err().println(line);
            terminal().err().flush();
        }
    }

    private InetSocketAddress address(String text) {
        try {
            HostPort address = HostPort.parse(text);
            return InetSocketAddress.createUnresolved(address.host(), address.port());
        } catch (Failure e) {
            throw wrongUsage("--connect: " + e.getMessage());
        }
    }

    private void requireWithin(String option, double value, double min, double max) {
        if (!(value >= min && value <= max)) {
            throw wrongUsage(option + ": must be from " + plain(min) + " to " + plain(max) + ", not " + plain(value));
        }
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }

    private static String count(int connections) {
        return connections == 1 ? "1 connection" : connections + " connections";
    }

    private static final double MIN_SECONDS = 0.05;
    private static final double MAX_SECONDS = 3600;
    private static final int MAX_CONNECTIONS = 1000;
    private static final int MAX_SIZE = 1 << 20;
    private static final Duration MAX_WARM_UP = Duration.ofSeconds(3);
}

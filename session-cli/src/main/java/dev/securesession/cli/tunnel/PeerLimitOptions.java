package dev.securesession.cli.tunnel;

import dev.securesession.tunnel.TunnelOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options for what one peer, or one address, may take of a server. */
final class PeerLimitOptions {
    @Option(
            names = "--max-connections-per-peer",
            paramLabel = "N",
            defaultValue = "2000",
            order = 21,
            description = "Connections that one peer may have open at once. Default: ${DEFAULT-VALUE}.")
    private int maxConnectionsPerPeer;

    @Option(
            names = "--handshakes-per-second",
            paramLabel = "N",
            defaultValue = "100",
            order = 22,
            description =
                    "Handshakes that one IP address may begin in a second, and as many at once, 64 at least; 0 for no limit. "
                            + "Loopback addresses are not limited. Default: ${DEFAULT-VALUE}.")
    private int handshakesPerSecond;

    @Spec(Spec.Target.MIXEE)
    @SuppressWarnings("NullAway.Init")
    private CommandSpec command;

    TunnelOptions apply(TunnelOptions options) {
        try {
            return options.withMaxConnectionsPerPeer(maxConnectionsPerPeer)
                    .withHandshakesPerSecond(handshakesPerSecond);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}

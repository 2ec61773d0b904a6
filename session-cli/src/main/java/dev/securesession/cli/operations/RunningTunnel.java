package dev.securesession.cli.operations;

import dev.securesession.tunnel.Tunnel;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelConnection;
import dev.securesession.tunnel.TunnelServer;
import java.time.Duration;
import java.util.List;

/**
 * A server or a proxy that runs, for status and metrics.
 *
 * @param name empty if it is the only one
 * @param tunnel the server or proxy
 */
public record RunningTunnel(String name, Tunnel tunnel) {
    /** Returns the name of the command that runs it. */
    String kind() {
        return tunnel instanceof TunnelServer ? "serve" : "proxy";
    }

    /** Returns where it listens. */
    public String address() {
        return TunnelAddress.describe(tunnel.address());
    }

    List<TunnelConnection> connections() {
        return tunnel.connections();
    }

    /** Stops listening, waits for the connections, and aborts those that are left. */
    public void close(Duration drain) {
        tunnel.close(drain);
    }
}

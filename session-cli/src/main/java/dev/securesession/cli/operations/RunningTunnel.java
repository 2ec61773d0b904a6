package dev.securesession.cli.operations;

import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelConnection;
import dev.securesession.tunnel.TunnelProxy;
import dev.securesession.tunnel.TunnelServer;
import java.time.Duration;
import java.util.List;

/** A server or a proxy that runs, for status and metrics. */
public interface RunningTunnel {
    /** Returns the name of the tunnel; empty if it is the only one. */
    String name();

    /** Returns {@code serve} or {@code proxy}. */
    String kind();

    /** Returns where it listens. */
    String address();

    List<TunnelConnection> connections();

    /** Stops listening, waits for the connections, and aborts those that are left. */
    void close(Duration drain);

    static RunningTunnel of(String name, TunnelServer server) {
        return new RunningTunnel() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public String kind() {
                return "serve";
            }

            @Override
            public String address() {
                return TunnelAddress.describe(server.address());
            }

            @Override
            public List<TunnelConnection> connections() {
                return server.connections();
            }

            @Override
            public void close(Duration drain) {
                server.close(drain);
            }
        };
    }

    static RunningTunnel of(String name, TunnelProxy proxy) {
        return new RunningTunnel() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public String kind() {
                return "proxy";
            }

            @Override
            public String address() {
                return TunnelAddress.describe(proxy.address());
            }

            @Override
            public List<TunnelConnection> connections() {
                return proxy.connections();
            }

            @Override
            public void close(Duration drain) {
                proxy.close(drain);
            }
        };
    }
}

package dev.securesession.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;

/** Two socat processes, which forward connections without encryption: the cost of forwarding alone. */
final class SocatTunnel implements Tunnel.Starter {
    static final String PROGRAM = "socat";

    /** Buffer size of the other tunnels. */
    private static final int BUFFER = 128 * 1024;

    @Override
    public int start(Processes processes, int targetPort) throws IOException {
        return startOne(processes, startOne(processes, targetPort));
    }

    private static int startOne(Processes processes, int targetPort) throws IOException {
        int port = freePort();
        processes.start(List.of(
                PROGRAM,
                "-b" + BUFFER,
                "TCP-LISTEN:" + port + ",bind=127.0.0.1,reuseaddr,fork,nodelay,backlog=128",
                "TCP:127.0.0.1:" + targetPort + ",nodelay"));
        return port;
    }

    /** Returns a port that is free at the moment, for programs that cannot choose one themselves. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}

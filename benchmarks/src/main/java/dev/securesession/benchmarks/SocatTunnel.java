package dev.securesession.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;

/** Two socats, which carry connections as they are: what it costs to be in between. */
final class SocatTunnel implements Tunnel.Starter {
    static final String PROGRAM = "socat";

    /** As much at a time as the others. */
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

    /** Returns a port that is free now, for programs that do not choose one themselves. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}

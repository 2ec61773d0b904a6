package dev.securesession.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** A way to a server on the loopback interface, and the processes that make it, which closing it ends. */
final class Tunnel implements Closeable {
    private final int port;
    private final Processes processes;

    private Tunnel(int port, Processes processes) {
        this.port = port;
        this.processes = processes;
    }

    /** Starts both ends, and waits until they carry connections. */
    static Tunnel open(Starter starter, int targetPort) throws Exception {
        Processes processes = Processes.none();
        try {
            int port = starter.start(processes, targetPort);
            TunnelLoad.awaitEcho(port);
            return new Tunnel(port, processes);
        } catch (Exception e) {
            processes.close();
            throw e;
        }
    }

    /** The port that leads to the target. */
    int port() {
        return port;
    }

    /** CPU time that all processes which are alive have taken. */
    Duration cpuTime() {
        return processes.cpuTime();
    }

    @Override
    public void close() throws IOException {
        processes.close();
    }

    /** Starts both ends of a tunnel. */
    interface Starter {
        /** Returns the port that leads to the target, from now on or soon. */
        int start(Processes processes, int targetPort) throws Exception;
    }
}

package dev.securesession.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/** A tunnel to a server on the loopback interface. Closing it ends its processes. */
final class Tunnel implements Closeable {
    private final int port;
    private final Processes processes;

    private Tunnel(int port, Processes processes) {
        this.port = port;
        this.processes = processes;
    }

    /** Starts both ends and waits until they forward connections. */
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

    /** Returns the port whose connections reach the target. */
    int port() {
        return port;
    }

    /** Returns the CPU time of all live processes. */
    Duration cpuTime() {
        return processes.cpuTime();
    }

    /** Returns the memory of all live processes in bytes. */
    long memory() throws IOException {
        return processes.memory();
    }

    @Override
    public void close() throws IOException {
        processes.close();
    }

    /** Starts both ends of a tunnel. */
    interface Starter {
        /** Returns the port whose connections reach the target, which may still be starting. */
        int start(Processes processes, int targetPort) throws Exception;
    }
}

package dev.securesession.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;

/** Two spiped processes with a common secret key, each allowed as many connections as it takes. */
final class SpipedTunnel implements Tunnel.Starter {
    static final String PROGRAM = "spiped";

    private static final int KEY_LENGTH = 32;
    private static final String MAX_CONNECTIONS = "0";

    @Override
    public int start(Processes processes, int targetPort) throws IOException, InterruptedException {
        Path file = Files.createTempFile("secure-session-benchmarks", ".key");
        try {
            byte[] key = new byte[KEY_LENGTH];
            new SecureRandom().nextBytes(key);
            Files.write(file, key);
            int port = startOne(processes, file, "-e", startOne(processes, file, "-d", targetPort));
            // Both have read the file once they forward a connection.
            TunnelLoad.awaitEcho(port);
            return port;
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static int startOne(Processes processes, Path key, String direction, int targetPort) throws IOException {
        int port = SocatTunnel.freePort();
        processes.start(List.of(
                PROGRAM,
                direction,
                "-s",
                "[127.0.0.1]:" + port,
                "-t",
                "[127.0.0.1]:" + targetPort,
                "-k",
                key.toString(),
                "-F",
                "-n",
                MAX_CONNECTIONS));
        return port;
    }
}

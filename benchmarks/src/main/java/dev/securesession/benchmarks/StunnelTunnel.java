package dev.securesession.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Two stunnel processes with TLS 1.3, each with a P-256 certificate that the other one trusts. Without resumption: every
 * connection does a full handshake, as ours does.
 */
final class StunnelTunnel implements Tunnel.Starter {
    static final String PROGRAM = "stunnel";

    @Override
    public int start(Processes processes, int targetPort)
            throws IOException, GeneralSecurityException, InterruptedException {
        Path directory = Files.createTempDirectory("secure-session-benchmarks");
        try {
            writeKey(directory, "client");
            writeKey(directory, "server");
            int serverPort = startOne(processes, directory, "server", "client", "client = no", targetPort);
            int port = startOne(processes, directory, "client", "server", "client = yes", serverPort);
            // Both have read their files once they forward a connection.
            TunnelLoad.awaitEcho(port);
            return port;
        } finally {
            for (String name : FILES) {
                Files.deleteIfExists(directory.resolve(name));
            }
            Files.delete(directory);
        }
    }

    private static int startOne(
            Processes processes, Path directory, String own, String peer, String mode, int targetPort)
            throws IOException {
        return startOne(
                processes,
                directory.resolve(own + ".conf"),
                targetPort,
                List.of(
                        mode,
                        "key = " + directory.resolve(own + "-key.pem"),
                        "cert = " + directory.resolve(own + ".pem"),
                        "CAfile = " + directory.resolve(peer + ".pem"),
                        "verifyPeer = yes"));
    }

    /** Starts one process with its settings in a file. Returns the port that it listens on. */
    static int startOne(Processes processes, Path file, int targetPort, List<String> ofThisEnd) throws IOException {
        int port = SocatTunnel.freePort();
        List<String> settings = new ArrayList<>(GLOBAL_SETTINGS);
        settings.add("[tunnel]");
        settings.add("accept = 127.0.0.1:" + port);
        settings.add("connect = 127.0.0.1:" + targetPort);
        settings.addAll(ofThisEnd);
        Files.write(file, settings);
        processes.start(List.of(PROGRAM, file.toString()));
        return port;
    }

    private static void writeKey(Path directory, String name) throws IOException, GeneralSecurityException {
        Certificates made = Certificates.generate(name);
        Files.writeString(
                directory.resolve(name + "-key.pem"),
                pem("PRIVATE KEY", made.privateKey().getEncoded()));
        Files.writeString(
                directory.resolve(name + ".pem"),
                pem("CERTIFICATE", made.certificate().getEncoded()));
    }

    static String pem(String label, byte[] content) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
    }

    private static final List<String> FILES =
            List.of("client.conf", "server.conf", "client-key.pem", "server-key.pem", "client.pem", "server.pem");

    private static final List<String> GLOBAL_SETTINGS = List.of(
            "foreground = yes",
            "pid =",
            "syslog = no",
            "debug = err",
            "sslVersion = TLSv1.3",
            "sessionResume = no",
            "socket = l:TCP_NODELAY=1",
            "socket = r:TCP_NODELAY=1");
}

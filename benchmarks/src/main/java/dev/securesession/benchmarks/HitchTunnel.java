package dev.securesession.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;

/** hitch, which ends TLS in front of a server, and stunnel as its client. The client proves nothing: hitch does not ask it to. */
final class HitchTunnel implements Tunnel.Starter {
    static final String PROGRAM = "hitch";

    @Override
    public int start(Processes processes, int targetPort)
            throws IOException, GeneralSecurityException, InterruptedException {
        Path directory = Files.createTempDirectory("secure-session-benchmarks");
        Path pem = directory.resolve("both.pem");
        Path certificate = directory.resolve("certificate.pem");
        Path settings = directory.resolve("client.conf");
        try {
            Certificates made = Certificates.generate("hitch");
            String certificateText =
                    StunnelTunnel.pem("CERTIFICATE", made.certificate().getEncoded());
            Files.writeString(
                    pem, StunnelTunnel.pem("PRIVATE KEY", made.privateKey().getEncoded()) + certificateText);
            Files.writeString(certificate, certificateText);
            int serverPort = SocatTunnel.freePort();
            // As root it insists on another user for its workers; a worker for each processor, as the other tunnels
            // have.
            processes.start(List.of(
                    PROGRAM,
                    "--frontend=[127.0.0.1]:" + serverPort,
                    "--backend=[127.0.0.1]:" + targetPort,
                    "--tls-protos=TLSv1.3",
                    "--workers=" + Runtime.getRuntime().availableProcessors(),
                    "--user=nobody",
                    "--quiet",
                    pem.toString()));
            int port = StunnelTunnel.startOne(
                    processes,
                    settings,
                    serverPort,
                    List.of("client = yes", "CAfile = " + certificate, "verifyPeer = yes"));
            TunnelLoad.awaitEcho(port);
            return port;
        } finally {
            for (Path file : List.of(pem, certificate, settings, directory)) {
                Files.deleteIfExists(file);
            }
        }
    }
}

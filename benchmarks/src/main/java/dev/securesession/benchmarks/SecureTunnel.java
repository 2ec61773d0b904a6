package dev.securesession.benchmarks;

import dev.securesession.IdentityKeyPair;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/** A tunnel of two {@link Relay}s, each in a JVM of its own with default options. */
final class SecureTunnel implements Tunnel.Starter {
    private final ProviderSet providers;

    SecureTunnel(ProviderSet providers) {
        this.providers = providers;
    }

    @Override
    public int start(Processes processes, int targetPort) throws IOException {
        IdentityKeyPair client = IdentityKeyPair.generate();
        IdentityKeyPair server = IdentityKeyPair.generate();
        int serverPort = startRelay(processes, Relay.Mode.SERVER, targetPort, server, client);
        return startRelay(processes, Relay.Mode.CLIENT, serverPort, client, server);
    }

    private int startRelay(
            Processes processes, Relay.Mode mode, int targetPort, IdentityKeyPair own, IdentityKeyPair peer)
            throws IOException {
        List<String> command =
                Child.command(Relay.class, List.of(), mode.name(), providers.name(), "0", Integer.toString(targetPort));
        Process process = processes.start(command);
        // Keys are not passed on the command line, which every user of the machine can read. The stream stays open: the
        // relay ends when it is closed.
        Writer keys = process.outputWriter(StandardCharsets.US_ASCII);
        keys.write(Base64.getEncoder().encodeToString(own.privateKey().encodeSecret()) + "\n");
        keys.write(Base64.getEncoder().encodeToString(peer.publicKey().encode()) + "\n");
        keys.flush();
        BufferedReader said = process.inputReader(StandardCharsets.US_ASCII);
        String line = said.readLine();
        if (line == null || !line.startsWith(Relay.READY)) {
            throw new IOException("a relay did not start; its first line was: " + line);
        }
        return Integer.parseInt(line.substring(Relay.READY.length()));
    }
}

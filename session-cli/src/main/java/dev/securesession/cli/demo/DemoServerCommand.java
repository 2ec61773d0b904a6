package dev.securesession.cli.demo;

import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.PeerOptions;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "demo-server", hidden = true, description = "The server of the demo; started by demo only.")
public final class DemoServerCommand extends Subcommand {
    @Mixin
    private PeerOptions peers;

    @Override
    public Integer call() throws IOException, SecureSessionException, Failure {
        DemoFacts facts = new DemoFacts(terminal());
        SessionConfig config = peers.config(terminal());
        try (ServerSocket serverSocket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            serverSocket.setSoTimeout(TIMEOUT_MILLIS);
            facts.tell(DemoFacts.PORT, serverSocket.getLocalPort());
            try (Socket socket = serverSocket.accept()) {
                serve(new DemoSide(facts, socket), config);
            }
        }
        return 0;
    }

    private static void serve(DemoSide side, SessionConfig config) throws IOException, SecureSessionException {
        long start = System.nanoTime();
        try (SecureConnection connection =
                SecureConnection.accept(side.transport(), config, ConnectionOptions.defaults())) {
            side.tellSession(connection, start);
            try (SecureStream stream = SecureStream.over(connection)) {
                InputStream in = stream.input();
                byte[] chunk = new byte[CHUNK_LENGTH];
                for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                    side.count(chunk, length);
                }
                stream.acknowledge();
                stream.output().write(side.tellTransfer());
                stream.shutdownOutput();
                stream.awaitAcknowledgement();
            }
        }
    }

    private static final int CHUNK_LENGTH = 128 * 1024;
    private static final int TIMEOUT_MILLIS = 60_000;
}

package dev.securesession.cli.demo;

import dev.securesession.SecureSessionException;
import dev.securesession.SessionConfig;
import dev.securesession.cli.command.Failure;
import dev.securesession.cli.command.Hex;
import dev.securesession.cli.command.Subcommand;
import dev.securesession.cli.keyfile.PeerOptions;
import dev.securesession.cli.net.Port;
import dev.securesession.cli.net.Tcp;
import dev.securesession.transport.ConnectionOptions;
import dev.securesession.transport.SecureConnection;
import dev.securesession.transport.SecureStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "demo-client", hidden = true, description = "The client of the demo; started by demo only.")
public final class DemoClientCommand extends Subcommand {
    @Mixin
    private PeerOptions peers;

    @Parameters(index = "0", paramLabel = "PORT", converter = Port.class, description = "The TCP port of the server.")
    private int port;

    @Parameters(index = "1", arity = "0..1", paramLabel = "FILE", description = "What to send. Default: a text.")
    private @Nullable Path file;

    @Override
    public Integer call() throws IOException, SecureSessionException, Failure {
        DemoFacts facts = new DemoFacts(terminal());
        SessionConfig config = peers.config(terminal());
        try (InputStream content = content();
                Socket socket = Tcp.dial(InetAddress.getLoopbackAddress().getHostAddress(), port)) {
            DemoSide side = new DemoSide(facts, socket);
            long start = System.nanoTime();
            try (SecureConnection connection =
                    SecureConnection.connect(side.transport(), config, peers.first(), ConnectionOptions.defaults())) {
                side.tellSession(connection, start);
                try (SecureStream stream = SecureStream.over(connection)) {
                    send(facts, side, stream, content);
                }
            }
        }
        return 0;
    }

    private static void send(DemoFacts facts, DemoSide side, SecureStream stream, InputStream content)
            throws IOException, Failure {
        long start = System.nanoTime();
        byte[] chunk = new byte[CHUNK_LENGTH];
        for (int length = content.read(chunk); length >= 0; length = content.read(chunk)) {
            side.count(chunk, length);
            stream.output().write(chunk, 0, length);
        }
        stream.shutdownOutput();
        byte[] returned = stream.input().readNBytes(DIGEST_LENGTH + 1);
        if (returned.length > DIGEST_LENGTH) {
            throw new Failure("the server returns more than a digest");
        }
        stream.acknowledge();
        stream.awaitAcknowledgement();
        facts.tell(DemoFacts.TRANSFER_MICROS, (System.nanoTime() - start) / 1000);
        facts.tell(DemoFacts.RETURNED, Hex.of(returned));
        side.tellTransfer();
    }

    private InputStream content() throws IOException {
        return file == null
                ? new ByteArrayInputStream(TEXT.getBytes(StandardCharsets.UTF_8))
                : Files.newInputStream(file);
    }

    private static final int CHUNK_LENGTH = 128 * 1024;
    private static final int DIGEST_LENGTH = 32;

    private static final String TEXT = """
            Two processes that have never met, and each knows the other's public key.
            Four messages later they share keys that nobody else has, not even those who recorded every byte.
            Private keys that are stolen tomorrow do not help to read this.
            """;
}

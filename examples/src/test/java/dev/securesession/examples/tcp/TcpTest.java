package dev.securesession.examples.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TcpTest {
    @TempDir
    Path folder;

    private Path serverKey;
    private Path clientKey;

    @BeforeEach
    void makeKeys() throws Exception {
        serverKey = KeyFiles.generate(folder, "server.key");
        clientKey = KeyFiles.generate(folder, "client.key");
    }

    @Test
    void answersEachLine() throws Exception {
        try (Program server = Program.start(TcpServer.class, 0, serverKey, clientKey + ".pub");
                Program client = Program.start(TcpClient.class, portOf(server), clientKey, serverKey + ".pub")) {
            client.type("good morning");
            assertThat(client.nextLine()).isEqualTo("GOOD MORNING");
            client.type("good night");
            assertThat(client.nextLine()).isEqualTo("GOOD NIGHT");

            client.endInput();
            client.awaitEnd();
            server.endInput();
            server.awaitEnd();
        }
    }

    @Test
    void tellsThatTheServerIsAnother() throws Exception {
        Path otherKey = KeyFiles.generate(folder, "other.key");
        try (Program server = Program.start(TcpServer.class, 0, otherKey, clientKey + ".pub");
                Program client = Program.start(TcpClient.class, portOf(server), clientKey, serverKey + ".pub")) {
            assertThat(client.nextLine()).isEqualTo("not the server that we know: BAD_SIGNATURE");
            client.awaitEnd();
        }
    }

    private static String portOf(Program server) throws InterruptedException {
        String line = server.nextLine();
        assertThat(line).startsWith("listening on port ");
        return line.substring("listening on port ".length());
    }
}

package dev.securesession.examples.udp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UdpTest {
    private static final int QUESTIONS = 10;

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
    void answersEachLineOverANetworkThatLosesAndDoubles() throws Exception {
        try (Program server = Program.start(UdpServer.class, 0, serverKey, clientKey + ".pub");
                LossyRelay relay = new LossyRelay(portOf(server));
                Program client = Program.start(UdpClient.class, relay.port(), clientKey, serverKey + ".pub")) {
            for (int i = 0; i < QUESTIONS; i++) {
                client.type("good morning " + i);
                assertThat(client.nextLine()).isEqualTo("GOOD MORNING " + i);
            }
            assertThat(relay.dropped).hasPositiveValue();

            client.endInput();
            client.awaitEnd();
            server.endInput();
            server.awaitEnd();
        }
    }

    @Test
    void takesNoAnswerOfAnotherServer() throws Exception {
        Path otherKey = KeyFiles.generate(folder, "other.key");
        try (Program server = Program.start(UdpServer.class, 0, otherKey, clientKey + ".pub");
                Program client = Program.start(UdpClient.class, portOf(server), clientKey, serverKey + ".pub")) {
            client.type("good morning");
            assertThat(client.nextLine()).isEqualTo("no answer from the server that we know");
            client.awaitEnd();
        }
    }

    private static int portOf(Program server) throws InterruptedException {
        String line = server.nextLine();
        assertThat(line).startsWith("listening on port ");
        return Integer.parseInt(line.substring("listening on port ".length()));
    }
}

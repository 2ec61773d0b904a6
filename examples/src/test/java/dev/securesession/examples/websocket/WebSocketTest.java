package dev.securesession.examples.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WebSocketTest {
    @TempDir
    Path folder;

    private Path serverKey;
    private Path clientKey;

    @BeforeEach
    void makeKeys() throws IOException {
        serverKey = KeyFiles.generate(folder, "server.key");
        clientKey = KeyFiles.generate(folder, "client.key");
    }

    @Test
    void answersEachLine() throws Exception {
        try (Program server = Program.start(WebSocketServer.class, 0, serverKey, clientKey + ".pub");
                Program client = startClient(server, serverKey)) {
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
        try (Program server = Program.start(WebSocketServer.class, 0, serverKey, clientKey + ".pub");
                Program client = startClient(server, otherKey)) {
            assertThat(client.nextLine()).isEqualTo("not the server that we know: BAD_SIGNATURE");
            client.awaitEnd();
        }
    }

    private Program startClient(Program server, Path keyOfServer) throws Exception {
        String address = "ws://127.0.0.1:" + server.nextPort() + "/session";
        return Program.start(WebSocketClient.class, address, clientKey, keyOfServer + ".pub");
    }
}

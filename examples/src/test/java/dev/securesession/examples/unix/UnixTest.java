package dev.securesession.examples.unix;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixTest {
    @Test
    void greetsByName(@TempDir Path folder) throws Exception {
        Path serverKey = KeyFiles.generate(folder, "server.key");
        Path clientKey = KeyFiles.generate(folder, "client.key");
        Path socket = folder.resolve("socket");

        try (Program server = Program.start(UnixServer.class, socket, serverKey, clientKey + ".pub")) {
            assertThat(server.nextLine()).isEqualTo("listening");
            try (Program client = Program.start(UnixClient.class, socket, clientKey, serverKey + ".pub", "Ada")) {
                assertThat(client.nextLine()).isEqualTo("hello, Ada");
                client.awaitEnd();
            }
            server.awaitEnd();
        }
        assertThat(socket).doesNotExist();
    }
}

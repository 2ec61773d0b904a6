package dev.securesession.examples.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import dev.securesession.examples.tcp.TcpClient;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NettyTest {
    @Test
    void answersEachLineOfABlockingClient(@TempDir Path folder) throws Exception {
        Path serverKey = KeyFiles.generate(folder, "server.key");
        Path clientKey = KeyFiles.generate(folder, "client.key");
        try (Program server = Program.start(NettyServer.class, 0, serverKey, clientKey + ".pub");
                Program client = Program.start(TcpClient.class, server.nextPort(), clientKey, serverKey + ".pub")) {
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
}

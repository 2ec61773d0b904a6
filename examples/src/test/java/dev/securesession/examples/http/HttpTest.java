package dev.securesession.examples.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.examples.KeyFiles;
import dev.securesession.examples.Program;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpTest {
    @Test
    void tellsPrices(@TempDir Path folder) throws Exception {
        Path serverKey = KeyFiles.generate(folder, "server.key");
        Path clientKey = KeyFiles.generate(folder, "client.key");

        try (Program server = Program.start(PriceServer.class, 0, serverKey, clientKey + ".pub")) {
            String listening = server.nextLine();
            assertThat(listening).startsWith("listening on port ");
            String address = "http://127.0.0.1:" + listening.substring("listening on port ".length()) + "/prices";
            try (Program client =
                    Program.start(PriceClient.class, address, clientKey, serverKey + ".pub", "apple", "plum", "pear")) {
                assertThat(client.nextLine()).isEqualTo("apple: 0.50");
                assertThat(client.nextLine()).isEqualTo("plum: we do not sell plum");
                assertThat(client.nextLine()).isEqualTo("pear: 0.70");
                client.awaitEnd();
            }
            server.endInput();
            server.awaitEnd();
        }
    }
}

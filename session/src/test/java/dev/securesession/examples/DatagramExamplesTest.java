package dev.securesession.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import dev.securesession.SessionConfig;
import dev.securesession.testkit.Pair;
import dev.securesession.transport.datagram.SecureDatagramServer;
import dev.securesession.transport.datagram.SecureDatagrams;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of the guide about datagrams. */
@Timeout(60)
class DatagramExamplesTest {
    @Test
    void aClientAsksAServer() throws Exception {
        SessionConfig serverConfig = Pair.create().server();
        SessionConfig clientConfig = Pair.create().client();
        PeerId serverId = Pair.SERVER_ID;
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        // example: datagram-server
        SecureDatagramServer server = SecureDatagramServer.listen(
                address, serverConfig, (peer, payload) -> peer.send(answer(peer.id(), payload)));
        // end
        try (server) {
            InetSocketAddress serverAddress = server.address();
            Optional<byte[]> answer = Optional.empty();
            // example: datagram-client
            try (SecureDatagrams datagrams = SecureDatagrams.connect(serverAddress, clientConfig, serverId)) {
                for (int attempt = 0; attempt < 5 && answer.isEmpty(); attempt++) {
                    datagrams.send("how warm?".getBytes(UTF_8));
                    answer = datagrams.receive(Duration.ofSeconds(1));
                }
            }
            // end
            assertThat(answer).hasValue("\"client\" ASKS HOW WARM?".getBytes(UTF_8));
        }
    }

    private static byte[] answer(PeerId peer, byte[] question) {
        return (peer + " ASKS " + new String(question, UTF_8).toUpperCase(Locale.ROOT)).getBytes(UTF_8);
    }
}

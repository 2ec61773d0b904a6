package dev.securesession.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.securesession.testsupport.Rule;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.junit.jupiter.api.Test;

/** Peers that send long requests slowly, over several sessions, leave room for others. */
class RequestBytesOfPeersTest extends ServedPeers {
    private static final int WITHHELD_LENGTH = 500_000;

    RequestBytesOfPeersTest() {
        super(HttpClientOptions.defaults());
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.ACCEPTS)
    void onePeerWithManySessionsLeavesRoomForAnother() throws Exception {
        serve(HttpServerOptions.defaults());
        for (int i = 0; i < 16; i++) {
            withhold(establish("slow"));
        }

        assertThat(send("quick", new byte[WITHHELD_LENGTH])).hasSize(WITHHELD_LENGTH);
        assertThat(server.counters().requestBytes()).as("of both").isLessThanOrEqualTo(3 * 1024 * 1024);
    }

    /** Whoever sees the tokens of a peer sends requests with them, which count for that peer. */
    @Test
    void aStrangerWithATokenLeavesRoomForItsPeer() throws Exception {
        serve(HttpServerOptions.defaults().withRequestBytesLimitPerPeer(1_100_000));
        try (HttpSessionClient client = client("peer")) {
            client.send(new byte[1]);
            Session session = establish("peer");
            withhold(session);
            withhold(session);

            assertThat(client.send(new byte[200_000])).hasSize(200_000);
            assertThat(server.counters().evicted()).isEqualTo(1);
        }
    }

    @Test
    void peersThatHoldAllOfItMakeRoomForOneThatHoldsLess() throws Exception {
        serve(HttpServerOptions.defaults().withRequestBytesLimit(1_100_000));
        withhold(establish("one"));
        withhold(establish("another"));

        assertThat(send("quick", new byte[200_000])).hasSize(200_000);
        assertThat(server.counters().evicted()).isEqualTo(1);
        assertThat(server.counters().requestBytes()).isLessThanOrEqualTo(1_100_000);
    }

    @Test
    @Rule(value = "HT-6", kind = Rule.Kind.REFUSES)
    void onePeerGetsNoRoomFromThoseThatHoldLess() throws Exception {
        serve(HttpServerOptions.defaults().withRequestBytesLimit(1_100_000));
        withhold(establish("one"));
        withhold(establish("another"));

        assertThat(catchThrowableOfType(RequestUncertainException.class, () -> send("greedy", new byte[900_000])))
                .isNotNull();
        assertThat(server.counters().turnedAway()).isEqualTo(1);
    }

    private void serve(HttpServerOptions options) throws Exception {
        serve(options, (peer, request) -> request);
    }

    /** Sends all but the last byte of a request, and waits until it has arrived. */
    private void withhold(Session session) throws IOException {
        long before = server.counters().requestBytes();
        long evicted = server.counters().evicted();
        Socket socket = slowSocket();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
        socket.getOutputStream().write(head(session.token, WITHHELD_LENGTH).getBytes(US_ASCII));
        socket.getOutputStream().write(new byte[WITHHELD_LENGTH - 1]);
        await(() -> server.counters().requestBytes() >= before + WITHHELD_LENGTH
                || server.counters().evicted() != evicted);
    }
}

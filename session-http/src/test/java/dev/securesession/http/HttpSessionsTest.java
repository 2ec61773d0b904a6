package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Handshake;
import dev.securesession.PeerId;
import dev.securesession.SecureSession;
import dev.securesession.SessionListener;
import dev.securesession.testkit.Pair;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the tables of a server keep, without HTTP. */
class HttpSessionsTest {
    private static final String NONE = "closed peers: []";

    private Runnable whenEstablished = () -> {};
    private final Pair pair = Pair.create()
            .withServer(config -> config.withListener(new SessionListener() {
                @Override
                public void established(SecureSession session) {
                    whenEstablished.run();
                }
            }));
    private final HttpSessions sessions = new HttpSessions(
            pair.server(),
            (peer, request) -> request,
            HttpServerOptions.defaults().withClock(pair.clock()));

    @AfterEach
    void close() {
        sessions.close();
    }

    @Test
    void closedPeersAreForgottenWithoutOpenHandshakes() {
        for (int i = 0; i < 100; i++) {
            sessions.closePeer(PeerId.ofUtf8("peer " + i));
        }

        assertThat(sessions.closedPeers).hasToString(NONE);
    }

    @Test
    void closedPeersAreForgottenWithTheLastHandshake() throws Exception {
        try (Handshake client = Handshake.client(pair.client(), Pair.SERVER_ID)) {
            Response second = sessions.begin("here", client.start());
            sessions.closePeer(PeerId.ofUtf8("somebody"));
            assertThat(sessions.closedPeers).doesNotHaveToString(NONE);

            byte[] third = client.receive(second.message).message().orElseThrow();
            assertThat(sessions.confirm(String.valueOf(second.token), third).status)
                    .isEqualTo(Status.OK);
        }

        assertThat(sessions.closedPeers).hasToString(NONE);
    }

    @Test
    void closedPeersAreForgottenWithHandshakesThatTimeOut() throws Exception {
        try (Handshake client = Handshake.client(pair.client(), Pair.SERVER_ID)) {
            sessions.begin("here", client.start());
            sessions.closePeer(PeerId.ofUtf8("somebody"));
        }
        pair.clock().moveBy(Duration.ofMinutes(1));
        sessions.expire();

        assertThat(sessions.closedPeers).hasToString(NONE);
    }

    @Test
    void refusedHandshakesKeepNothing() {
        assertThat(sessions.begin("here", new byte[] {1, 2, 3}).status).isEqualTo(Status.BAD_MESSAGE);
        sessions.closePeer(PeerId.ofUtf8("somebody"));

        assertThat(sessions.closedPeers).hasToString(NONE);
    }

    /** Its place was given to others while it was being completed. */
    @Test
    void handshakeThatHasEndedMeanwhileGetsNoSession() throws Exception {
        try (Handshake client = Handshake.client(pair.client(), Pair.SERVER_ID)) {
            Response second = sessions.begin("here", client.start());
            byte[] third = client.receive(second.message).message().orElseThrow();
            whenEstablished = () -> {
                pair.clock().moveBy(Duration.ofMinutes(1));
                sessions.expire();
            };

            assertThat(sessions.confirm(String.valueOf(second.token), third).status)
                    .isEqualTo(Status.UNKNOWN_TOKEN);
        }
    }
}

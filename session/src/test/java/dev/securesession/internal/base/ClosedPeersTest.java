package dev.securesession.internal.base;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import org.junit.jupiter.api.Test;

class ClosedPeersTest {
    private static final String NONE = "closed peers: []";
    private static final PeerId ALICE = PeerId.ofUtf8("alice");
    private static final PeerId BOB = PeerId.ofUtf8("bob");

    private final ClosedPeers peers = new ClosedPeers();

    @Test
    void handshakeThatHadBegunBeforeIsClosed() {
        long before = peers.begin();
        peers.close(ALICE);
        long after = peers.begin();

        assertThat(peers.closedSince(ALICE, before)).isTrue();
        assertThat(peers.closedSince(ALICE, after)).isFalse();
        assertThat(peers.closedSince(BOB, before)).isFalse();
    }

    @Test
    void peerStaysClosedWhileAHandshakeIsOpen() {
        long first = peers.begin();
        peers.begin();
        peers.close(ALICE);
        peers.finished();

        assertThat(peers.closedSince(ALICE, first)).isTrue();
    }

    @Test
    void nothingIsKeptWithoutOpenHandshakes() {
        peers.close(ALICE);
        assertThat(peers).hasToString(NONE);

        peers.begin();
        peers.close(ALICE);
        assertThat(peers).doesNotHaveToString(NONE);
        peers.finished();

        assertThat(peers).hasToString(NONE);
    }
}

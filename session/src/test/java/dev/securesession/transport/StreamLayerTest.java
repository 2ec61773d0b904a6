package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** The stream layer from payloads to payloads, for adapters. */
class StreamLayerTest {
    private final StreamLayer ours = new StreamLayer(1000);
    private final StreamLayer theirs = new StreamLayer(1000);

    @Test
    @Rule(value = "ST-3", kind = ACCEPTS)
    void carriesDataAndTheEndOfEachDirection() throws Exception {
        ours.requireSendable();
        ByteBuffer payload = ByteBuffer.wrap(new byte[] {StreamLayer.DATA, 'h', 'i'});
        assertThat(UTF_8.decode(theirs.receive(payload)).toString()).isEqualTo("hi");
        assertThat(payload.remaining()).isEqualTo(3);
        assertThat(theirs.receive(ByteBuffer.wrap(ours.keepAlive())).hasRemaining())
                .isFalse();
        assertThat(theirs.isEndReceived()).isFalse();

        assertThat(theirs.receive(ByteBuffer.wrap(ours.end())).hasRemaining()).isFalse();
        assertThat(theirs.isEndReceived()).isTrue();
        assertThat(ours.isEndSent()).isTrue();
        assertThat(theirs.isEndSent()).isFalse();
        assertThat(theirs).hasToString("stream layer, from the peer ended, to the peer open");
    }

    @Test
    @Rule(value = "ST-8", kind = ACCEPTS)
    void eachSideAcknowledgesOnItsOwn() throws Exception {
        theirs.receive(ByteBuffer.wrap(ours.end()));
        byte[] acknowledgement = theirs.acknowledge();
        assertThat(acknowledgement).containsExactly(5);
        assertThat(ours.receive(ByteBuffer.wrap(acknowledgement)).hasRemaining())
                .isFalse();
        assertThat(ours.isAcknowledged()).isTrue();
        assertThat(ours.isSettled()).isFalse();

        ours.receive(ByteBuffer.wrap(theirs.end()));
        assertThat(theirs.isSettled()).isTrue();
        assertThat(theirs.isComplete()).isFalse();
        theirs.receive(ByteBuffer.wrap(ours.acknowledge()));
        assertThat(theirs.isComplete()).isTrue();
        assertThat(ours.isComplete()).isTrue();
        assertThat(ours).hasToString("stream layer, from the peer acknowledged, to the peer acknowledged");
    }

    @Test
    @Rule(value = "ST-8", kind = REFUSES)
    void onlyAnEndIsAcknowledgedAndOnlyOnce() throws Exception {
        assertThatThrownBy(ours::acknowledge).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> ours.receive(ByteBuffer.wrap(new byte[] {5}))).isInstanceOf(ProtocolException.class);

        theirs.receive(ByteBuffer.wrap(ours.end()));
        ByteBuffer acknowledgement = ByteBuffer.wrap(theirs.acknowledge());
        assertThatThrownBy(theirs::acknowledge).isInstanceOf(IllegalStateException.class);
        ours.receive(acknowledgement);
        assertThatThrownBy(() -> ours.receive(acknowledgement)).isInstanceOf(ProtocolException.class);
    }

    @Test
    @Rule(value = "ST-9", kind = ACCEPTS)
    void whatIsAcknowledgedMayLoseItsConnection() throws Exception {
        theirs.receive(ByteBuffer.wrap(ours.end()));
        ours.receive(ByteBuffer.wrap(theirs.acknowledge()));
        ours.receive(ByteBuffer.wrap(theirs.end()));

        ours.connectionEnded();
        assertThat(ours.isFailed()).isFalse();
    }

    @Test
    @Rule(value = "ST-9", kind = REFUSES)
    void anEndProvesNothingAboutTheOtherDirection() throws Exception {
        ours.end();
        ours.receive(ByteBuffer.wrap(theirs.end()));

        assertThatThrownBy(ours::connectionEnded)
                .isInstanceOf(EOFException.class)
                .hasMessageContaining("before the peer acknowledged");
        assertThat(ours.isFailed()).isTrue();
    }

    @Test
    @Rule(value = "ST-10", kind = ACCEPTS)
    void anotherStreamFollowsACompleteOne() throws Exception {
        for (int i = 0; i < 3; i++) {
            ours.requireSendable();
            assertThat(theirs.receive(ByteBuffer.wrap(new byte[] {StreamLayer.DATA, 'h'}))
                            .remaining())
                    .isEqualTo(1);
            complete();
            ours.beginNext();
            theirs.beginNext();
            assertThat(ours.isBetweenStreams()).isTrue();
            assertThat(theirs.receive(ByteBuffer.wrap(ours.keepAlive())).hasRemaining())
                    .isFalse();
            assertThat(theirs.isBetweenStreams()).isTrue();
            assertThat(theirs.isEndReceived()).isFalse();
            assertThat(theirs.isAcknowledged()).isFalse();
        }
        ours.connectionEnded();
        assertThat(ours.isFailed()).isFalse();
    }

    @Test
    @Rule(value = "ST-10", kind = REFUSES)
    void noStreamFollowsBeforeTheOneBeforeIsComplete() throws Exception {
        theirs.receive(ByteBuffer.wrap(ours.end()));
        ours.receive(ByteBuffer.wrap(theirs.acknowledge()));
        ours.receive(ByteBuffer.wrap(theirs.end()));
        assertThatThrownBy(ours::beginNext).isInstanceOf(IllegalStateException.class);
        theirs.receive(ByteBuffer.wrap(ours.acknowledge()));
        ours.beginNext();
        // The peer has not sent its acknowledgement for this one: it is none of the one before.
        assertThatThrownBy(() -> ours.receive(ByteBuffer.wrap(new byte[] {5}))).isInstanceOf(ProtocolException.class);
    }

    @Test
    @Rule(value = "ST-10", kind = REFUSES)
    void whateverHasBegunCanBeCutOff() throws Exception {
        complete();
        ours.beginNext();
        theirs.beginNext();
        ours.requireSendable();
        theirs.receive(ByteBuffer.wrap(new byte[] {StreamLayer.DATA, 'h'}));

        assertThat(ours.isBetweenStreams()).isFalse();
        assertThatThrownBy(ours::connectionEnded).isInstanceOf(EOFException.class);
        assertThatThrownBy(theirs::connectionEnded).isInstanceOf(EOFException.class);
    }

    @Test
    @Rule(value = "ST-10", kind = REFUSES)
    void anEndOfTheNextStreamBeginsItToo() throws Exception {
        complete();
        ours.beginNext();
        theirs.beginNext();
        theirs.receive(ByteBuffer.wrap(ours.end()));

        assertThat(ours.isBetweenStreams()).isFalse();
        assertThatThrownBy(theirs::connectionEnded).isInstanceOf(EOFException.class);
        assertThatThrownBy(ours::connectionEnded).isInstanceOf(EOFException.class);
    }

    @Test
    @Rule(value = "ST-10", kind = REFUSES)
    void noStreamFollowsAfterTheEndOfTheConnection() throws Exception {
        complete();
        ours.connectionEnded();
        assertThat(ours.isFailed()).isFalse();
        assertThatThrownBy(ours::beginNext).isInstanceOf(IllegalStateException.class);
    }

    private void complete() throws IOException {
        theirs.receive(ByteBuffer.wrap(ours.end()));
        ours.receive(ByteBuffer.wrap(theirs.acknowledge()));
        ours.receive(ByteBuffer.wrap(theirs.end()));
        theirs.receive(ByteBuffer.wrap(ours.acknowledge()));
    }

    @Test
    @Rule(value = "ST-3", kind = REFUSES)
    void nothingFollowsOurEnd() throws Exception {
        ours.end();
        assertThatThrownBy(ours::requireSendable).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(ours::end).isInstanceOf(IllegalStateException.class);
    }

    @Test
    @Rule(value = "ST-4", kind = REFUSES)
    void aConnectionThatEndsBeforeTheStreamIsAnError() {
        assertThatThrownBy(ours::connectionEnded).isInstanceOf(EOFException.class);
        assertThat(ours.isFailed()).isTrue();
        assertThat(ours).hasToString("stream layer, failed");
    }

    @Test
    @Rule(value = "ST-5", kind = ACCEPTS)
    void abortsReachThePeer() throws Exception {
        byte[] abort = ours.abort(256, "disk full");
        assertThatThrownBy(() -> theirs.receive(ByteBuffer.wrap(abort)))
                .isInstanceOfSatisfying(StreamAbortedException.class, aborted -> {
                    assertThat(aborted.code()).isEqualTo(256);
                    assertThat(aborted.reason()).isEqualTo("disk full");
                    assertThat(aborted.isByPeer()).isTrue();
                });
        assertThatThrownBy(ours::keepAlive).isInstanceOf(IOException.class);
        assertThatThrownBy(ours::abortForClose).isInstanceOf(IOException.class);
        assertThat(theirs.isFailed()).isTrue();
    }

    @Test
    @Rule(value = "ST-1", kind = REFUSES)
    void violationsAndClosingHaveCodesOfTheirOwn() throws Exception {
        assertThatThrownBy(() -> ours.receive(ByteBuffer.wrap(new byte[] {9}))).isInstanceOf(ProtocolException.class);
        assertThat(ours.abortForViolation("type 9")).startsWith(3, 0, 1);
        assertThat(theirs.abortForClose()).startsWith(3, 0, 2);
    }

    @Test
    @Rule(value = "ST-5", kind = REFUSES)
    void codesOfTheProtocolAreNotForApplications() {
        assertThatThrownBy(() -> ours.abort(255, "")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StreamLayer(257)).isInstanceOf(IllegalArgumentException.class);
    }
}

package dev.securesession.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which bodies make room for others, and which are refused. */
class AdmissionTest {
    private static final PeerId ANNA = PeerId.ofUtf8("anna");
    private static final PeerId BERT = PeerId.ofUtf8("bert");
    private static final PeerId CARL = PeerId.ofUtf8("carl");

    private long nanos;
    private final List<String> ended = new ArrayList<>();
    private final Admission admission = new Admission(
            HttpServerOptions.defaults().withRequestBytesLimit(100).withRequestBytesLimitPerPeer(50), () -> nanos);

    @Test
    void theLargestOfThePeerMakesRoom() {
        open("small", ANNA, 10);
        open("large", ANNA, 30);
        nanos++;

        assertThat(open("new", ANNA, 20).complete()).isTrue();
        assertThat(ended).containsExactly("large");
        assertThat(admission.bytes()).isEqualTo(30);
        assertThat(admission.evicted()).isEqualTo(1);
        assertThat(admission.turnedAway()).isZero();
    }

    @Test
    void aSlowBodyMakesRoomForALongerOneThatIsQuick() {
        open("slow", ANNA, 20);
        nanos += 10;

        open("quick", ANNA, 40);

        assertThat(ended).containsExactly("slow");
        assertThat(admission.bytes()).isEqualTo(40);
    }

    @Test
    void aBodyThatIsLargerThanTheOthersIsRefusedAndEndsNone() {
        open("one", ANNA, 20);
        open("two", ANNA, 20);

        Admission.Holding greedy = admission.open(ANNA, () -> ended.add("greedy"));
        assertThat(greedy.hold(40)).isFalse();

        assertThat(ended).isEmpty();
        assertThat(admission.bytes()).isEqualTo(40);
        assertThat(admission.turnedAway()).isEqualTo(1);
    }

    @Test
    void bodiesOfOtherPeersMakeNoRoomAtTheLimitOfThePeer() {
        open("other", BERT, 50);
        Admission.Holding first = open("first", ANNA, 40);
        assertThat(first.complete()).isTrue();
        nanos += 1000;

        assertThat(admission.open(ANNA, () -> ended.add("second")).hold(20)).isFalse();
        assertThat(ended).isEmpty();
    }

    @Test
    void thePeerThatHoldsTheMostMakesRoomForAll() {
        open("anna 1", ANNA, 10);
        nanos += 1000;
        open("anna 2", ANNA, 35);
        open("bert", BERT, 50);

        open("carl", CARL, 10);

        assertThat(ended).as("though the bodies of anna are older").containsExactly("bert");
        assertThat(admission.bytes()).isEqualTo(55);
    }

    @Test
    void completeBodiesMakeNoRoom() {
        assertThat(open("anna", ANNA, 50).complete()).isTrue();
        assertThat(open("bert", BERT, 50).complete()).isTrue();

        assertThat(admission.open(CARL, () -> ended.add("carl")).hold(1)).isFalse();
        assertThat(ended).isEmpty();
        assertThat(admission.bytes()).isEqualTo(100);
    }

    @Test
    void aBodyThatMadeRoomHoldsNothingAgain() {
        Admission.Holding evicted = open("slow", ANNA, 30);
        nanos += 10;
        open("quick", ANNA, 40);
        assertThat(ended).containsExactly("slow");

        assertThat(evicted.hold(1)).isFalse();
        assertThat(evicted.complete()).isFalse();
        evicted.release();
        assertThat(admission.bytes()).isEqualTo(40);
    }

    @Test
    void releasedRoomIsFree() {
        Admission.Holding all = open("all", ANNA, 50);
        assertThat(all.complete()).isTrue();
        all.release();

        open("next", ANNA, 50);
        assertThat(ended).isEmpty();
        assertThat(admission.bytes()).isEqualTo(50);
    }

    /** Opens a body that gets its room. */
    private Admission.Holding open(String name, PeerId peer, int length) {
        Admission.Holding holding = admission.open(peer, () -> ended.add(name));
        assertThat(holding.hold(length)).as(name).isTrue();
        return holding;
    }
}

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
            HttpServerOptions.defaults()
                    .withRequestBytesLimit(100)
                    .withRequestBytesLimitPerPeer(50)
                    .withAnswerBytesLimit(100)
                    .withAnswerBytesLimitPerPeer(50)
                    .withRequestLimit(8)
                    .withRequestLimitPerAddress(4)
                    .withRequestLimitPerPeer(6),
            () -> nanos);

    @Test
    void theLargestOfThePeerMakesRoom() {
        open("small", ANNA, 10);
        open("large", ANNA, 30);
        nanos++;

        assertThat(open("new", ANNA, 20).complete()).isEqualTo(Status.OK);
        assertThat(ended).containsExactly("large");
        assertThat(admission.requestBytes()).isEqualTo(30);
        assertThat(admission.evicted()).isEqualTo(1);
        assertThat(admission.turnedAway()).isZero();
    }

    @Test
    void aSlowBodyMakesRoomForALongerOneThatIsQuick() {
        open("slow", ANNA, 20);
        nanos += 10;

        open("quick", ANNA, 40);

        assertThat(ended).containsExactly("slow");
        assertThat(admission.requestBytes()).isEqualTo(40);
    }

    @Test
    void aBodyThatIsLargerThanTheOthersIsRefusedAndEndsNone() {
        open("one", ANNA, 20);
        open("two", ANNA, 20);

        Admission.Place greedy = enter("greedy", ANNA);
        assertThat(greedy.hold(40)).isFalse();

        assertThat(ended).isEmpty();
        assertThat(admission.requestBytes()).isEqualTo(40);
        assertThat(admission.turnedAway()).isEqualTo(1);
    }

    @Test
    void bodiesOfOtherPeersMakeNoRoomAtTheLimitOfThePeer() {
        open("other", BERT, 50);
        Admission.Place first = open("first", ANNA, 40);
        assertThat(first.complete()).isEqualTo(Status.OK);
        nanos += 1000;

        assertThat(enter("second", ANNA).hold(20)).isFalse();
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
        assertThat(admission.requestBytes()).isEqualTo(55);
    }

    @Test
    void completeBodiesMakeNoRoom() {
        assertThat(open("anna", ANNA, 50).complete()).isEqualTo(Status.OK);
        assertThat(open("bert", BERT, 50).complete()).isEqualTo(Status.OK);

        assertThat(enter("carl", CARL).hold(1)).isFalse();
        assertThat(ended).isEmpty();
        assertThat(admission.requestBytes()).isEqualTo(100);
    }

    @Test
    void aBodyThatMadeRoomHoldsNothingAgain() {
        Admission.Place evicted = open("slow", ANNA, 30);
        nanos += 10;
        open("quick", ANNA, 40);
        assertThat(ended).containsExactly("slow");

        assertThat(evicted.hold(1)).isFalse();
        assertThat(evicted.complete()).isEqualTo(Status.NO_ROOM);
        evicted.leave();
        assertThat(admission.requestBytes()).isEqualTo(40);
    }

    @Test
    void releasedRoomIsFree() {
        Admission.Place all = open("all", ANNA, 50);
        assertThat(all.complete()).isEqualTo(Status.OK);
        all.leave();

        open("next", ANNA, 50);
        assertThat(ended).isEmpty();
        assertThat(admission.requestBytes()).isEqualTo(50);
    }

    @Test
    void theEldestOfTheSourceMakesRoomAmongThoseThatWait() {
        for (int i = 0; i < 5; i++) {
            stranger("enemy " + i, "there");
        }

        assertThat(ended).containsExactly("enemy 0");
        assertThat(admission.waiting()).isEqualTo(4);
        assertThat(admission.evicted()).isEqualTo(1);
    }

    @Test
    void theEldestOfTheSourceWithTheMostMakesRoomForAnother() {
        stranger("honest and slow", "here");
        for (int i = 0; i < 7; i++) {
            stranger("enemy " + i, i < 4 ? "there" : "elsewhere");
        }
        assertThat(ended).isEmpty();

        Admission.Place honest = stranger("honest", "home");
        assertThat(ended).containsExactly("enemy 0");
        assertThat(honest.complete()).isEqualTo(Status.OK);
    }

    @Test
    void strangersThatWaitDisplaceNoRequestWithASession() {
        Admission.Place slow = open("slow", ANNA, 1);
        for (int i = 0; i < 20; i++) {
            stranger("enemy", "source " + i);
        }

        assertThat(ended).hasSize(12).containsOnly("enemy");
        assertThat(slow.complete()).isEqualTo(Status.OK);
    }

    @Test
    void whoHasSeenATokenLeavesRoomForOtherPeersAndForStrangers() {
        Admission.Place bert = enter("bert", BERT);
        Admission.Place stranger = stranger("stranger", "here");
        for (int i = 0; i < 20; i++) {
            enter("anna", ANNA);
        }
        enter("carl", CARL);

        assertThat(ended).containsOnly("anna");
        assertThat(bert.complete()).isEqualTo(Status.OK);
        assertThat(stranger.complete()).isEqualTo(Status.OK);
    }

    @Test
    void requestsThatWaitTakeNoPlaceOfThoseThatAreAnswered() {
        for (int i = 0; i < 8; i++) {
            stranger("enemy", "source " + i);
            enter("enemy", PeerId.ofUtf8("peer " + i));
        }

        assertThat(admission.requests()).isZero();
        assertThat(enter("anna", ANNA).complete()).isEqualTo(Status.OK);
        assertThat(admission.requests()).isEqualTo(1);
    }

    /** PROTOCOL.md HT-6. */
    @Test
    void strangersGetThreeQuartersOfThePlaces() {
        List<Admission.Place> strangers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            strangers.add(stranger("stranger", "source " + i));
        }
        assertThat(complete(strangers)).containsExactly(200, 200, 200, 200, 200, 200, 503, 503);

        assertThat(complete(List.of(enter("anna", ANNA), enter("bert", BERT), enter("carl", CARL))))
                .containsExactly(200, 200, 503);
        strangers.get(0).leave();
        assertThat(stranger("again", "here").complete()).isEqualTo(Status.OK);
    }

    @Test
    void strangersGetThreeQuartersOfThePlacesOfASource() {
        List<Admission.Place> strangers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            strangers.add(stranger("stranger", "here"));
        }
        assertThat(complete(strangers)).containsExactly(200, 200, 200, 429);

        assertThat(complete(List.of(enter("anna", ANNA), enter("bert", BERT)))).containsExactly(200, 429);
        strangers.get(0).leave();
        assertThat(enter("bert", BERT).complete()).isEqualTo(Status.OK);
        assertThat(stranger("again", "here").complete()).isEqualTo(Status.TOO_MANY);
    }

    @Test
    void onePeerWithManyAddressesGetsAShareOfThePlaces() {
        List<Admission.Place> slow = answering(ANNA, 6);

        assertThat(admission.enter("another source", ANNA, () -> {}).complete()).isEqualTo(Status.TOO_MANY);
        assertThat(admission.turnedAway()).isEqualTo(1);
        assertThat(enter("bert", BERT).complete()).isEqualTo(Status.OK);

        assertThat(slow.get(0).respond(ANNA, 1)).isTrue();
        slow.get(1).leave();
        List<Admission.Place> next = List.of(enter("anna", ANNA), enter("anna", ANNA), enter("anna", ANNA));
        assertThat(complete(next)).containsExactly(200, 200, 429);
    }

    @Test
    void aFirstRequestCountsForThePeerThatHasProvedItself() {
        Admission.Place early = stranger("early", "there");
        Admission.Place late = stranger("late", "there");
        assertThat(complete(List.of(early, late))).containsExactly(200, 200);
        assertThat(early.prove(ANNA)).isTrue();
        List<Admission.Place> others = answering(ANNA, 5);

        assertThat(late.prove(ANNA)).isFalse();
        assertThat(admission.turnedAway()).isEqualTo(1);
        assertThat(late.respond(null, 0)).isTrue();
        late.leave();
        assertThat(admission.enter("elsewhere", ANNA, () -> {}).complete()).isEqualTo(Status.TOO_MANY);

        early.leave();
        others.get(0).leave();
        List<Admission.Place> next = List.of(enter("anna", ANNA), enter("anna", ANNA), enter("anna", ANNA));
        assertThat(complete(next)).containsExactly(200, 200, 429);
    }

    @Test
    void aRequestWhoseResponseIsNotReadLeavesItsPlaceToOthers() {
        List<Admission.Place> slow = answering(ANNA, 6);
        slow.addAll(answering(CARL, 2));
        assertThat(enter("bert", BERT).complete()).isEqualTo(Status.NO_ROOM);

        slow.forEach(place -> assertThat(place.respond(null, 0)).isTrue());

        assertThat(admission.requests()).isZero();
        assertThat(enter("bert", BERT).complete()).isEqualTo(Status.OK);
    }

    @Test
    void answersThatAreNotReadCountForTheAddressUntilTheyAreSent() {
        List<Admission.Place> slow = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Admission.Place place = enter("slow", ANNA);
            assertThat(place.complete()).isEqualTo(Status.OK);
            assertThat(place.respond(ANNA, 1)).isTrue();
            slow.add(place);
        }

        assertThat(enter("bert", BERT).complete()).isEqualTo(Status.TOO_MANY);
        slow.get(0).leave();
        assertThat(enter("bert", BERT).complete()).isEqualTo(Status.OK);
    }

    @Test
    void theOldestAnswerThatIsNotReadMakesRoomForOneOfItsPeer() {
        answer("bert", BERT, 50);
        answer("first", ANNA, 20);
        nanos++;
        answer("second", ANNA, 20);
        nanos++;

        answer("third", ANNA, 20);

        assertThat(ended).containsExactly("first");
        assertThat(admission.answerBytes()).isEqualTo(90);
        assertThat(admission.requestBytes()).isZero();
    }

    @Test
    void answersToThePeerThatReadsTheLeastMakeRoomForAll() {
        answer("anna", ANNA, 40);
        answer("bert", BERT, 50);

        answer("carl", CARL, 30);

        assertThat(ended).containsExactly("bert");
        assertThat(admission.answerBytes()).isEqualTo(70);
    }

    @Test
    void anAnswerWithoutRoomHoldsNothingAndEndsNone() {
        answer("anna", ANNA, 20);
        answer("bert", BERT, 20);
        Admission.Place greedy = enter("greedy", ANNA);
        assertThat(greedy.complete()).isEqualTo(Status.OK);

        assertThat(greedy.respond(ANNA, 51)).isFalse();

        assertThat(ended).isEmpty();
        assertThat(admission.answerBytes()).isEqualTo(40);
        assertThat(admission.turnedAway()).isEqualTo(1);
    }

    @Test
    void theAnswerToAFirstRequestCountsForThePeerThatHasProvedItself() {
        answer("anna", ANNA, 40);
        nanos++;
        Admission.Place first = stranger("first", "there");
        assertThat(first.complete()).isEqualTo(Status.OK);
        assertThat(first.respond(ANNA, 20)).isTrue();

        assertThat(ended).containsExactly("anna");
        assertThat(admission.answerBytes()).isEqualTo(20);
        first.leave();
        assertThat(admission.answerBytes()).isZero();
        assertThat(admission.waiting()).isZero();
    }

    @Test
    void aPlaceIsLeftOnce() {
        Admission.Place place = enter("anna", ANNA);
        assertThat(place.complete()).isEqualTo(Status.OK);
        place.leave();
        place.leave();

        assertThat(admission.requests()).isZero();
        assertThat(place.respond(ANNA, 1)).isFalse();
        assertThat(admission.waiting()).isZero();
        assertThat(admission.answerBytes()).isZero();
    }

    /** Returns requests of a peer, each from an address of its own, that the handler works on. */
    private List<Admission.Place> answering(PeerId peer, int count) {
        List<Admission.Place> places = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Admission.Place place = admission.enter("source " + i, peer, () -> {});
            assertThat(place.complete()).isEqualTo(Status.OK);
            places.add(place);
        }
        return places;
    }

    /** Answers a request of a peer, which does not read the answer. */
    private void answer(String name, PeerId peer, int length) {
        Admission.Place place = admission.enter("source of " + name, peer, () -> ended.add(name));
        assertThat(place.complete()).as(name).isEqualTo(Status.OK);
        assertThat(place.respond(peer, length)).as(name).isTrue();
    }

    /** Opens a body that gets its room. */
    private Admission.Place open(String name, PeerId peer, int length) {
        Admission.Place place = enter(name, peer);
        assertThat(place.hold(length)).as(name).isTrue();
        return place;
    }

    private Admission.Place enter(String name, PeerId peer) {
        return admission.enter("here", peer, () -> ended.add(name));
    }

    private Admission.Place stranger(String name, String source) {
        return admission.enter(source, null, () -> ended.add(name));
    }

    private static int[] complete(List<Admission.Place> places) {
        return places.stream().mapToInt(Admission.Place::complete).toArray();
    }
}

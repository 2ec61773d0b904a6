package dev.securesession.interop;

import static dev.securesession.interop.Refusals.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.MessageRejectedException;
import dev.securesession.Role;
import dev.securesession.SessionConfig;
import dev.securesession.SessionExhaustedException;
import dev.securesession.StateRejectedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions that move from one implementation to the other in the 60-byte form (PROTOCOL.md, section 9; S-2). */
@ExtendWith(ReferencePeer.class)
class SavedStateTest {
    private static final int STATE_LENGTH = 60;
    private static final int OWN_SEQUENCE = 52;
    private static final int PEER_SEQUENCE = 56;

    /** 2^32 - 8, the last number that the reference accepts (section 8.2). */
    private static final int LAST_NUMBER = -8;

    private static final int REACH = 8;

    private static final byte[] PAYLOAD = "some payload".getBytes(UTF_8);

    private final ForeignPeer peer;

    SavedStateTest(ForeignPeer peer) {
        this.peer = peer;
    }

    /** Our end moves to the foreign peer, exchanges messages there, and moves back. */
    @ParameterizedTest
    @EnumSource
    void ourSessionGoesOnAtThePeerAndBackAgain(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            exchange(meeting.ours, meeting.theirs, "before");
            byte[] handedOver = meeting.ours.save();
            assertThat(handedOver).hasSize(STATE_LENGTH);
            meeting.ours.close();
            try (ForeignPeer.Session away = peer.load(handedOver)) {
                assertThat(away.isEstablished()).isTrue();
                assertThat(away.save()).isEqualTo(handedOver);
                exchange(away, meeting.theirs, "away");
                try (End back = OurEnd.load(away.save(), meeting.ourConfig)) {
                    exchange(back, meeting.theirs, "back");
                }
            }
        }
    }

    /** Their end moves to us, exchanges messages here, and moves back. */
    @ParameterizedTest
    @EnumSource
    void theirSessionGoesOnWithUsAndBackAgain(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            exchange(meeting.ours, meeting.theirs, "before");
            byte[] handedOver = meeting.theirs.save();
            assertThat(handedOver).hasSize(STATE_LENGTH);
            try (OurEnd away = OurEnd.load(handedOver, meeting.ourConfig)) {
                assertThat(away.session().isPeerKnown()).isFalse();
                assertThat(away.session().role()).isEqualTo(ourRole.opposite());
                assertThat(away.save()).isEqualTo(handedOver);
                exchange(meeting.ours, away, "away");
                try (ForeignPeer.Session back = peer.load(away.save())) {
                    exchange(meeting.ours, back, "back");
                }
            }
        }
    }

    /** The session has not carried a message in either direction. */
    @ParameterizedTest
    @EnumSource
    void aFreshSessionCanBeHandedOver(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole);
                OurEnd fromTheirs = OurEnd.load(meeting.theirs.save(), meeting.ourConfig);
                ForeignPeer.Session fromOurs = peer.load(meeting.ours.save())) {
            exchange(fromOurs, fromTheirs, "swapped");
        }
    }

    /** Each direction counts separately, and messages sent before the move are accepted after it. */
    @ParameterizedTest
    @EnumSource
    void messagesInTransitDuringTheMoveArrive(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            for (int i = 0; i < 20; i++) {
                Meeting.carries(meeting.theirs, meeting.ours, payload("one way", i));
            }
            byte[] toOurs = meeting.theirs.wrap(PAYLOAD);
            byte[] toTheirs = meeting.ours.wrap(PAYLOAD);
            try (ForeignPeer.Session fromOurs = peer.load(meeting.ours.save());
                    OurEnd fromTheirs = OurEnd.load(meeting.theirs.save(), meeting.ourConfig)) {
                assertThat(fromOurs.unwrap(toOurs)).isEqualTo(PAYLOAD);
                assertThat(fromTheirs.unwrap(toTheirs)).isEqualTo(PAYLOAD);
                exchange(fromOurs, fromTheirs, "after");
            }
        }
    }

    /** S-2: messages accepted before the move are refused after it. */
    @ParameterizedTest
    @EnumSource
    void oursRefusesAfterTheMoveWhatCameBefore(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            List<byte[]> before = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                byte[] message = meeting.ours.wrap(payload("before", i));
                assertThat(meeting.theirs.unwrap(message)).isEqualTo(payload("before", i));
                before.add(message);
            }
            try (OurEnd moved = OurEnd.load(meeting.theirs.save(), meeting.ourConfig)) {
                for (byte[] message : before) {
                    assertRefused(MessageRejectedException.Reason.REPLAYED, () -> moved.unwrap(message));
                }
                exchange(meeting.ours, moved, "after");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothRefuseADamagedState(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            byte[] ours = meeting.ours.save();
            byte[] theirs = meeting.theirs.save();
            for (int i = 0; i < STATE_LENGTH; i++) {
                byte[] oursDamaged = Damage.flipped(ours, i);
                byte[] theirsDamaged = Damage.flipped(theirs, i);
                assertRefused("byte " + i, () -> peer.load(oursDamaged), "DATA_CORRUPT", "INVALID_PARAMETER");
                assertRefused(
                        StateRejectedException.Reason.MALFORMED, () -> OurEnd.load(theirsDamaged, meeting.ourConfig));
            }
            for (int length = 0; length < STATE_LENGTH; length++) {
                byte[] shortened = Arrays.copyOf(theirs, length);
                assertRefused(StateRejectedException.Reason.MALFORMED, () -> OurEnd.load(shortened, meeting.ourConfig));
            }
            meeting.carries(PAYLOAD);
        }
    }

    /** D-3: the last number that our end sends is the last one that the reference accepts. */
    @ParameterizedTest
    @EnumSource
    void oursStopsSendingWhereTheReferenceStopsAccepting(Role ourRole) throws Exception {
        int left = 5;
        int next = LAST_NUMBER - left + 1;
        try (Meeting meeting = establishedWithHighInitialNumber(ourRole)) {
            byte[] ourState = Damage.withNumber(meeting.ours.save(), OWN_SEQUENCE, next);
            byte[] theirState = Damage.withNumber(meeting.theirs.save(), PEER_SEQUENCE, next - 1);
            try (OurEnd ours = OurEnd.load(ourState, meeting.ourConfig);
                    ForeignPeer.Session theirs = peer.load(theirState)) {
                for (int i = left; i > 0; i--) {
                    assertThat(ours.session().remainingMessages()).isEqualTo(i);
                    Meeting.carries(ours, theirs, payload("left", i));
                }
                assertThat(ours.session().remainingMessages()).isZero();
                assertThatExceptionOfType(SessionExhaustedException.class).isThrownBy(() -> ours.wrap(PAYLOAD));
                assertThat(Damage.number(theirs.save(), PEER_SEQUENCE)).isEqualTo(LAST_NUMBER);

                // The reference accepts no further number, neither before nor after the wrap.
                for (int number = LAST_NUMBER - REACH; number <= 2 * REACH; number++) {
                    byte[] message = wrappedAs(number, ourState, meeting.ourConfig);
                    assertRefused(
                            "number " + Integer.toUnsignedString(number),
                            () -> theirs.unwrap(message),
                            "INVALID_PARAMETER");
                }
                // The other direction still works.
                Meeting.carries(theirs, ours, PAYLOAD);
            }
        }
    }

    /** D-1: our end accepts each message that the reference sends across the wrap, once. */
    @ParameterizedTest
    @EnumSource
    void oursTakesNumbersAcrossTheWrap(Role ourRole) throws Exception {
        int next = -20;
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            byte[] theirState = Damage.withNumber(meeting.theirs.save(), OWN_SEQUENCE, next);
            byte[] ourState = Damage.withNumber(meeting.ours.save(), PEER_SEQUENCE, next - 1);
            try (OurEnd ours = OurEnd.load(ourState, meeting.ourConfig);
                    ForeignPeer.Session theirs = peer.load(theirState)) {
                List<byte[]> messages = new ArrayList<>();
                for (int i = 0; i < 40; i++) {
                    byte[] message = theirs.wrap(payload("across", i));
                    assertThat(ours.unwrap(message)).isEqualTo(payload("across", i));
                    messages.add(message);
                }
                assertThat(Damage.number(theirs.save(), OWN_SEQUENCE)).isEqualTo(next + 40);
                for (byte[] message : messages) {
                    assertRefused(MessageRejectedException.Reason.REPLAYED, () -> ours.unwrap(message));
                }
            }
        }
    }

    /** Half of all sessions qualify. With a lower initial number the limit of 2^31 messages comes before 2^32 - 8. */
    private Meeting establishedWithHighInitialNumber(Role ourRole) throws Exception {
        for (int attempt = 0; attempt < 100; attempt++) {
            Meeting meeting = Meeting.established(peer, ourRole);
            int initial = Damage.number(meeting.ours.save(), OWN_SEQUENCE);
            if (initial < 0 && Integer.toUnsignedLong(initial) < 0xFFFF_FF00L) {
                return meeting;
            }
            meeting.close();
        }
        throw new AssertionError("100 sessions, and none begins above 2^31: by chance once in 2^100 runs");
    }

    /** Returns a message with a number, from an end whose peer is configured to cross the wrap. */
    private static byte[] wrappedAs(int number, byte[] state, SessionConfig config) throws Exception {
        SessionConfig wrapping = config.withSequenceWrap();
        try (End end = OurEnd.load(Damage.withNumber(state, OWN_SEQUENCE, number), wrapping)) {
            return end.wrap(PAYLOAD);
        }
    }

    private static void exchange(End one, End other, String name) throws Exception {
        for (int i = 0; i < 3; i++) {
            Meeting.carries(one, other, payload(name + " there", i));
            Meeting.carries(other, one, payload(name + " back", i));
        }
    }

    private static byte[] payload(String name, int number) {
        return (name + " " + number).getBytes(UTF_8);
    }
}

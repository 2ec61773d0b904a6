package dev.securesession.interop;

import static dev.securesession.interop.Refusals.assertRefused;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.Role;
import dev.securesession.SecureSession;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Wrapped messages between a session of ours and one of a foreign peer, in both roles. */
@ExtendWith(ReferencePeer.class)
class MessageTest {
    private static final long DAY = 86_400;

    /** The reference accepts a number whose distance from the last accepted one is at most this. */
    private static final int REACH = 8;

    private static final byte[] PAYLOAD = "some payload".getBytes(UTF_8);

    private final ForeignPeer peer;

    MessageTest(ForeignPeer peer) {
        this.peer = peer;
    }

    @ParameterizedTest
    @EnumSource
    void carriesPayloadsOf1ByteTo1MebibyteInArrays(Role ourRole) throws Exception {
        Random random = new Random(3);
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            for (int length : lengths()) {
                meeting.carries(Damage.random(random, length));
            }
        }
    }

    static Stream<Arguments> buffers() {
        IntFunction<ByteBuffer> heap = ByteBuffer::allocate;
        IntFunction<ByteBuffer> direct = ByteBuffer::allocateDirect;
        IntFunction<ByteBuffer> slice =
                capacity -> ByteBuffer.allocate(capacity + 5).position(5).slice();
        return Stream.of(Role.values())
                .flatMap(role -> Stream.of(
                        arguments(role, "heap", heap),
                        arguments(role, "direct", direct),
                        arguments(role, "slice", slice)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("buffers")
    void carriesPayloadsOf1ByteTo1MebibyteInBuffers(Role ourRole, String kind, IntFunction<ByteBuffer> allocate)
            throws Exception {
        Random random = new Random(4);
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            SecureSession ours = meeting.ours.session();
            for (int length : lengths()) {
                byte[] payload = Damage.random(random, length);

                ByteBuffer message = allocate.apply(length + SecureSession.OVERHEAD);
                assertThat(ours.wrap(filled(allocate, payload), message)).isEqualTo(length + SecureSession.OVERHEAD);
                assertThat(meeting.theirs.unwrap(content(message.flip()))).isEqualTo(payload);

                ByteBuffer received = allocate.apply(length);
                assertThat(ours.unwrap(filled(allocate, meeting.theirs.wrap(payload)), received))
                        .isEqualTo(length);
                assertThat(content(received.flip())).isEqualTo(payload);
            }
        }
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("buffers")
    void carriesPayloadsInPlace(Role ourRole, String kind, IntFunction<ByteBuffer> allocate) throws Exception {
        Random random = new Random(5);
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            SecureSession ours = meeting.ours.session();
            for (int length : lengths()) {
                byte[] payload = Damage.random(random, length);

                ByteBuffer message = allocate.apply(length + SecureSession.OVERHEAD);
                message.duplicate().position(SecureSession.PAYLOAD_OFFSET).put(payload);
                ours.wrapInPlace(message);
                assertThat(meeting.theirs.unwrap(content(message))).isEqualTo(payload);

                ByteBuffer received = ours.unwrapInPlace(filled(allocate, meeting.theirs.wrap(payload)));
                assertThat(content(received)).isEqualTo(payload);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void neitherEndWrapsAnEmptyPayload(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            assertThatIllegalArgumentException().isThrownBy(() -> meeting.ours.wrap(new byte[0]));
            assertRefused("empty payload", () -> meeting.theirs.wrap(new byte[0]), "INVALID_PARAMETER");
            meeting.carries(PAYLOAD);
        }
    }

    /** Each number is within reach of the one accepted before it, the limit included (section 8.2). */
    @ParameterizedTest
    @EnumSource
    void takesMessagesOutOfOrderWithinReach(Role ourRole) throws Exception {
        List<Integer> order = List.of(8, 0, 7, 15, 14, 6, 1, 9, 17, 10, 2, 3, 11, 19, 27, 20, 12, 4, 5, 13, 21);
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            arriveInOrder(meeting.client, meeting.server, order);
            arriveInOrder(meeting.server, meeting.client, order);
        }
    }

    @ParameterizedTest
    @EnumSource
    void takesShuffledMessages(Role ourRole) throws Exception {
        long seed = new Random().nextLong();
        System.out.println("takesShuffledMessages, " + ourRole + ": seed " + seed);
        Random random = new Random(seed);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 400; i += 4) {
            // Within a group of four and between adjacent groups the distance is at most 7.
            List<Integer> four = Arrays.asList(i, i + 1, i + 2, i + 3);
            Collections.shuffle(four, random);
            order.addAll(four);
        }
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            arriveInOrder(meeting.client, meeting.server, order);
            arriveInOrder(meeting.server, meeting.client, order);
            meeting.carries(PAYLOAD);
        }
    }

    private static void arriveInOrder(End sender, End receiver, List<Integer> order) throws Exception {
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i <= Collections.max(order); i++) {
            messages.add(sender.wrap(payload(i)));
        }
        for (int i : order) {
            assertThat(receiver.unwrap(messages.get(i))).as("number %d", i).isEqualTo(payload(i));
        }
    }

    /** Section 8.2: up to 8 messages may be lost before the first one that arrives, and up to 7 between any two. */
    @ParameterizedTest
    @EnumSource
    void goesOnAfterLossWithinReach(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            for (int round = 0; round < 20; round++) {
                int lost = round == 0 ? REACH : REACH - 1;
                lose(meeting.client, lost);
                lose(meeting.server, lost);
                meeting.carries(payload(round));
            }
        }
    }

    /** D-1: our end accepts any jump forward. Section 8.2 says which jumps the reference accepts. */
    @ParameterizedTest
    @EnumSource
    void oursGoesOnAfterAnyLoss(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            for (int lost : new int[] {9, 100, 1023, 1024, 3000}) {
                lose(meeting.theirs, lost);
                Meeting.carries(meeting.theirs, meeting.ours, PAYLOAD);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theReachOfTheReferenceIs8(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            Meeting.carries(meeting.ours, meeting.theirs, PAYLOAD);
            lose(meeting.ours, REACH - 1);
            byte[] inReach = meeting.ours.wrap(PAYLOAD);
            byte[] outOfReach = meeting.ours.wrap(PAYLOAD);
            assertRefused("9 ahead", () -> meeting.theirs.unwrap(outOfReach), "INVALID_PARAMETER");
            assertThat(meeting.theirs.unwrap(inReach)).isEqualTo(PAYLOAD);
            assertThat(meeting.theirs.unwrap(outOfReach)).isEqualTo(PAYLOAD);
        }
    }

    /** D-1. */
    @ParameterizedTest
    @EnumSource
    void oursTakesEachMessageOnce(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            List<byte[]> messages = new ArrayList<>();
            for (int i = 0; i < 1500; i++) {
                messages.add(meeting.theirs.wrap(PAYLOAD));
            }
            for (int i = 0; i < messages.size(); i += 2) {
                assertThat(meeting.ours.unwrap(messages.get(i))).isEqualTo(PAYLOAD);
            }
            int newest = messages.size() - 2;
            for (int i = 0; i <= newest; i++) {
                byte[] message = messages.get(i);
                if (newest - i >= 1024) {
                    assertRefused(Reason.TOO_OLD, () -> meeting.ours.unwrap(message));
                } else if (i % 2 == 0) {
                    assertRefused(Reason.REPLAYED, () -> meeting.ours.unwrap(message));
                } else {
                    assertThat(meeting.ours.unwrap(message)).isEqualTo(PAYLOAD);
                    assertRefused(Reason.REPLAYED, () -> meeting.ours.unwrap(message));
                }
            }
        }
    }

    /** Changes each byte except the unused ones (section 8.1), then delivers the original message. */
    @ParameterizedTest
    @EnumSource
    void refusesDamageAndThenTakesTheGoodMessage(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole)) {
            refusesDamaged(meeting.client, meeting.server);
            refusesDamaged(meeting.server, meeting.client);
            meeting.carries(PAYLOAD);
        }
    }

    private static void refusesDamaged(End sender, End receiver) throws Exception {
        byte[] message = sender.wrap(PAYLOAD);
        for (int i = 0; i < message.length; i++) {
            byte[] damaged = Damage.flipped(message, i);
            if (i < 4) {
                assertRefused("byte " + i, () -> receiver.unwrap(damaged), "WRONG_SESSION", "INVALID_PARAMETER");
            } else if (i < 16 || i >= 20) {
                assertRefused(
                        "byte " + i, () -> receiver.unwrap(damaged), "NOT_AUTHENTIC", "FAIL", "INVALID_PARAMETER");
            }
        }
        for (int length = 0; length < message.length; length++) {
            byte[] shortened = Arrays.copyOf(message, length);
            assertRefused(
                    "length " + length,
                    () -> receiver.unwrap(shortened),
                    "MALFORMED",
                    "NOT_AUTHENTIC",
                    "INVALID_PARAMETER",
                    "FAIL");
        }
        assertThat(receiver.unwrap(message)).isEqualTo(PAYLOAD);
        for (int i = 16; i < 20; i++) {
            assertThat(receiver.unwrap(Damage.flipped(sender.wrap(PAYLOAD), i))).isEqualTo(PAYLOAD);
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesMessagesOfAnotherSessionAndItsOwnReflected(Role ourRole) throws Exception {
        try (Meeting meeting = Meeting.established(peer, ourRole);
                Meeting other = Meeting.established(peer, ourRole)) {
            for (End end : List.of(meeting.ours, meeting.theirs)) {
                byte[] own = end.wrap(PAYLOAD);
                assertRefused("reflected", () -> end.unwrap(own), "NOT_AUTHENTIC", "FAIL", "INVALID_PARAMETER");
            }
            byte[] toOurs = other.theirs.wrap(PAYLOAD);
            byte[] toTheirs = other.ours.wrap(PAYLOAD);
            assertRefused(Reason.WRONG_SESSION, () -> meeting.ours.unwrap(toOurs));
            assertRefused("another session", () -> meeting.theirs.unwrap(toTheirs), "INVALID_PARAMETER");
            meeting.carries(PAYLOAD);
        }
    }

    /** D-5: both ends accept timestamps up to a day earlier or later, the limit included. */
    @ParameterizedTest
    @EnumSource
    void bothEndsTakeMessagesWithinADayOnly(Role ourRole) throws Exception {
        long sent = 1_700_000_000;
        MovableClock clock = new MovableClock(sent);
        try (Meeting meeting = Meeting.of(peer, ourRole)
                .settings(config -> config.withClock(clock))
                .establish()) {
            peer.setClock(sent);
            for (long apart : new long[] {DAY, -DAY}) {
                byte[] toOurs = meeting.theirs.wrap(PAYLOAD);
                clock.seconds = sent + apart + Long.signum(apart);
                assertRefused(Reason.TIMESTAMP_OUT_OF_RANGE, () -> meeting.ours.unwrap(toOurs));
                clock.seconds = sent + apart;
                assertThat(meeting.ours.unwrap(toOurs)).isEqualTo(PAYLOAD);
                clock.seconds = sent;

                byte[] toTheirs = meeting.ours.wrap(PAYLOAD);
                peer.setClock(sent + apart + Long.signum(apart));
                assertRefused("a second more", () -> meeting.theirs.unwrap(toTheirs), "INVALID_PARAMETER");
                peer.setClock(sent + apart);
                assertThat(meeting.theirs.unwrap(toTheirs)).isEqualTo(PAYLOAD);
                peer.setClock(sent);
            }
            meeting.carries(PAYLOAD);
        } finally {
            peer.releaseClock();
        }
    }

    private static void lose(End sender, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            sender.wrap(PAYLOAD);
        }
    }

    private static int[] lengths() {
        return new int[] {
            1, 2, 15, 16, 17, 255, 256, 4096, 65_483, 65_484, 65_535, 65_536, 100_003, (1 << 20) - 1, 1 << 20
        };
    }

    private static byte[] payload(int number) {
        return ("payload " + number).getBytes(UTF_8);
    }

    private static ByteBuffer filled(IntFunction<ByteBuffer> allocate, byte[] content) {
        return allocate.apply(content.length).limit(content.length).put(content).flip();
    }

    private static byte[] content(ByteBuffer buffer) {
        byte[] content = new byte[buffer.remaining()];
        buffer.duplicate().get(content);
        return content;
    }

    /** A clock that the test moves. */
    private static final class MovableClock extends Clock {
        long seconds;

        MovableClock(long seconds) {
            this.seconds = seconds;
        }

        @Override
        public Instant instant() {
            return Instant.ofEpochSecond(seconds);
        }

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException("seconds have no zone");
        }
    }
}

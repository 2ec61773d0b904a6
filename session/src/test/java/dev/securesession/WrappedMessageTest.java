package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.MovableClock;
import dev.securesession.testkit.Mutations;
import dev.securesession.testkit.Pair;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session takes and what it refuses: PROTOCOL.md, section 8 and D-1 to D-8. */
class WrappedMessageTest {
    private static final long DAY = 86_400;

    @Test
    void carriesPayloadsBothWays() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            for (int length : new int[] {1, 2, 11, 12, 13, 51, 52, 53, 1000, 65_536, 100_000}) {
                byte[] payload = Crafted.random(length);
                assertThat(sessions.client().wrap(payload)).hasSize(length + SecureSession.OVERHEAD);
                assertThat(sessions.toServer(payload)).isEqualTo(payload);
                assertThat(sessions.toClient(payload)).isEqualTo(payload);
            }
        }
    }

    @Test
    void looksAsTheSpecificationDrawsIt() {
        Crafted ends = Crafted.create();
        byte[] message = ends.client().wrap(new byte[] {5, 6});

        assertThat(message).hasSize(54).startsWith(Crafted.SESSION_ID);
        assertThat(Arrays.copyOfRange(message, 16, 20)).containsOnly(0);
        ByteBuffer plaintext = ends.plaintext(message);
        assertThat(plaintext.getInt()).isEqualTo(14);
        assertThat(plaintext.getInt()).isEqualTo(1000);
        assertThat(plaintext.getLong()).isEqualTo(ends.now());
        assertThat(plaintext.get()).isEqualTo((byte) 5);
        assertThat(plaintext.get()).isEqualTo((byte) 6);
        assertThat(plaintext.hasRemaining()).isFalse();
    }

    @Test
    void numbersMessagesAlikeAtBothEnds() throws Exception {
        Crafted ends = Crafted.create();
        ends.nextIndex = 7;
        ends.highest = 6;
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        client.wrap(new byte[] {1});
        NumberedMessage first = client.wrapNumbered(new byte[] {2});
        NumberedMessage second = client.wrapNumbered(new byte[] {3, 4});

        assertThat(first.number()).isEqualTo(8);
        assertThat(second.number()).isEqualTo(9);
        assertThat(second.message()).hasSize(2 + SecureSession.OVERHEAD);
        NumberedPayload late = server.unwrapNumbered(second.message());
        assertThat(late.number()).isEqualTo(9);
        assertThat(late.payload()).containsExactly(3, 4);
        assertThat(server.unwrapNumbered(first.message()).number()).isEqualTo(8);
        assertThat(server.wrapNumbered(new byte[] {5}).number()).isZero();
        assertThat(second).hasToString("message number 9 of 54 bytes");
        assertThat(late).hasToString("payload of 2 bytes from message number 9");
    }

    @Test
    void refusesNumberedMessagesLikeOthers() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        byte[] message = ends.message(0, (byte) 1);
        byte[] damaged = message.clone();
        damaged[damaged.length - 1] ^= 1;

        assertNumberedRefused(server, damaged, Reason.NOT_AUTHENTIC);
        assertNumberedRefused(server, new byte[SecureSession.OVERHEAD], Reason.MALFORMED);
        assertNumberedRefused(server, new byte[0], Reason.MALFORMED);
        assertThat(server.unwrapNumbered(message).payload()).containsExactly(1);
        assertNumberedRefused(server, message, Reason.REPLAYED);
        assertThatIllegalArgumentException().isThrownBy(() -> server.wrapNumbered(new byte[0]));
        server.close();
        assertThatIllegalStateException().isThrownBy(() -> server.wrapNumbered(new byte[] {1}));
        assertThatIllegalStateException().isThrownBy(() -> server.unwrapNumbered(message));
    }

    /** Nothing but its number says which request an answer belongs to. */
    @Test
    void opensAnswersInAnotherOrderAndTellsThemApartByTheNumber() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            long toFirst = sessions.server()
                    .unwrapNumbered(sessions.client().wrap(new byte[] {1}))
                    .number();
            long toSecond = sessions.server()
                    .unwrapNumbered(sessions.client().wrap(new byte[] {2}))
                    .number();
            byte[] first = sessions.server().wrap(new byte[] {(byte) toFirst});
            byte[] second = sessions.server().wrap(new byte[] {(byte) toSecond});

            assertThat(sessions.client().unwrap(second)).containsExactly(1);
            assertThat(sessions.client().unwrap(first)).containsExactly(0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 63, 64, 65, 1024, 65_536})
    @Rule(value = "D-1", kind = ACCEPTS)
    void acceptsLateMessagesWithinTheWindow(int window) throws Exception {
        Crafted ends = Crafted.with(config -> config.withReplayWindow(window));
        SecureSession server = ends.server();
        long highest = 100_000;
        server.unwrap(ends.message(highest, (byte) 1));
        if (window > 1) {
            server.unwrap(ends.message(highest - window + 1, (byte) 1));
            assertRefused(server, ends.message(highest - window + 1, (byte) 1), Reason.REPLAYED);
        }
        assertRefused(server, ends.message(highest - window, (byte) 1), Reason.TOO_OLD);
        server.unwrap(ends.message(highest + 1, (byte) 1));
    }

    @Test
    @Rule(value = "D-1", kind = REFUSES)
    void refusesEveryMessageTheSecondTime() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        long seed = new Random().nextLong();
        System.out.println("WrappedMessageTest.refusesEveryMessageTheSecondTime: seed " + seed);
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            messages.add(client.wrap(new byte[] {(byte) i}));
        }
        Collections.shuffle(messages, new Random(seed));
        for (byte[] message : messages) {
            server.unwrap(message);
        }
        Collections.shuffle(messages, new Random(seed + 1));
        for (byte[] message : messages) {
            assertRefused(server, message, Reason.REPLAYED);
        }
    }

    @Test
    @Rule(value = "D-1", kind = REFUSES)
    void isNotMovedByMessagesThatItRefuses() throws Exception {
        Crafted ends = Crafted.with(config -> config.withReplayWindow(64));
        SecureSession server = ends.server();
        server.unwrap(ends.message(10, (byte) 1));
        byte[] forged = ends.message(1_000_000, (byte) 1);
        forged[30] ^= 1;
        assertRefused(server, forged, Reason.NOT_AUTHENTIC);
        assertRefused(server, ends.stating(13, 2_000_000, ends.now(), (byte) 1, (byte) 2), Reason.WRONG_LENGTH);
        assertRefused(
                server, ends.stating(13, 3_000_000, ends.now() + 2 * DAY, (byte) 1), Reason.TIMESTAMP_OUT_OF_RANGE);

        assertThat(server.unwrap(ends.message(0, (byte) 7))).containsExactly(7);
        assertThat(server.unwrap(ends.message(11, (byte) 8))).containsExactly(8);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, -8, -500, Integer.MAX_VALUE, Integer.MIN_VALUE, 0})
    @Rule(value = "D-1", kind = ACCEPTS)
    void crossesTheWrapOfTheNumber(int initialSequence) throws Exception {
        Crafted ends = Crafted.with(config -> config.withSequenceWrap());
        ends.initialSequence = initialSequence;
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        List<byte[]> late = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            byte[] message = client.wrap(new byte[] {(byte) i});
            assertThat(ends.plaintext(message).getInt(4)).isEqualTo(initialSequence + i);
            if (i % 3 == 0) {
                late.add(message);
            } else {
                assertThat(server.unwrap(message)).containsExactly((byte) i);
            }
        }
        for (byte[] message : late) {
            server.unwrap(message);
            assertRefused(server, message, Reason.REPLAYED);
        }
    }

    @Test
    @Rule(value = "D-2", kind = ACCEPTS)
    void acceptsAnyJumpForward() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        long index = 0;
        for (long step : new long[] {1, 8, 9, 1023, 1024, 1025, 1 << 20, (1L << 31) - 1, 1L << 30}) {
            index += step;
            server.unwrap(ends.message(index, (byte) 1));
            assertRefused(server, ends.message(index, (byte) 1), Reason.REPLAYED);
        }
        server.unwrap(ends.message((1L << 32) - 1, (byte) 1));
        assertRefused(server, ends.message(0, (byte) 1), Reason.TOO_OLD);
    }

    @Test
    @Rule(value = "D-2", kind = REFUSES)
    void takesOnlyTheNextOneWhereNothingGetsLost() throws Exception {
        Crafted ends = Crafted.with(config -> config.withDelivery(Delivery.ORDERED));
        SecureSession server = ends.server();
        assertRefused(server, ends.message(1, (byte) 1), Reason.OUT_OF_ORDER);
        server.unwrap(ends.message(0, (byte) 1));
        assertRefused(server, ends.message(2, (byte) 1), Reason.OUT_OF_ORDER);
        assertRefused(server, ends.message(1L << 31, (byte) 1), Reason.OUT_OF_ORDER);
        assertRefused(server, ends.message(0, (byte) 1), Reason.REPLAYED);
        server.unwrap(ends.message(1, (byte) 1));
        server.unwrap(ends.message(2, (byte) 1));
        assertRefused(server, ends.message(1, (byte) 1), Reason.REPLAYED);
        ends.highest = 5000;
        assertRefused(ends.server(), ends.message(3976, (byte) 1), Reason.TOO_OLD);
    }

    @Test
    @Rule(value = "D-2", kind = ACCEPTS)
    void beginsInOrderWithTheFirstOrTheSecondWhenNobodyKnows() throws Exception {
        Crafted ends = Crafted.with(config -> config.withDelivery(Delivery.ORDERED));
        ends.firstUnknown = true;
        SecureSession fromFirst = ends.server();
        assertRefused(fromFirst, ends.message(2, (byte) 1), Reason.OUT_OF_ORDER);
        fromFirst.unwrap(ends.message(0, (byte) 1));
        assertRefused(fromFirst, ends.message(0, (byte) 1), Reason.REPLAYED);
        fromFirst.unwrap(ends.message(1, (byte) 1));

        SecureSession fromSecond = ends.server();
        fromSecond.unwrap(ends.message(1, (byte) 1));
        assertRefused(fromSecond, ends.message(0, (byte) 1), Reason.OUT_OF_ORDER);
        assertRefused(fromSecond, ends.message(3, (byte) 1), Reason.OUT_OF_ORDER);
        fromSecond.unwrap(ends.message(2, (byte) 1));
    }

    @Test
    @Rule(value = "D-3", kind = REFUSES)
    void sendsNoMoreThanTwoToTheThirtyOne() throws Exception {
        Crafted ends = Crafted.with(config -> config.withSequenceWrap());
        ends.initialSequence = -5;
        assertThat(ends.client().remainingMessages()).isEqualTo(1L << 31);
        ends.nextIndex = (1L << 31) - 2;
        ends.highest = ends.nextIndex - 1;
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        assertThat(client.remainingMessages()).isEqualTo(2);
        server.unwrap(client.wrap(new byte[1]));
        byte[] last = client.wrap(new byte[1]);
        server.unwrap(last);
        assertThat(ends.plaintext(last).getInt(4)).isEqualTo(-5 + (int) ((1L << 31) - 1));
        assertExhausted(client);
    }

    @Test
    @Rule(value = "D-3", kind = REFUSES)
    void stopsBeforeTheReferenceNoLongerFollows() throws Exception {
        Crafted ends = Crafted.create();
        ends.initialSequence = -10;
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        assertThat(client.remainingMessages()).isEqualTo(3);
        for (int number = -10; number <= -8; number++) {
            byte[] message = client.wrap(new byte[1]);
            assertThat(ends.plaintext(message).getInt(4)).isEqualTo(number);
            server.unwrap(message);
        }
        assertExhausted(client);
    }

    @Test
    @Rule(value = "D-3", kind = REFUSES)
    void isExhaustedFromTheStartWhereTheReferenceTakesNothing() {
        for (int first = -8; first < 8; first++) {
            Crafted ends = Crafted.create();
            ends.initialSequence = first;
            assertExhausted(ends.client());
        }
    }

    @Test
    @Rule(value = "D-3", kind = ACCEPTS)
    void countsWhatIsLeft() {
        assertRemaining(8, 1L << 31);
        assertRemaining(-9, 2);
        assertRemaining(Integer.MAX_VALUE, (1L << 31) - 6);
        assertRemaining((int) ((1L << 31) - 7), 1L << 31);
        assertRemaining((int) ((1L << 31) - 6), (1L << 31) - 1);
        Crafted wrapping = Crafted.with(config -> config.withSequenceWrap());
        for (int first = -9; first <= 8; first++) {
            wrapping.initialSequence = first;
            assertThat(wrapping.client().remainingMessages()).isEqualTo(1L << 31);
        }
        wrapping.nextIndex = 1L << 40;
        assertThat(wrapping.client().remainingMessages()).isZero();
    }

    @Test
    @Rule(value = "D-4", kind = REFUSES)
    void refusesEveryDamageAndIsAsBefore() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        byte[] message = ends.message(0, (byte) 1, (byte) 2, (byte) 3);
        for (Mutations.Mutation mutation : Mutations.of(message)) {
            byte[] damaged = mutation.bytes();
            byte[] meaningful = damaged.clone();
            if (damaged.length == message.length) {
                System.arraycopy(message, 16, meaningful, 16, 4);
            }
            if (!Arrays.equals(meaningful, message)) {
                assertThatExceptionOfType(MessageRejectedException.class)
                        .as(mutation.name())
                        .isThrownBy(() -> server.unwrap(damaged))
                        .satisfies(e -> assertThat(e.reason())
                                .isIn(Reason.MALFORMED, Reason.WRONG_SESSION, Reason.NOT_AUTHENTIC));
            }
        }
        assertThat(server.unwrap(message)).containsExactly(1, 2, 3);
    }

    @Test
    void ignoresTheUnusedBytes() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        for (int i = 0; i < 32; i++) {
            byte[] message = ends.message(i, (byte) i);
            message[16 + i / 8] ^= (byte) (1 << i % 8);
            assertThat(server.unwrap(message)).containsExactly((byte) i);
        }
    }

    @Test
    @Rule(value = "D-4", kind = REFUSES)
    void refusesAuthenticMessagesThatLieAboutTheirLength() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        for (int stated : new int[] {0, 1, 11, 12, 14, 15, 65, 0x7FFF_FFFF, 0x8000_0000, 0x8000_000D, -1, -13}) {
            assertRefused(server, ends.stating(stated, 0, ends.now(), (byte) 1), Reason.WRONG_LENGTH);
        }
        assertThat(server.unwrap(ends.stating(13, 0, ends.now(), (byte) 1))).containsExactly(1);
    }

    @Test
    @Rule(value = "D-4", kind = ACCEPTS)
    void acceptsWhatStatesItsLength() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        for (int length : new int[] {1, 15, 16, 17, 5000}) {
            byte[] payload = Crafted.random(length);
            assertThat(server.unwrap(ends.message(length, payload))).isEqualTo(payload);
        }
    }

    @Test
    @Rule(value = "P-1", kind = REFUSES)
    void refusesWhatIsTooShort() {
        SecureSession server = Crafted.create().server();
        for (int length = 0; length <= SecureSession.OVERHEAD; length++) {
            byte[] message = Arrays.copyOf(Crafted.SESSION_ID, length);
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrap(message))
                    .withMessage("a message of " + length + " bytes; the shortest is 53")
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.MALFORMED));
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrap(ByteBuffer.wrap(message), ByteBuffer.allocate(0)));
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrapInPlace(ByteBuffer.wrap(message)));
        }
    }

    @Test
    void refusesMessagesOfOtherSessionsAndOfItsOwn() throws Exception {
        Crafted ends = Crafted.create();
        Crafted others = Crafted.create();
        SecureSession server = ends.server();
        assertRefused(server, others.message(0, (byte) 1), Reason.NOT_AUTHENTIC);
        assertRefused(server, server.wrap(new byte[1]), Reason.NOT_AUTHENTIC);
        for (int bit = 0; bit < 32; bit++) {
            byte[] message = ends.message(0, (byte) 1);
            message[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(server, message, Reason.WRONG_SESSION);
        }
        server.unwrap(ends.message(0, (byte) 1));
    }

    @Test
    @Rule(value = "D-5", kind = ACCEPTS)
    void acceptsTimesWithinADay() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        int index = 0;
        for (long off : new long[] {-DAY, -DAY + 1, -1, 0, 1, DAY - 1, DAY}) {
            server.unwrap(ends.stating(13, index++, ends.now() + off, (byte) 1));
        }
    }

    @Test
    @Rule(value = "D-5", kind = REFUSES)
    void refusesTimesFurtherOff() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        for (long time : new long[] {
            ends.now() - DAY - 1,
            ends.now() + DAY + 1,
            0,
            1,
            -1,
            -DAY,
            Long.MIN_VALUE,
            Long.MIN_VALUE + ends.now(),
            Long.MIN_VALUE + ends.now() + DAY,
            Long.MAX_VALUE,
            ends.now() + (1L << 32),
            ends.now() ^ Long.MIN_VALUE
        }) {
            assertRefused(server, ends.stating(13, 0, time, (byte) 1), Reason.TIMESTAMP_OUT_OF_RANGE);
        }
        assertThatExceptionOfType(MessageRejectedException.class)
                .isThrownBy(() -> server.unwrap(ends.stating(13, 0, -1, (byte) 1)))
                .withMessageContaining("18446744073709551615");
        // A clock that was put right lets the same message in.
        byte[] late = ends.stating(13, 0, ends.now() + 3 * DAY, (byte) 1);
        assertRefused(server, late, Reason.TIMESTAMP_OUT_OF_RANGE);
        ends.clock().moveBy(Duration.ofDays(2));
        server.unwrap(late);
    }

    @Test
    @Rule(value = "D-5", kind = ACCEPTS)
    void takesAnyTimeWhenToldTo() throws Exception {
        Crafted ends = Crafted.with(config -> config.withoutTimestampCheck());
        SecureSession server = ends.server();
        int index = 0;
        for (long time : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            byte[] message = ends.stating(13, index++, time, (byte) 1);
            server.unwrap(message);
            assertRefused(server, message, Reason.REPLAYED);
        }
    }

    @Test
    @Rule(value = "D-5", kind = REFUSES)
    void measuresTimeInWholeSecondsOfItsOwnTolerance() throws Exception {
        Crafted ends = Crafted.with(config -> config.withClockTolerance(Duration.ofMillis(1999)));
        SecureSession server = ends.server();
        long now = ends.now();
        ends.clock().moveBy(Duration.ofMillis(999));
        server.unwrap(ends.stating(13, 0, now + 1, (byte) 1));
        server.unwrap(ends.stating(13, 1, now - 1, (byte) 1));
        assertRefused(server, ends.stating(13, 2, now + 2, (byte) 1), Reason.TIMESTAMP_OUT_OF_RANGE);
        assertRefused(server, ends.stating(13, 2, now - 2, (byte) 1), Reason.TIMESTAMP_OUT_OF_RANGE);
    }

    @Test
    @Rule(value = "D-6", kind = REFUSES)
    void refusesEmptyPayloadsBothWays() {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        long remaining = client.remainingMessages();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client.wrap(new byte[0]))
                .withMessageContaining("a payload of 0 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> client.wrap(ByteBuffer.allocate(0), ByteBuffer.allocate(100)));
        for (int length = 0; length <= SecureSession.OVERHEAD; length++) {
            ByteBuffer message = ByteBuffer.allocate(length);
            assertThatIllegalArgumentException().isThrownBy(() -> client.wrapInPlace(message));
        }
        assertThat(client.remainingMessages()).isEqualTo(remaining);
        assertRefused(ends.server(), ends.message(0), Reason.MALFORMED);
    }

    @Test
    @Rule(value = "D-6", kind = ACCEPTS)
    void carriesASingleByte() throws Exception {
        Crafted ends = Crafted.create();
        assertThat(ends.server().unwrap(ends.client().wrap(new byte[] {0}))).containsExactly(0);
    }

    @Test
    @Rule(value = "D-8", kind = REFUSES)
    void opensNothingMoreAfterTooManyForgeries() throws Exception {
        Crafted ends = Crafted.with(config -> config.withFailureLimit(5));
        SecureSession server = ends.server();
        byte[] forged = ends.message(1, (byte) 1);
        forged[50] ^= 1;
        for (int i = 0; i < 4; i++) {
            assertRefused(server, forged, Reason.NOT_AUTHENTIC);
        }
        assertThat(server.unwrap(ends.message(0, (byte) 9))).containsExactly(9);
        assertRefused(server, forged, Reason.NOT_AUTHENTIC);
        assertRefused(server, ends.message(2, (byte) 1), Reason.TOO_MANY_FAILURES);
        assertRefused(server, forged, Reason.TOO_MANY_FAILURES);
        // The other direction is not concerned.
        server.wrap(new byte[1]);
    }

    @Test
    @Rule(value = "D-8", kind = ACCEPTS)
    void countsNothingButForgeries() throws Exception {
        Crafted ends = Crafted.with(config -> config.withFailureLimit(1));
        SecureSession server = ends.server();
        byte[] message = ends.message(0, (byte) 1);
        server.unwrap(message);
        byte[] ofAnother = ends.message(1, (byte) 1);
        ofAnother[0] ^= 1;
        for (int i = 0; i < 10; i++) {
            assertRefused(server, message, Reason.REPLAYED);
            assertRefused(server, ofAnother, Reason.WRONG_SESSION);
            assertRefused(server, new byte[10], Reason.MALFORMED);
            assertRefused(server, ends.stating(1, 1, 1, (byte) 1), Reason.WRONG_LENGTH);
            assertRefused(server, ends.stating(13, 1, 1, (byte) 1), Reason.TIMESTAMP_OUT_OF_RANGE);
        }
        server.unwrap(ends.message(1, (byte) 1));
    }

    @Test
    @Rule(value = "D-8", kind = REFUSES)
    void remembersForgeriesAcrossRestoring() {
        Crafted ends = Crafted.create();
        ends.failures = 1L << 36;
        assertRefused(ends.server(), ends.message(0, (byte) 1), Reason.TOO_MANY_FAILURES);
    }

    @Test
    @Rule(value = "C-5", kind = ACCEPTS)
    void addsOneToTheNonceForEveryMessage() {
        SecureSession client = Crafted.create().client();
        byte[] before = nonce(client.wrap(new byte[1]));
        for (int i = 0; i < 300; i++) {
            byte[] next = nonce(client.wrap(new byte[1]));
            assertThat(new java.math.BigInteger(1, next))
                    .isEqualTo(new java.math.BigInteger(1, before)
                            .add(java.math.BigInteger.ONE)
                            .mod(java.math.BigInteger.ONE.shiftLeft(96)));
            before = next;
        }
    }

    @Test
    @Rule(value = "C-5", kind = REFUSES)
    void repeatsNoNonceWhenOneStateIsRestoredManyTimes() throws Exception {
        Crafted ends = Crafted.create();
        StateKey key = StateKey.of(new byte[32]);
        byte[] state = ends.client().saveCopy(key, Settings.BINDING);
        Set<String> nonces = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            SecureSession restored =
                    SecureSession.restoreAcceptingAnyKnownPeer(state, key, Settings.BINDING, ends.pair.client());
            for (int j = 0; j < 10; j++) {
                assertThat(nonces.add(Arrays.toString(nonce(restored.wrap(new byte[1])))))
                        .isTrue();
            }
        }
    }

    @Test
    void keepsTheDirectionsApart() throws Exception {
        try (Pair.Sessions sessions = Pair.create().establish()) {
            byte[] toServer = sessions.client().wrap(new byte[1]);
            byte[] toClient = sessions.server().wrap(new byte[1]);
            assertRefused(sessions.client(), toServer, Reason.NOT_AUTHENTIC);
            assertRefused(sessions.server(), toClient, Reason.NOT_AUTHENTIC);
            sessions.client().unwrap(toClient);
            sessions.server().unwrap(toServer);
        }
    }

    @Test
    @Rule(value = "H-9", kind = ACCEPTS)
    void countsEarlyDataIntoTheSession() throws Exception {
        try (Pair.Exchange handshake = Pair.create().begin()) {
            handshake.message3();
            EarlyData early = handshake.client().earlyData().orElseThrow();
            byte[] first = early.wrap(new byte[] {1});
            byte[] second = early.wrap(new byte[] {2});
            assertThatIllegalArgumentException().isThrownBy(() -> early.wrap(new byte[0]));

            SecureSession server = handshake.serverSession();
            assertThat(server.unwrap(first)).containsExactly(1);
            try (Pair.Sessions sessions = handshake.finish()) {
                assertThat(sessions.toServer(new byte[] {3})).containsExactly(3);
                assertThat(server.unwrap(second)).containsExactly(2);
                assertRefused(server, first, Reason.REPLAYED);
                assertThat(handshake.client().earlyData()).isEmpty();
                // What was given out before goes on counting in the same line.
                assertThat(server.unwrap(early.wrap(new byte[] {4}))).containsExactly(4);
            }
            assertThatIllegalStateException().isThrownBy(() -> early.wrap(new byte[] {5}));
        }
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void endsWithClose() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        byte[] message = ends.message(0, (byte) 1);
        assertThat(server.isClosed()).isFalse();

        server.close();
        server.close();

        assertThat(server.isClosed()).isTrue();
        StateKey key = StateKey.of(new byte[32]);
        assertThatIllegalStateException().isThrownBy(() -> server.wrap(new byte[1]));
        assertThatIllegalStateException().isThrownBy(() -> server.unwrap(message));
        assertThatIllegalStateException().isThrownBy(() -> server.unwrapInPlace(ByteBuffer.wrap(message)));
        assertThatIllegalStateException().isThrownBy(server::remainingMessages);
        assertThatIllegalStateException().isThrownBy(() -> server.saveCopy(key, Settings.BINDING));
        assertThat(server.role()).isEqualTo(Role.SERVER);
        assertThat(server.peer()).isEqualTo(Pair.CLIENT_ID);
        assertThat(server.sessionId()).isEqualTo(Crafted.SESSION_ID);
        assertThat(server).hasToString("session ea8bfb33 as SERVER with \"client\"");
    }

    @Test
    @Rule(value = "M-4", kind = ACCEPTS)
    void takesTimeAndRandomnessFromOutsideOnly() {
        byte[] first = null;
        Crafted ends = Crafted.create();
        for (int i = 0; i < 2; i++) {
            MovableClock clock = MovableClock.at(Instant.ofEpochSecond(12_345));
            SessionConfig config = ends.pair
                    .client()
                    .withClock(clock)
                    .withCrypto(CryptoProviders.platform().withRandom(new Counting()));
            SecureSession client = ends.client(config);
            byte[] message = client.wrap(new byte[] {1, 2, 3});
            assertThat(ends.plaintext(message).getLong(8)).isEqualTo(12_345);
            if (first != null) {
                assertThat(message).isEqualTo(first);
            }
            first = message;
        }
    }

    private static void assertRemaining(int initialSequence, long remaining) {
        Crafted ends = Crafted.create();
        ends.initialSequence = initialSequence;
        assertThat(ends.client().remainingMessages())
                .as("after %d", initialSequence)
                .isEqualTo(remaining);
    }

    private static void assertExhausted(SecureSession session) {
        assertThat(session.remainingMessages()).isZero();
        ByteBuffer payload = ByteBuffer.wrap(new byte[] {1});
        ByteBuffer message = ByteBuffer.allocate(100);
        byte[] inPlace = new byte[SecureSession.OVERHEAD + 1];
        assertThatExceptionOfType(SessionExhaustedException.class).isThrownBy(() -> session.wrap(new byte[1]));
        assertThatExceptionOfType(SessionExhaustedException.class).isThrownBy(() -> session.wrap(payload, message));
        assertThatExceptionOfType(SessionExhaustedException.class)
                .isThrownBy(() -> session.wrapInPlace(ByteBuffer.wrap(inPlace)))
                .withMessageContaining("exhausted")
                .withMessageContaining("start a new handshake");
        assertThat(payload.position()).isZero();
        assertThat(message.position()).isZero();
        assertThat(message.array()).containsOnly(0);
        assertThat(inPlace).containsOnly(0);
    }

    private static void assertRefused(SecureSession session, byte[] message, Reason reason) {
        assertThatExceptionOfType(MessageRejectedException.class)
                .isThrownBy(() -> session.unwrap(message))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static void assertNumberedRefused(SecureSession session, byte[] message, Reason reason) {
        assertThatExceptionOfType(MessageRejectedException.class)
                .isThrownBy(() -> session.unwrapNumbered(message))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private static byte[] nonce(byte[] message) {
        return Arrays.copyOfRange(message, 4, 16);
    }

    /** Numbers that are no secret to anybody. */
    private static final class Counting extends SecureRandom {
        private byte next;

        @Override
        public void nextBytes(byte[] bytes) {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = next++;
            }
        }
    }
}

package dev.securesession;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.securesession.MessageRejectedException.Reason;
import dev.securesession.rules.Rule;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways to wrap and unwrap differ in where bytes come from and go to, and in nothing else. */
class BufferTest {
    private static final byte FILL = 0x5C;

    /** Where the bytes of a buffer are. */
    enum Kind {
        HEAP,
        HEAP_SLICE,
        DIRECT,
        DIRECT_SLICE;

        /** Returns a buffer with room for so many bytes between position and limit, and others around it. */
        ByteBuffer allocate(int length, Random random) {
            int before = random.nextInt(40);
            int after = random.nextInt(40);
            int size = before + length + after;
            ByteBuffer buffer = this == HEAP || this == HEAP_SLICE
                    ? ByteBuffer.allocate(7 + size + 7)
                    : ByteBuffer.allocateDirect(7 + size + 7);
            fill(buffer);
            if (this == HEAP_SLICE || this == DIRECT_SLICE) {
                buffer = buffer.slice(7, size);
            }
            return buffer.position(before).limit(before + length);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 100, 5000})
    void wrapsAndUnwrapsTheSameInEveryWay(int longest) throws Exception {
        long seed = new Random().nextLong();
        System.out.println("BufferTest with payloads up to " + longest + ": seed " + seed);
        Random random = new Random(seed);
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        for (int step = 0; step < 800; step++) {
            byte[] payload = new byte[1 + random.nextInt(longest)];
            random.nextBytes(payload);
            byte[] message = wrapSomehow(client, payload, random);
            assertThat(message).as("seed %d, step %d", seed, step).hasSize(payload.length + SecureSession.OVERHEAD);
            ByteBuffer plaintext = ends.plaintext(message);
            assertThat(plaintext.getInt(4)).as("seed %d, step %d", seed, step).isEqualTo(1000 + step);
            assertThat(plaintext.position(16).slice()).isEqualTo(ByteBuffer.wrap(payload));

            if (random.nextInt(4) == 0) {
                refuseSomehow(server, message, random);
            }
            assertThat(unwrapSomehow(server, message, random))
                    .as("seed %d, step %d", seed, step)
                    .isEqualTo(payload);
        }
    }

    @ParameterizedTest
    @EnumSource
    void wrapsWithinOneArrayWhereverPayloadAndMessageLie(Kind kind) throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        int length = 33;
        byte[] payload = Crafted.random(length);
        for (int from = 0; from < 120; from++) {
            ByteBuffer whole = kind.allocate(240, new Random(from));
            int start = whole.position();
            ByteBuffer source = whole.duplicate().position(start + from).limit(start + from + length);
            source.duplicate().put(payload);
            ByteBuffer target = whole.duplicate().position(start + 60);

            assertThat(client.wrap(source, target)).isEqualTo(length + SecureSession.OVERHEAD);

            assertThat(source.remaining()).isZero();
            assertThat(target.position()).isEqualTo(start + 60 + length + SecureSession.OVERHEAD);
            byte[] message = bytes(whole.duplicate().position(start + 60).limit(target.position()));
            assertThat(server.unwrap(message)).as("from %d", from).isEqualTo(payload);
        }
    }

    @ParameterizedTest
    @EnumSource
    void unwrapsWithinOneArrayWhereverMessageAndPayloadLie(Kind kind) throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        byte[] payload = Crafted.random(33);
        for (int to = 0; to < 180; to++) {
            byte[] message = client.wrap(payload);
            ByteBuffer whole = kind.allocate(240, new Random(to));
            int start = whole.position();
            ByteBuffer source = whole.duplicate().position(start + 60).limit(start + 60 + message.length);
            source.duplicate().put(message);
            ByteBuffer target = whole.duplicate().position(start + to);

            assertThat(server.unwrap(source, target)).isEqualTo(33);

            assertThat(source.remaining()).isZero();
            assertThat(target.position()).isEqualTo(start + to + 33);
            assertThat(bytes(target.flip().position(start + to)))
                    .as("to %d", to)
                    .isEqualTo(payload);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "D-4", kind = REFUSES)
    void writesNothingWhenAMessageIsRefused(Kind kind) {
        Crafted ends = Crafted.create();
        SecureSession server = ends.server();
        Random random = new Random(1);
        byte[] payload = "a payload that must not show anywhere".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        byte[] forged = ends.message(0, payload);
        forged[forged.length - 1] ^= 1;
        byte[] lying = ends.stating(5, 0, ends.now(), payload);
        byte[] late = ends.stating(12 + payload.length, 0, 5, payload);
        byte[] ofAnother = ends.message(0, payload);
        ofAnother[0] ^= 1;
        byte[][] messages = {forged, lying, late, ofAnother};
        Reason[] reasons = {
            Reason.NOT_AUTHENTIC, Reason.WRONG_LENGTH, Reason.TIMESTAMP_OUT_OF_RANGE, Reason.WRONG_SESSION
        };
        for (int i = 0; i < messages.length; i++) {
            Reason reason = reasons[i];
            ByteBuffer message = filled(kind, messages[i], random);
            ByteBuffer target = kind.allocate(payload.length, random);
            int position = message.position();
            int targetPosition = target.position();
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrap(message, target))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
            assertThat(message.position()).isEqualTo(position);
            assertThat(target.position()).isEqualTo(targetPosition);
            assertThat(everything(target)).containsOnly(FILL);
            assertThat(bytes(message)).isEqualTo(messages[i]);

            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrapInPlace(message))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
            assertThat(message.position()).isEqualTo(position);
            assertThat(message.remaining()).isEqualTo(messages[i].length);
            assertThat(bytes(message)).as("after %s", reason).isEqualTo(messages[i]);

            ByteBuffer room = kind.allocate(messages[i].length, random);
            assertThatExceptionOfType(MessageRejectedException.class)
                    .isThrownBy(() -> server.unwrapInto(message, room))
                    .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
            assertThat(message.position()).isEqualTo(position);
            assertThat(bytes(message)).isEqualTo(messages[i]);
            for (byte left : everything(room)) {
                assertThat(left).as("after %s", reason).isIn(FILL, (byte) 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "D-4", kind = ACCEPTS)
    void unwrapsIntoAnotherPartOfTheSameBuffer(Kind kind) throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        byte[] payload = Crafted.random(33);
        int length = payload.length + SecureSession.OVERHEAD;
        for (int to = 0; to < 2 * length; to++) {
            ByteBuffer whole = kind.allocate(3 * length, new Random(to));
            int start = whole.position();
            ByteBuffer message = whole.duplicate().position(start + length).limit(start + 2 * length);
            message.duplicate().put(client.wrap(payload));
            ByteBuffer room = whole.duplicate().position(start + to);

            ByteBuffer unwrapped = server.unwrapInto(message, room);

            assertThat(bytes(unwrapped)).as("to %d", to).isEqualTo(payload);
            assertThat(room.position()).isEqualTo(start + to);
            assertThat(room.get(start + to + SecureSession.PAYLOAD_OFFSET)).isEqualTo(payload[0]);
        }
    }

    @ParameterizedTest
    @EnumSource
    @Rule(value = "D-7", kind = REFUSES)
    void movesNothingWhenTheCallerIsWrong(Kind kind) throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        Random random = new Random(1);
        byte[] good = ends.message(0, new byte[10]);
        ByteBuffer payload = filled(kind, new byte[10], random);
        ByteBuffer message = filled(kind, good, random);
        ByteBuffer tooShort = kind.allocate(61, random);
        ByteBuffer tooShortPayload = kind.allocate(9, random);
        ByteBuffer readOnly = kind.allocate(100, random).asReadOnlyBuffer();
        ByteBuffer readOnlyMessage = message.asReadOnlyBuffer();
        int[] positions = positions(payload, message, tooShort, tooShortPayload, readOnly);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> client.wrap(payload, tooShort))
                .withMessageContaining("room for 61 bytes; it needs 62");
        assertThatIllegalArgumentException().isThrownBy(() -> client.wrap(payload, readOnly));
        assertThatIllegalArgumentException().isThrownBy(() -> client.wrapInPlace(readOnly));
        assertThatIllegalArgumentException().isThrownBy(() -> client.wrap(payload, payload));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.unwrap(message, tooShortPayload))
                .withMessageContaining("room for 9 bytes; it needs 10");
        assertThatIllegalArgumentException().isThrownBy(() -> server.unwrap(message, readOnly));
        assertThatIllegalArgumentException().isThrownBy(() -> server.unwrapInPlace(readOnlyMessage));
        assertThatIllegalArgumentException().isThrownBy(() -> server.unwrapInto(message, readOnly));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> server.unwrapInto(message, tooShort))
                .withMessageContaining("room for 61 bytes; it needs 62");
        assertThatIllegalArgumentException().isThrownBy(() -> server.unwrap(message, message));

        assertThat(positions(payload, message, tooShort, tooShortPayload, readOnly))
                .isEqualTo(positions);
        assertThat(everything(tooShort)).containsOnly(FILL);
        assertThat(client.remainingMessages()).isEqualTo(1L << 31);
        assertThat(server.unwrap(good)).hasSize(10);
    }

    @Test
    @Rule(value = "D-7", kind = ACCEPTS)
    void showsThePayloadInItsPlace() throws Exception {
        Crafted ends = Crafted.create();
        SecureSession client = ends.client();
        SecureSession server = ends.server();
        for (Kind kind : Kind.values()) {
            ByteBuffer message = kind.allocate(SecureSession.OVERHEAD + 4, new Random(2));
            int position = message.position();
            message.duplicate()
                    .position(position + SecureSession.PAYLOAD_OFFSET)
                    .put(new byte[] {1, 2, 3, 4});

            client.wrapInPlace(message);
            ByteBuffer payload = server.unwrapInPlace(message);

            assertThat(payload.position()).isZero();
            assertThat(bytes(payload)).containsExactly(1, 2, 3, 4);
            assertThat(message.position()).isEqualTo(position);
            assertThat(message.remaining()).isEqualTo(SecureSession.OVERHEAD + 4);
            payload.put(0, (byte) 9);
            assertThat(message.get(position + SecureSession.PAYLOAD_OFFSET)).isEqualTo((byte) 9);
        }
    }

    @Test
    void neitherKeepsNorChangesTheArraysOfItsCallers() throws Exception {
        Crafted ends = Crafted.create();
        byte[] payload = {1, 2, 3};
        byte[] message = ends.client().wrap(payload);
        assertThat(payload).containsExactly(1, 2, 3);
        byte[] before = message.clone();
        SecureSession server = ends.server();
        byte[] opened = server.unwrap(message);
        assertThat(message).isEqualTo(before);
        opened[0] = 9;
        server.sessionId()[0] = 9;
        server.peerFingerprint()[0] ^= 1;
        assertThat(server.sessionId()).isEqualTo(Crafted.SESSION_ID);
        assertThat(server.peerFingerprint())
                .isEqualTo(ends.pair.client().identity().publicKey().fingerprintBytes());
    }

    private static byte[] wrapSomehow(SecureSession session, byte[] payload, Random random) {
        int messageLength = payload.length + SecureSession.OVERHEAD;
        switch (random.nextInt(4)) {
            case 0 -> {
                return session.wrap(payload);
            }
            case 1 -> {
                ByteBuffer message = kind(random).allocate(messageLength, random);
                int position = message.position();
                message.duplicate()
                        .position(position + SecureSession.PAYLOAD_OFFSET)
                        .put(payload);
                session.wrapInPlace(message);
                assertThat(message.position()).isEqualTo(position);
                assertUntouchedAround(message);
                return bytes(message);
            }
            default -> {
                ByteBuffer source = filled(kind(random), payload, random);
                if (random.nextBoolean()) {
                    source = source.asReadOnlyBuffer();
                }
                int more = random.nextInt(30);
                ByteBuffer message = kind(random).allocate(messageLength + more, random);
                int position = message.position();
                assertThat(session.wrap(source, message)).isEqualTo(messageLength);
                assertThat(source.remaining()).isZero();
                assertThat(message.position()).isEqualTo(position + messageLength);
                assertThat(message.remaining()).isEqualTo(more);
                ByteBuffer written = message.duplicate().flip().position(position);
                assertUntouchedAround(written);
                return bytes(written);
            }
        }
    }

    private static byte[] unwrapSomehow(SecureSession session, byte[] message, Random random)
            throws MessageRejectedException {
        int length = message.length - SecureSession.OVERHEAD;
        switch (random.nextInt(5)) {
            case 0 -> {
                return session.unwrap(message);
            }
            case 2 -> {
                ByteBuffer source = filled(kind(random), message, random);
                if (random.nextBoolean()) {
                    source = source.asReadOnlyBuffer();
                }
                ByteBuffer room = kind(random).allocate(message.length + random.nextInt(30), random);
                ByteBuffer payload = session.unwrapInto(source, room);
                assertThat(bytes(source)).isEqualTo(message);
                assertUntouchedAround(room);
                return bytes(payload);
            }
            case 1 -> {
                ByteBuffer buffer = filled(kind(random), message, random);
                ByteBuffer payload = session.unwrapInPlace(buffer);
                assertThat(buffer.remaining()).isEqualTo(message.length);
                assertUntouchedAround(buffer);
                return bytes(payload);
            }
            default -> {
                ByteBuffer source = filled(kind(random), message, random);
                if (random.nextBoolean()) {
                    source = source.asReadOnlyBuffer();
                }
                int more = random.nextInt(30);
                ByteBuffer payload = kind(random).allocate(length + more, random);
                int position = payload.position();
                assertThat(session.unwrap(source, payload)).isEqualTo(length);
                assertThat(source.remaining()).isZero();
                assertThat(payload.position()).isEqualTo(position + length);
                ByteBuffer written = payload.duplicate().flip().position(position);
                assertUntouchedAround(written);
                return bytes(written);
            }
        }
    }

    private static void refuseSomehow(SecureSession session, byte[] good, Random random) {
        byte[] message = good.clone();
        message[20 + random.nextInt(message.length - 20)] ^= (byte) (1 << random.nextInt(8));
        assertThatExceptionOfType(MessageRejectedException.class)
                .isThrownBy(() -> unwrapSomehow(session, message, random))
                .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_AUTHENTIC));
    }

    private static Kind kind(Random random) {
        return Kind.values()[random.nextInt(Kind.values().length)];
    }

    private static ByteBuffer filled(Kind kind, byte[] bytes, Random random) {
        ByteBuffer buffer = kind.allocate(bytes.length, random);
        buffer.duplicate().put(bytes);
        return buffer;
    }

    private static void fill(ByteBuffer buffer) {
        for (int i = 0; i < buffer.capacity(); i++) {
            buffer.put(i, FILL);
        }
    }

    private static void assertUntouchedAround(ByteBuffer part) {
        for (int i = 0; i < part.position(); i++) {
            assertThat(part.get(i)).isEqualTo(FILL);
        }
        ByteBuffer behind = part.duplicate().clear();
        for (int i = part.limit(); i < behind.capacity(); i++) {
            assertThat(behind.get(i)).isEqualTo(FILL);
        }
    }

    private static byte[] everything(ByteBuffer buffer) {
        return bytes(buffer.duplicate().clear());
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static int[] positions(ByteBuffer... buffers) {
        return Arrays.stream(buffers).mapToInt(ByteBuffer::position).toArray();
    }
}

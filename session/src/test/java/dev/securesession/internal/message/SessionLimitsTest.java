package dev.securesession.internal.message;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.securesession.MessageRejectedException;
import dev.securesession.Settings;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.AesGcm;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.internal.wire.DataMessage;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The clock tolerance and the two directions at their limits. */
class SessionLimitsTest {
    private static final long NOW = 10;
    private static final int PAYLOAD_LENGTH = 100;

    private final SessionSettings settings = Settings.settings(Pair.create().client())
            .with(copy -> copy.clock = Clock.fixed(Instant.ofEpochSecond(NOW), ZoneOffset.UTC));

    @Test
    @Rule(value = "D-5", kind = ACCEPTS)
    @Rule(value = "D-5", kind = REFUSES)
    void theClockToleranceIncludesBothLimits() {
        SessionSettings strict = settings.with(copy -> copy.clockToleranceSeconds = 3);
        assertThat(strict.isTimely(NOW - 4)).isFalse();
        assertThat(strict.isTimely(NOW - 3)).isTrue();
        assertThat(strict.isTimely(NOW + 3)).isTrue();
        assertThat(strict.isTimely(NOW + 4)).isFalse();
    }

    @Test
    @Rule(value = "D-5", kind = ACCEPTS)
    void theYear1970IsATime() {
        assertThat(settings.isTimely(0)).isTrue();
        assertThat(settings.isTimely(-1)).isFalse();
    }

    /** Scratch arrays hold plaintext: after each message they are released to the pool, which wipes them. */
    @Test
    @Rule(value = "D-4", kind = ACCEPTS)
    void theScratchArrayIsReleasedAndWiped() throws Exception {
        EstablishedSession sender = session();
        EstablishedSession receiver = session();
        byte[] scratch = new byte[512];
        int hint = receiver.opener().scratchHint();
        settings.aead().scratch().release(hint, scratch, scratch.length);

        byte[] first = message(sender);
        receiver.opener().open(first, 0, first.length, new byte[PAYLOAD_LENGTH], 0);
        assertThat(settings.aead().scratch().acquire(hint, 1)).isSameAs(scratch).containsOnly(0);
        settings.aead().scratch().release(hint, scratch, scratch.length);

        byte[] second = message(sender);
        assertThat(receiver.opener().open(second, 0, second.length)).hasSize(PAYLOAD_LENGTH);
        assertThat(settings.aead().scratch().acquire(hint, 1)).isSameAs(scratch).containsOnly(0);
    }

    @Test
    void sessionsUseDifferentScratchArrays() {
        Set<Integer> hints = new HashSet<>();
        for (int i = 0; i < 16; i++) {
            hints.add(session().opener().scratchHint());
        }
        assertThat(hints).hasSizeGreaterThan(1);
    }

    @Test
    @Rule(value = "D-4", kind = REFUSES)
    void aWrongLengthFieldIsNamedWithTheExpectedLength() {
        EstablishedSession sender = session();
        EstablishedSession receiver = session();
        byte[] message = new byte[DataMessage.OVERHEAD + PAYLOAD_LENGTH];
        byte[] nonce = new byte[AesGcm.NONCE_LENGTH];
        AeadKey key = settings.aead().key(Secret.copyOf(new byte[AeadKey.LENGTH]));
        byte[] header = DataMessage.innerHeader(PAYLOAD_LENGTH + 1, 100, NOW);
        settings.aead()
                .seal(
                        key,
                        nonce,
                        header,
                        new byte[PAYLOAD_LENGTH],
                        0,
                        PAYLOAD_LENGTH,
                        message,
                        DataMessage.CIPHERTEXT_OFFSET);
        DataMessage.writeHeader(message, 0, sender.sessionId(), nonce);

        assertThatExceptionOfType(MessageRejectedException.class)
                .isThrownBy(() -> receiver.opener().open(message, 0, message.length))
                .withMessage("a message of 152 bytes that states a length of 113; it should be 112");
    }

    @Test
    @Rule(value = "D-2", kind = REFUSES)
    void aMessageOutOfOrderIsNamedWithTheExpectedNumber() throws Exception {
        EstablishedSession sender = session();
        EstablishedSession receiver = session();
        receiver.opener().requireOrder();
        byte[] first = message(sender);
        message(sender);
        byte[] third = message(sender);
        receiver.opener().open(first, 0, first.length);

        assertThatExceptionOfType(MessageRejectedException.class)
                .isThrownBy(() -> receiver.opener().open(third, 0, third.length))
                .withMessage("message number 2 where 1 was next");
    }

    /** After closing the keys are zeros: nothing may be saved. */
    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void aClosedDirectionHasNoState() {
        EstablishedSession session = session();
        session.close();

        assertThatIllegalStateException().isThrownBy(() -> session.sealer().saveTo(new SavedSession()));
        assertThatIllegalStateException().isThrownBy(session.sealer()::nextSequence);
        assertThatIllegalStateException().isThrownBy(() -> session.opener().saveTo(new SavedSession()));
        assertThatIllegalStateException().isThrownBy(session.opener()::highestSequence);
    }

    private EstablishedSession session() {
        SavedSession saved = new SavedSession();
        saved.sendingKey = new byte[AeadKey.LENGTH];
        saved.receivingKey = new byte[AeadKey.LENGTH];
        saved.receivingHighest = -1;
        saved.sendingInitialSequence = 100;
        saved.receivingInitialSequence = 100;
        return EstablishedSession.restore(settings, saved);
    }

    private static byte[] message(EstablishedSession sender) {
        byte[] message = new byte[DataMessage.OVERHEAD + PAYLOAD_LENGTH];
        sender.sealer().seal(new byte[PAYLOAD_LENGTH], 0, PAYLOAD_LENGTH, message, 0);
        return message;
    }
}

package dev.securesession.internal.message;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.securesession.Settings;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.AeadKey;
import dev.securesession.internal.crypto.Sha256;
import dev.securesession.internal.state.SavedSession;
import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

/** The clock tolerance and saved sessions at their limits. */
class SessionLimitsTest {
    private static final long NOW = 10;

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

    @Test
    void aFingerprintNeedsAPeer() {
        SavedSession saved = new SavedSession();
        saved.sendingKey = new byte[AeadKey.LENGTH];
        saved.receivingKey = new byte[AeadKey.LENGTH];
        saved.peerFingerprint = new byte[Sha256.LENGTH];
        saved.transcriptHash = new byte[Sha256.LENGTH];
        assertThatExceptionOfType(MalformedException.class)
                .isThrownBy(() -> EstablishedSession.restore(settings, saved))
                .withMessageContaining("both must be 0");
    }

    /** Scratch arrays hold plaintext: they come back to the pool, which wipes them. */
    @Test
    @Rule(value = "D-4", kind = ACCEPTS)
    void theScratchArrayComesBackWiped() throws Exception {
        SavedSession saved = new SavedSession();
        saved.sendingKey = new byte[AeadKey.LENGTH];
        saved.receivingKey = new byte[AeadKey.LENGTH];
        saved.receivingHighest = -1;
        saved.sendingInitialSequence = 100;
        saved.receivingInitialSequence = 100;
        EstablishedSession sender = EstablishedSession.restore(settings, saved);
        EstablishedSession receiver = EstablishedSession.restore(settings, saved);
        byte[] message = new byte[100 + 52];
        sender.sealer().seal(new byte[100], 0, 100, message, 0);
        byte[] scratch = new byte[512];
        int hint = receiver.opener().scratchHint();
        settings.aead().scratch().release(hint, scratch, scratch.length);

        receiver.opener().open(message, 0, message.length, new byte[100], 0);

        assertThat(settings.aead().scratch().acquire(hint, 1)).isSameAs(scratch).containsOnly(0);
    }
}

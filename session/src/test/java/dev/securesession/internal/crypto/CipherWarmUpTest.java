package dev.securesession.internal.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.FakeProvider;
import java.security.Provider;
import java.security.Security;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The warm-up is bounded in time and rounds, ends when it gains nothing, and never fails. */
@Timeout(120)
class CipherWarmUpTest {
    private static final Provider JDK = Security.getProvider("SunJCE");

    @Test
    void endsWhenItGainsNoMoreSpeed() {
        AtomicLong time = new AtomicLong();
        // Every look at the clock finds it a nanosecond later: each round takes as long as the one before.
        CipherWarmUp warmUp = new CipherWarmUp(time::incrementAndGet);

        warmUp.run(JDK);

        assertThat(warmUp.isDone()).isTrue();
        assertThat(warmUp.rounds()).isEqualTo(CipherWarmUp.MIN_ROUNDS);
    }

    @Test
    void endsAfterItsTimeWhateverItGains() {
        AtomicLong time = new AtomicLong();
        CipherWarmUp warmUp = new CipherWarmUp(() -> time.addAndGet(CipherWarmUp.MAX_NANOS));

        warmUp.run(JDK);

        assertThat(warmUp.isDone()).isTrue();
        assertThat(warmUp.rounds()).isEqualTo(1);
    }

    @Test
    void endsAfterItsRoundsHoweverMuchItGains() {
        AtomicLong step = new AtomicLong(2_000_000);
        AtomicLong time = new AtomicLong();
        // Each look at the clock finds that less time has passed than before.
        CipherWarmUp warmUp =
                new CipherWarmUp(() -> time.addAndGet(step.updateAndGet(before -> before * 9999 / 10_000)) / 10_000);

        warmUp.run(JDK);

        assertThat(warmUp.rounds()).isEqualTo(CipherWarmUp.MAX_ROUNDS);
    }

    @Test
    void doesItsWorkOnceOnly() {
        AtomicLong looks = new AtomicLong();
        CipherWarmUp warmUp = new CipherWarmUp(looks::incrementAndGet);
        warmUp.run(JDK);
        long before = looks.get();

        warmUp.run(JDK);
        warmUp.runInBackground(JDK);

        assertThat(looks).hasValue(before);
    }

    @Test
    void runsInTheBackground() {
        CipherWarmUp warmUp = new CipherWarmUp(new AtomicLong()::incrementAndGet);

        warmUp.runInBackground(JDK);
        // Waits for the other thread, or does the work itself if that has not begun.
        warmUp.run(JDK);

        assertThat(warmUp.isDone()).isTrue();
    }

    @Test
    void otherProvidersNeedNone() {
        CipherWarmUp warmUp = new CipherWarmUp(new AtomicLong()::incrementAndGet);

        warmUp.run(new FakeProvider("Fake"));

        assertThat(warmUp.isDone()).isFalse();
        assertThat(warmUp.rounds()).isZero();
    }
}

package dev.securesession.internal.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.FakeProvider;
import java.security.Provider;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class CipherPracticeTest {
    private static final int LARGE = 64 * 1024;
    private static final int STEPS_AFTER_LARGE = 16;

    private final CipherPractice practice = new CipherPractice(2 * STEPS_AFTER_LARGE + 1);
    private final AesGcm aead = new AesGcm(Suites.AEAD, practice);
    private final AeadKey key = aead.key(Secret.owning(new byte[32]));

    @Test
    void goesOnWithLargeMessagesUntilItIsOver() {
        byte[] sealed = seal(1, LARGE);
        assertThat(practice.remaining()).isEqualTo(STEPS_AFTER_LARGE + 1);
        assertThat(open(1, sealed)).isTrue();
        assertThat(practice.remaining()).isEqualTo(1);
        assertThat(open(1, sealed)).isTrue();
        assertThat(practice.remaining()).isZero();

        assertThat(open(1, sealed)).isTrue();
        assertThat(practice.remaining()).isZero();
    }

    @Test
    void doesNothingAlongWithSmallMessages() {
        byte[] sealed = seal(1, 4000);
        assertThat(open(1, sealed)).isTrue();

        assertThat(practice.remaining()).isEqualTo(2 * STEPS_AFTER_LARGE + 1);
    }

    @Test
    void doesNothingAfterAForgery() {
        byte[] sealed = seal(1, LARGE);
        sealed[0] ^= 1;
        int before = practice.remaining();

        assertThat(open(1, sealed)).isFalse();

        assertThat(practice.remaining()).isEqualTo(before);
    }

    /** Long enough for every length that is practised, and the JDK's cipher refuses to use a nonce twice. */
    @Test
    void finishesWhenItIsAskedTo() {
        CipherPractice whole = new CipherPractice(1600);
        new AesGcm(Suites.AEAD, whole).warmUp();
        assertThat(whole.remaining()).isZero();

        new AesGcm(Suites.AEAD, whole).warmUp();
        assertThat(whole.remaining()).isZero();
    }

    @Test
    void isOneForAllUsesOfTheJdk() {
        Provider jdk = Security.getProvider("SunJCE");
        assertThat(CipherPractice.of(jdk)).isSameAs(CipherPractice.of(jdk));
        new AesGcm(jdk).warmUp();

        assertThat(CipherPractice.of(jdk).remaining()).isZero();
    }

    @Test
    void leavesOtherProvidersAlone() {
        assertThat(CipherPractice.of(new FakeProvider("Fake")).remaining()).isZero();
    }

    @Test
    void givesUpOnACipherThatDoesNotWork() {
        FakeProvider broken =
                new FakeProvider("Broken").with("Cipher", AesGcm.ALGORITHM, () -> new AesGcmTest.FakeGcm(-1));
        practice.finish(broken);
        assertThat(practice.remaining()).isZero();

        CipherPractice other = new CipherPractice(1);
        other.goOn(new FakeProvider("Empty"), LARGE);
        assertThat(other.remaining()).isZero();
    }

    @Test
    void disturbsNobodyWhenSeveralThreadsWork() throws Exception {
        int threads = 4;
        CipherPractice shared = new CipherPractice(400);
        AesGcm together = new AesGcm(Suites.AEAD, shared);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                results.add(pool.submit(roundTrips(together, 50)));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            pool.shutdownNow();
        }
        together.warmUp();
        assertThat(shared.remaining()).isZero();
    }

    private static Callable<Boolean> roundTrips(AesGcm aead, int count) {
        return () -> {
            AeadKey own = aead.key(Secret.owning(new byte[32]));
            byte[] payload = new byte[LARGE];
            byte[] sealed = new byte[LARGE + 16];
            byte[] opened = new byte[LARGE];
            boolean allRight = true;
            for (int i = 0; i < count; i++) {
                byte[] nonce = nonce(i);
                payload[i] = (byte) i;
                aead.seal(own, nonce, new byte[0], payload, 0, LARGE, sealed, 0);
                allRight &= aead.open(own, nonce, sealed, 0, sealed.length, opened, 0) && opened[i] == (byte) i;
            }
            return allRight;
        };
    }

    private byte[] seal(int number, int length) {
        byte[] sealed = new byte[length + 16];
        aead.seal(key, nonce(number), new byte[0], new byte[length], 0, length, sealed, 0);
        return sealed;
    }

    private boolean open(int number, byte[] sealed) {
        return aead.open(key, nonce(number), sealed, 0, sealed.length, new byte[sealed.length], 0);
    }

    private static byte[] nonce(int number) {
        byte[] nonce = new byte[AesGcm.NONCE_LENGTH];
        nonce[0] = (byte) number;
        return nonce;
    }
}

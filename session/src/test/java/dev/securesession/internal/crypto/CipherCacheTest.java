package dev.securesession.internal.crypto;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.rules.Rule;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

@SuppressWarnings("ReachabilityFenceUsage") // Each fence stands at the end of a test.
class CipherCacheTest {
    private final CipherCache cache = new CipherCache(Suites.AEAD, 4);
    private final AeadKey first = key();
    private final List<AeadKey> kept = new ArrayList<>(List.of(key(), key(), key(), key()));
    private final byte[] nonce = new byte[12];

    @Test
    void givesAKeyItsCipherAgain() throws Exception {
        WarmCipher cipher = used(first);

        assertThat(cache.acquire(first)).isSameAs(cipher);
    }

    @Test
    void givesOneCipherToOneThread() throws Exception {
        WarmCipher cipher = cache.acquire(first);

        assertThat(cache.acquire(first)).isNotSameAs(cipher);
    }

    @Test
    @Rule(value = "M-3", kind = REFUSES)
    void keepsNoMoreCiphersThanItsSize() throws Exception {
        List<AeadKey> keys = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            keys.add(key());
            used(keys.get(i));
        }

        assertThat(keys.stream().filter(key -> key.acquireCipher() != null)).hasSize(4);
    }

    @Test
    void takesOverTheCipherThatAnotherKeyHasHadForLongest() throws Exception {
        WarmCipher cipher = used(first);
        for (int i = 0; i < 3; i++) {
            used(key(), i);
        }

        assertThat(cache.acquire(key())).isSameAs(cipher);
        assertThat(first.acquireCipher()).isNull();
    }

    @Test
    void makesOneForThisTimeWhenAllAreInUse() throws Exception {
        for (AeadKey key : kept) {
            cache.acquire(key);
        }
        WarmCipher extra = cache.acquire(first);
        cache.release(first, extra);

        assertThat(first.acquireCipher()).as("not kept").isNull();
    }

    @Test
    @Rule(value = "M-1", kind = REFUSES)
    void forgetsTheCipherWithTheKey() throws Exception {
        WeakReference<WarmCipher> cipher = new WeakReference<>(used(first));

        cache.forget(first);

        assertThat(isCollected(cipher)).isTrue();
        Reference.reachabilityFence(first);
    }

    @Test
    @Rule(value = "M-1", kind = ACCEPTS)
    void keepsNeitherKeyNorCipherOfASessionThatWasDropped() throws Exception {
        List<WeakReference<?>> dropped = droppedKeyAndItsCipher();

        assertThat(isCollected(dropped.get(0))).isTrue();
        assertThat(isCollected(dropped.get(1))).isTrue();
        Reference.reachabilityFence(cache);
    }

    @Test
    void findsPlacesAgainThatWereForgottenOrDiscarded() throws Exception {
        for (int i = 0; i < 10; i++) {
            AeadKey key = key();
            used(key);
            cache.forget(key);
            AeadKey other = key();
            cache.discard(cache.acquire(other));
        }
        for (AeadKey key : kept) {
            used(key);
        }

        assertThat(kept).allMatch(key -> key.acquireCipher() != null);
    }

    private List<WeakReference<?>> droppedKeyAndItsCipher() throws Exception {
        AeadKey dropped = key();
        return List.of(new WeakReference<>(dropped), new WeakReference<>(used(dropped)));
    }

    private WarmCipher used(AeadKey key) throws Exception {
        WarmCipher cipher = cache.acquire(key);
        nonce[0]++;
        cipher.seal(key, nonce, new byte[0], new byte[1], 0, 1, new byte[17], 0);
        cache.release(key, cipher);
        return cipher;
    }

    private void used(AeadKey key, int index) throws Exception {
        kept.set(index, key);
        used(key);
    }

    /** Collection is asked for and not promised, so more than once; with a bound. */
    private static boolean isCollected(WeakReference<?> reference) {
        for (int i = 0; i < 50 && reference.get() != null; i++) {
            System.gc();
        }
        return reference.get() == null;
    }

    private static AeadKey key() {
        return new AeadKey(Secret.owning(new byte[32]));
    }
}

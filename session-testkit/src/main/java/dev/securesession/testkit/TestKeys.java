package dev.securesession.testkit;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Identity keys for tests, generated once for each run and then shared, since generating them takes time. Safe for use by
 * several threads.
 *
 * <p>Never destroy these keys: other tests use them too.
 */
public final class TestKeys {
    private static final ConcurrentMap<Numbered, IdentityKeyPair> POOL = new ConcurrentHashMap<>();

    private TestKeys() {}

    /**
     * Returns a key pair on P-256: the same one for the same number, another one for another.
     *
     * @param number any number
     * @return the pair, shared by all tests of this run
     */
    public static IdentityKeyPair pair(int number) {
        return pair(Curve.P256, number);
    }

    /**
     * Returns a key pair on a curve: the same one for the same number, another one for another.
     *
     * @param curve where the keys are to be
     * @param number any number
     * @return the pair, shared by all tests of this run
     */
    public static IdentityKeyPair pair(Curve curve, int number) {
        return POOL.computeIfAbsent(new Numbered(curve, number), wanted -> IdentityKeyPair.generate(wanted.curve()));
    }

    /** Where a pair is found in the pool. */
    private record Numbered(Curve curve, int number) {}
}

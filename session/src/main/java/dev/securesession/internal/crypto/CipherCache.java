package dev.securesession.internal.crypto;

import java.lang.ref.WeakReference;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a bounded number of ciphers, each with the key that used it last.
 *
 * <p>Making a cipher costs microseconds and kilobytes, and initializing it with another key costs a key schedule. So the
 * keys of busy sessions keep their ciphers, and a key without a cipher gets the one that was assigned to another key longest
 * ago. The table refers to the keys weakly: neither a key nor its cipher outlives its session because of the table.
 *
 * <p>Safe for use by several threads, without locks. The thread that has acquired a cipher from its key, by an atomic swap,
 * is the only one that uses the cipher and changes its entry in the table. Any thread may replace an entry whose key was
 * collected.
 */
final class CipherCache {
    private final Provider provider;
    private final AtomicReferenceArray<@Nullable WeakReference<AeadKey>> users;
    private final AtomicInteger next = new AtomicInteger();

    /**
     * @param size the number of ciphers to keep at most, a power of two
     */
    CipherCache(Provider provider, int size) {
        this.provider = provider;
        this.users = new AtomicReferenceArray<>(size);
    }

    /** Acquires a cipher, if possible the one that the key had before; the caller releases or discards it. */
    WarmCipher acquire(AeadKey key) throws GeneralSecurityException {
        WarmCipher own = key.acquireCipher();
        return own != null ? own : takeOver(key);
    }

    /** Releases a cipher to the key for which it was acquired. */
    void release(AeadKey key, WarmCipher cipher) {
        if (cipher.place() != WarmCipher.NO_PLACE) {
            key.releaseCipher(cipher);
        }
    }

    /** Drops an acquired cipher together with its copies of the key. */
    void discard(WarmCipher cipher) {
        if (cipher.place() != WarmCipher.NO_PLACE) {
            users.compareAndSet(cipher.place(), cipher.user(), null);
        }
    }

    /** Drops the cipher of a key, if it has one. */
    void forget(AeadKey key) {
        WarmCipher cipher = key.acquireCipher();
        if (cipher != null) {
            discard(cipher);
        }
    }

    private WarmCipher takeOver(AeadKey key) throws GeneralSecurityException {
        WeakReference<AeadKey> user = new WeakReference<>(key);
        for (int tries = 0; tries < users.length(); tries++) {
            int place = next.getAndIncrement() & users.length() - 1;
            WeakReference<AeadKey> previous = users.get(place);
            AeadKey previousKey = previous == null ? null : previous.get();
            if (previousKey == null) {
                if (users.compareAndSet(place, previous, user)) {
                    return create(place, user);
                }
                continue;
            }
            WarmCipher cipher = previousKey.acquireCipher();
            if (cipher != null && users.compareAndSet(cipher.place(), cipher.user(), user)) {
                cipher.assign(user);
                return cipher;
            }
        }
        // All ciphers are in use at this moment: one more, for this call only.
        return create(WarmCipher.NO_PLACE, user);
    }

    private WarmCipher create(int place, WeakReference<AeadKey> user) throws GeneralSecurityException {
        try {
            return new WarmCipher(AesGcm.newCipher(provider), place, user);
        } catch (GeneralSecurityException e) {
            if (place != WarmCipher.NO_PLACE) {
                users.compareAndSet(place, user, null);
            }
            throw e;
        }
    }
}

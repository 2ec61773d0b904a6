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
 * <p>A cipher costs microseconds and kilobytes to make and a key schedule to turn to another key, so the keys of busy
 * sessions keep theirs, and a key without one takes over the cipher that another key has had for longest. The table of
 * this class refers to the keys, weakly: neither a key nor its cipher outlives its session because of it.
 *
 * <p>Safe for use by several threads, without locks. The thread that has taken a cipher from its key, by an atomic swap,
 * is the only one that uses the cipher and that changes its entry in the table. Entries whose key is gone may be replaced
 * by any thread.
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

    /** Returns a cipher, the caller's until it is released or discarded; best the one that the key had before. */
    WarmCipher acquire(AeadKey key) throws GeneralSecurityException {
        WarmCipher own = key.takeCipher();
        return own != null ? own : takeOver(key);
    }

    /** Leaves the cipher with the key for which it was acquired. */
    void release(AeadKey key, WarmCipher cipher) {
        if (cipher.place() != WarmCipher.NO_PLACE) {
            key.putCipher(cipher);
        }
    }

    /** Drops a cipher that was acquired, with all that it knows of its key. */
    void discard(WarmCipher cipher) {
        if (cipher.place() != WarmCipher.NO_PLACE) {
            users.compareAndSet(cipher.place(), cipher.user(), null);
        }
    }

    /** Drops the cipher that is with a key, if there is one. */
    void forget(AeadKey key) {
        WarmCipher cipher = key.takeCipher();
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
            WarmCipher cipher = previousKey.takeCipher();
            if (cipher != null && users.compareAndSet(cipher.place(), cipher.user(), user)) {
                cipher.assign(user);
                return cipher;
            }
        }
        // All of them are in use at this moment: one more, for this time only.
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

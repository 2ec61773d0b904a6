package dev.securesession.internal.crypto;

import java.lang.ref.WeakReference;
import java.security.GeneralSecurityException;
import java.security.Key;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/** An AES-GCM cipher and its last key: to initialize it with the same key again is cheaper. */
final class WarmCipher {
    /** The slot of a cipher that {@link CipherCache} does not keep. */
    static final int NO_PLACE = -1;

    private final Cipher cipher;
    private final int place;
    private WeakReference<AeadKey> user;
    private @Nullable AeadKey owner;
    private @Nullable Key ownerKey;

    WarmCipher(Cipher cipher, int place, WeakReference<AeadKey> user) {
        this.cipher = cipher;
        this.place = place;
        this.user = user;
    }

    int place() {
        return place;
    }

    /** Returns the entry of the cache that stands for this cipher. */
    WeakReference<AeadKey> user() {
        return user;
    }

    void assign(WeakReference<AeadKey> newUser) {
        user = newUser;
    }

    /** Encrypts a header and a payload one after the other, as {@link AesGcm#seal}; returns the length of the result. */
    int seal(AeadKey key, byte[] nonce, byte[] header, byte[] payload, int offset, int length, byte[] target, int at)
            throws GeneralSecurityException {
        start(Cipher.ENCRYPT_MODE, key, nonce);
        int written = cipher.update(header, 0, header.length, target, at);
        return written + cipher.doFinal(payload, offset, length, target, at + written);
    }

    /**
     * Decrypts in one call, because the JDK copies the input of several; returns the length of the result.
     *
     * @throws AEADBadTagException if the tag is wrong; the plaintext may be in the target nevertheless
     */
    int open(AeadKey key, byte[] nonce, byte[] sealed, int offset, int length, byte[] target, int at)
            throws GeneralSecurityException {
        start(Cipher.DECRYPT_MODE, key, nonce);
        return cipher.doFinal(sealed, offset, length, target, at);
    }

    private void start(int mode, AeadKey key, byte[] nonce) throws GeneralSecurityException {
        Key jcaKey = ownerKey;
        if (owner != key || jcaKey == null) {
            jcaKey = key.asJcaKey();
            ownerKey = jcaKey;
            owner = key;
        }
        cipher.init(mode, jcaKey, new GCMParameterSpec(AesGcm.TAG_LENGTH * 8, nonce));
    }
}

package dev.securesession.internal.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.ProviderException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * AES-256-GCM. The messages of sessions are encrypted by ciphers that stay initialized while their session is busy; sealed
 * data and states are encrypted under keys that are used once.
 */
public final class AesGcm {
    public static final int NONCE_LENGTH = 12;
    public static final int TAG_LENGTH = 16;

    static final String ALGORITHM = "AES/GCM/NoPadding";
    private static final int MAX_CIPHERS = 256;

    private final Provider provider;
    private final CipherCache ciphers;
    private final ScratchPool scratch = new ScratchPool();

    AesGcm(Provider provider) {
        Providers.require(provider, "Cipher", ALGORITHM, () -> newCipher(provider));
        this.provider = provider;
        this.ciphers = new CipherCache(provider, MAX_CIPHERS);
    }

    static Cipher newCipher(Provider provider) throws GeneralSecurityException {
        return Cipher.getInstance(ALGORITHM, provider);
    }

    /** Returns the arrays for plaintext whose message has not passed all checks yet. */
    public ScratchPool scratch() {
        return scratch;
    }

    /** Takes over a secret of 32 bytes as the key of one direction. */
    public AeadKey key(Secret secret) {
        if (secret.length() != AeadKey.LENGTH) {
            throw new IllegalArgumentException(
                    "an AES key of " + secret.length() + " bytes; it must be " + AeadKey.LENGTH);
        }
        return new AeadKey(secret);
    }

    /** Wipes a key and drops the cipher that is initialized with it. */
    public void forget(AeadKey key) {
        ciphers.forget(key);
        key.wipe();
    }

    /**
     * Encrypts a header and a payload, and writes ciphertext and tag to {@code target}. Payload and target may be the
     * same array if the ciphertext of the payload lands exactly where the payload is.
     */
    public void seal(
            AeadKey key, byte[] nonce, byte[] header, byte[] payload, int offset, int length, byte[] target, int at) {
        WarmCipher cipher = acquire(key);
        boolean works = false;
        try {
            int written = cipher.seal(key, nonce, header, payload, offset, length, target, at);
            requireLength(written, header.length + length + TAG_LENGTH);
            works = true;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "encrypt", e);
        } finally {
            handBack(key, cipher, works);
        }
    }

    /**
     * Decrypts ciphertext and tag into {@code target}, which may be the same array at the same place. Returns false,
     * with nothing of the plaintext left in the target, when the tag is wrong.
     */
    public boolean open(AeadKey key, byte[] nonce, byte[] sealed, int offset, int length, byte[] target, int at) {
        WarmCipher cipher = acquire(key);
        int expected = length - TAG_LENGTH;
        boolean works = false;
        boolean authentic = false;
        try {
            int written = cipher.open(key, nonce, sealed, offset, length, target, at);
            requireLength(written, expected);
            works = true;
            authentic = true;
        } catch (AEADBadTagException e) {
            works = true;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "decrypt", e);
        } finally {
            if (!authentic) {
                // Some JDKs leave the plaintext in the target (PROTOCOL.md D-4).
                Arrays.fill(target, at, at + expected, (byte) 0);
            }
            handBack(key, cipher, works);
        }
        return authentic;
    }

    /** Encrypts once, with associated data, under a key that is used for nothing else. */
    public byte[] sealOnce(Secret key, byte[] nonce, byte[] associated, byte[] plaintext) {
        try {
            Cipher cipher = once(Cipher.ENCRYPT_MODE, key, nonce, associated);
            byte[] sealed = cipher.doFinal(plaintext);
            requireLength(sealed.length, plaintext.length + TAG_LENGTH);
            return sealed;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "encrypt", e);
        }
    }

    /** Decrypts what {@link #sealOnce} made; null when the tag is wrong. */
    public byte @Nullable [] openOnce(Secret key, byte[] nonce, byte[] associated, byte[] sealed) {
        try {
            return once(Cipher.DECRYPT_MODE, key, nonce, associated).doFinal(sealed);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "decrypt", e);
        }
    }

    private Cipher once(int mode, Secret key, byte[] nonce, byte[] associated) throws GeneralSecurityException {
        Cipher cipher = newCipher(provider);
        cipher.init(mode, key.asKey("AES"), new GCMParameterSpec(TAG_LENGTH * 8, nonce));
        cipher.updateAAD(associated);
        return cipher;
    }

    private WarmCipher acquire(AeadKey key) {
        try {
            return ciphers.acquire(key);
        } catch (GeneralSecurityException e) {
            throw new ProviderException("provider " + provider.getName() + " no longer makes " + ALGORITHM, e);
        }
    }

    /** A cipher that has failed is not used again. */
    private void handBack(AeadKey key, WarmCipher cipher, boolean works) {
        if (works) {
            ciphers.release(key, cipher);
        } else {
            ciphers.discard(cipher);
        }
    }

    private void requireLength(int length, int expected) {
        Providers.requireLength(provider, "result of AES-GCM", length, expected);
    }
}

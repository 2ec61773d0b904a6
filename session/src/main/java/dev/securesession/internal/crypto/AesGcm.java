package dev.securesession.internal.crypto;

import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.ProviderException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import org.jspecify.annotations.Nullable;

/**
 * AES-256-GCM with a bounded number of ciphers kept warm.
 *
 * <p>A cipher costs microseconds and kilobytes to make and a key schedule to turn to another key, so busy directions
 * should find theirs again and idle ones should cost nothing. Each {@link AeadKey} has a place in a table that it may
 * share with others; the cipher there goes to whoever uses it next. Taking one is an atomic swap: no locks, and a cipher
 * is never in two hands.
 */
public final class AesGcm {
    public static final int NONCE_LENGTH = 12;
    public static final int TAG_LENGTH = 16;

    static final String ALGORITHM = "AES/GCM/NoPadding";

    private final Provider provider;
    private final CipherPractice practice;
    private final AtomicReferenceArray<@Nullable WarmCipher> warm = new AtomicReferenceArray<>(SLOTS * STRIDE);
    private final AtomicInteger nextSlot = new AtomicInteger();
    private final ScratchPool scratch = new ScratchPool();

    AesGcm(Provider provider) {
        this(provider, CipherPractice.of(provider));
    }

    AesGcm(Provider provider, CipherPractice practice) {
        this.provider = provider;
        this.practice = practice;
    }

    static Cipher newCipher(Provider provider) throws GeneralSecurityException {
        return Cipher.getInstance(ALGORITHM, provider);
    }

    /** Arrays for plaintext that is not yet where it belongs. */
    public ScratchPool scratch() {
        return scratch;
    }

    /** Brings the cipher to full speed now, rather than with the first large messages. */
    public void warmUp() {
        practice.finish(provider);
    }

    /** Takes over a secret of 32 bytes as the key of one direction. */
    public AeadKey key(Secret secret) {
        if (secret.length() != AeadKey.LENGTH) {
            throw new IllegalArgumentException(
                    "an AES key of " + secret.length() + " bytes; it must be " + AeadKey.LENGTH);
        }
        return new AeadKey(secret, nextSlot.getAndIncrement());
    }

    /** Wipes a key and drops the cipher that is set up with it. */
    public void forget(AeadKey key) {
        WarmCipher cipher = warm.getAndSet(place(key), null);
        if (cipher != null && !cipher.isOf(key)) {
            warm.compareAndSet(place(key), null, cipher);
        }
        key.wipe();
    }

    /**
     * Encrypts a prefix and a payload, and writes ciphertext and tag to {@code target}. Payload and target may be the
     * same array if the ciphertext of the payload lands exactly where the payload is.
     */
    public void seal(
            AeadKey key, byte[] nonce, byte[] prefix, byte[] payload, int offset, int length, byte[] target, int at) {
        WarmCipher cipher = take(key);
        int written;
        try {
            written = cipher.seal(key, nonce, prefix, payload, offset, length, target, at);
        } catch (GeneralSecurityException e) {
            throw new ProviderException("provider " + provider.getName() + " could not encrypt", e);
        }
        release(key, cipher);
        requireLength(written, prefix.length + length + TAG_LENGTH);
        practice.goOn(provider, length);
    }

    /**
     * Decrypts ciphertext and tag into {@code target}, which may be the same array at the same place. Returns false,
     * with nothing of the plaintext left in the target, when the tag is wrong.
     */
    public boolean open(AeadKey key, byte[] nonce, byte[] sealed, int offset, int length, byte[] target, int at) {
        WarmCipher cipher = take(key);
        int expected = length - TAG_LENGTH;
        int written;
        try {
            written = cipher.open(key, nonce, sealed, offset, length, target, at);
        } catch (AEADBadTagException e) {
            // Some JDKs leave the plaintext behind (PROTOCOL.md D-4).
            Arrays.fill(target, at, at + expected, (byte) 0);
            release(key, cipher);
            return false;
        } catch (GeneralSecurityException e) {
            Arrays.fill(target, at, at + expected, (byte) 0);
            throw new ProviderException("provider " + provider.getName() + " could not decrypt", e);
        }
        release(key, cipher);
        requireLength(written, expected);
        practice.goOn(provider, length);
        return true;
    }

    /** Encrypts once, with associated data, under a key that is used for nothing else. */
    public byte[] sealOnce(Secret key, byte[] nonce, byte[] associated, byte[] plaintext) {
        try {
            Cipher cipher = once(Cipher.ENCRYPT_MODE, key, nonce, associated);
            byte[] sealed = cipher.doFinal(plaintext);
            requireLength(sealed.length, plaintext.length + TAG_LENGTH);
            return sealed;
        } catch (GeneralSecurityException e) {
            throw new ProviderException("provider " + provider.getName() + " could not encrypt", e);
        }
    }

    /** Decrypts what {@link #sealOnce} made; null when the tag is wrong. */
    public byte @Nullable [] openOnce(Secret key, byte[] nonce, byte[] associated, byte[] sealed) {
        try {
            return once(Cipher.DECRYPT_MODE, key, nonce, associated).doFinal(sealed);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw new ProviderException("provider " + provider.getName() + " could not decrypt", e);
        }
    }

    private Cipher once(int mode, Secret key, byte[] nonce, byte[] associated) throws GeneralSecurityException {
        Cipher cipher = newCipher(provider);
        cipher.init(mode, key.asKey("AES"), new GCMParameterSpec(TAG_LENGTH * 8, nonce));
        cipher.updateAAD(associated);
        return cipher;
    }

    private WarmCipher take(AeadKey key) {
        WarmCipher cipher = warm.getAndSet(place(key), null);
        if (cipher != null) {
            return cipher;
        }
        try {
            return new WarmCipher(newCipher(provider));
        } catch (GeneralSecurityException e) {
            throw new ProviderException("provider " + provider.getName() + " no longer makes " + ALGORITHM, e);
        }
    }

    private void release(AeadKey key, WarmCipher cipher) {
        // Whoever takes it next does so by a swap, which sees all that was written before.
        warm.lazySet(place(key), cipher);
    }

    /** Where the cipher of a key waits: neighbours in the table are not neighbours in memory. */
    private static int place(AeadKey key) {
        return (key.slot() & SLOTS - 1) * STRIDE;
    }

    private static void requireLength(int length, int expected) {
        if (length != expected) {
            throw new ProviderException("a provider made " + length + " bytes of AES-GCM; it must be " + expected);
        }
    }

    /** How many ciphers stay warm at most; a power of two. */
    private static final int SLOTS = 256;

    /** References in a cache line. */
    private static final int STRIDE = 16;
}

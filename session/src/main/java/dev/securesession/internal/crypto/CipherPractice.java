package dev.securesession.internal.crypto;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Brings the JDK's AES-GCM to full speed in a young virtual machine, by using it on data that do not matter.
 *
 * <p>That cipher is fast once the JIT compiler has compiled its callers. The compiler counts calls and not bytes, so that
 * large messages alone stay slow for half a gigabyte; and it throws away what it has compiled when a branch is taken for the
 * first time, and ciphers branch on what a length leaves over when their loops have taken their share. So this makes many
 * calls, short ones mostly, with lengths of every kind. Figures: docs/performance.md, cold start.
 *
 * <p>It is done bit by bit along with large messages, or {@linkplain #finish at once}. Safe for use by several threads;
 * only who wants to finish waits for others.
 */
final class CipherPractice {
    /** One for the whole virtual machine, as its compiler is: nothing but speed depends on what other sessions did. */
    private static final CipherPractice OF_THIS_VIRTUAL_MACHINE = new CipherPractice(8000);

    private static final CipherPractice NONE = new CipherPractice(0);
    private static final String JDK_PROVIDER = "SunJCE";

    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Exercise exercise;
    private volatile int remaining;

    /**
     * @param steps how often to encrypt and decrypt
     */
    CipherPractice(int steps) {
        this.remaining = steps;
    }

    /** Returns what a provider needs: that of the JDK has its ciphers in Java, others have theirs in native code. */
    static CipherPractice of(Provider provider) {
        return provider.getName().equals(JDK_PROVIDER) ? OF_THIS_VIRTUAL_MACHINE : NONE;
    }

    /** Returns how many steps are still to be taken. */
    int remaining() {
        return remaining;
    }

    /** Practises after a message, the longer the longer it was; not at all while another thread does. */
    void goOn(Provider provider, int messageLength) {
        if (remaining > 0 && messageLength >= BYTES_FOR_A_STEP && lock.tryLock()) {
            try {
                practise(provider, messageLength / BYTES_FOR_A_STEP);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Does all that remains. */
    void finish(Provider provider) {
        lock.lock();
        try {
            practise(provider, remaining);
        } finally {
            lock.unlock();
        }
    }

    private void practise(Provider provider, int most) {
        int before = remaining;
        int steps = Math.min(most, before);
        if (steps == 0) {
            return;
        }
        try {
            Exercise current = exercise;
            if (current == null) {
                current = new Exercise(provider);
                exercise = current;
            }
            for (int step = before; step > before - steps; step--) {
                current.take(lengthOf(step));
            }
            remaining = before - steps;
        } catch (GeneralSecurityException | RuntimeException e) {
            // Whatever is wrong with a cipher, messages show it: practice must not be what fails.
            remaining = 0;
        }
        if (remaining == 0) {
            exercise = null;
        }
    }

    private static int lengthOf(int step) {
        // Not at once: while all is slow, a long one takes a while.
        if (step % STEPS_FOR_A_LARGEST == STEPS_FOR_A_LARGEST / 2) {
            return LARGEST;
        }
        if (step % STEPS_FOR_A_LARGE == 0) {
            return LARGE[step / STEPS_FOR_A_LARGE % LARGE.length];
        }
        return SMALL[step % SMALL.length];
    }

    /** Encrypts zeros and decrypts them again, under a key of zeros, and wipes as messages are wiped. */
    private static final class Exercise {
        private final AeadKey key = new AeadKey(Secret.owning(new byte[AeadKey.LENGTH]), 0);
        private final WarmCipher sealer;
        private final WarmCipher opener;
        private final byte[] nonce = new byte[AesGcm.NONCE_LENGTH];
        private final byte[] prefix = new byte[PREFIX_LENGTH];
        private final byte[] plaintext = new byte[PREFIX_LENGTH + LARGEST];
        private final byte[] sealed = new byte[PREFIX_LENGTH + LARGEST + AesGcm.TAG_LENGTH];
        private int nonces;

        Exercise(Provider provider) throws GeneralSecurityException {
            sealer = new WarmCipher(AesGcm.newCipher(provider));
            opener = new WarmCipher(AesGcm.newCipher(provider));
        }

        void take(int length) throws GeneralSecurityException {
            ByteBuffer.wrap(nonce).putInt(nonces++);
            int sealedLength = sealer.seal(key, nonce, prefix, plaintext, PREFIX_LENGTH, length, sealed, 0);
            int openedLength = opener.open(key, nonce, sealed, 0, sealedLength, plaintext, 0);
            ScratchPool.wipe(plaintext, openedLength);
        }
    }

    private static final int BYTES_FOR_A_STEP = 4096;

    /** As messages have it: it is encrypted apart, and decrypted with what follows. */
    private static final int PREFIX_LENGTH = 16;

    /**
     * Lengths of payloads. The loops of the JDK take 512 bytes at a time, or 7,680 before version 25, and blocks of 16; of
     * each pair one leaves nothing over when it is encrypted, and the other when it is decrypted, 16 bytes longer.
     */
    private static final int[] SMALL = {64, 1024 - 16, 1024, 7680, 7680 - 16, 1001, 512 - 16, 10_000};

    /** From 65,536 bytes on the JDK cuts into parts. */
    private static final int[] LARGE = {76_800, 76_800 - 16, 70_001};

    private static final int STEPS_FOR_A_LARGE = 32;

    /** Long enough that these parts are cut once more, and for the loop of version 25 that takes 1 MiB at a time. */
    private static final int LARGEST = (1 << 20) + 524;

    private static final int STEPS_FOR_A_LARGEST = 1000;
}

package dev.securesession.internal.crypto;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Brings the JDK's AES-GCM to full speed in a virtual machine that has just started, by encrypting and decrypting zeros.
 *
 * <p>That cipher is fast once the JIT compiler has compiled its callers. The compiler counts calls and not bytes, so large
 * messages alone stay slow for half a gigabyte; and it discards compiled code when a branch is taken for the first time,
 * and ciphers branch on the remainder of a length after their loops. So the warm-up makes many calls, most of them
 * short, with lengths of every kind.
 *
 * <p>The work comes in rounds of equal cost. The warm-up ends when half of all rounds have brought no more speed, after
 * {@link #MAX_ROUNDS} rounds or after {@link #MAX_NANOS}, whichever is first. It needs 2.2 MB of memory meanwhile, and
 * never throws: a provider that fails here fails with the first message too, where the failure can be handled.
 *
 * <p>Safe for use by several threads; a thread waits while another one runs the warm-up.
 */
public final class CipherWarmUp {
    static final int MIN_ROUNDS = 16;
    static final int MAX_ROUNDS = 60;
    static final long MAX_NANOS = 2_000_000_000L;

    /** One for the whole virtual machine, because there is one JIT compiler. Only speed depends on it. */
    private static final CipherWarmUp OF_THIS_VIRTUAL_MACHINE = new CipherWarmUp(System::nanoTime);

    private static final String JDK_PROVIDER = "SunJCE";

    private final LongSupplier nanoClock;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicBoolean started = new AtomicBoolean();
    private volatile boolean done;
    private int rounds;

    CipherWarmUp(LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
    }

    public static CipherWarmUp ofThisVirtualMachine() {
        return OF_THIS_VIRTUAL_MACHINE;
    }

    /** Tells whether a provider gains by a warm-up: the JDK's ciphers do, the ciphers of other providers are native code. */
    static boolean helps(Provider provider) {
        return provider.getName().equals(JDK_PROVIDER);
    }

    /** Runs the warm-up, or waits until it is over; returns at once when it is over or the provider needs none. */
    public void run(Provider provider) {
        if (done || !helps(provider)) {
            return;
        }
        started.set(true);
        lock.lock();
        try {
            if (!done) {
                repeat(provider);
            }
        } catch (GeneralSecurityException | RuntimeException | LinkageError e) {
            // The first message will report what is wrong with the provider.
        } catch (OutOfMemoryError e) {
            // The warm-up is not worth the memory that the program needs.
        } finally {
            done = true;
            lock.unlock();
        }
    }

    /** Runs the warm-up on a thread of its own, unless it is running or over, or the provider needs none. */
    public void runInBackground(Provider provider) {
        if (done || !helps(provider) || !started.compareAndSet(false, true)) {
            return;
        }
        Thread thread = new Thread(() -> run(provider), "secure-session-warm-up");
        thread.setDaemon(true);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            // The system has no more threads: messages are slower, and nothing else.
            done = true;
        }
    }

    boolean isDone() {
        return done;
    }

    /** Returns how many rounds there were. */
    int rounds() {
        return rounds;
    }

    private void repeat(Provider provider) throws GeneralSecurityException {
        Exercise exercise = new Exercise(provider);
        long begin = nanoClock.getAsLong();
        long best = Long.MAX_VALUE;
        int bestRound = 0;
        while (rounds < MAX_ROUNDS && !isPlateau(rounds, bestRound)) {
            rounds++;
            long roundBegin = nanoClock.getAsLong();
            for (int step = 0; step < STEPS_OF_A_ROUND; step++) {
                exercise.take(lengthOf(step));
                if (nanoClock.getAsLong() - begin > MAX_NANOS) {
                    return;
                }
            }
            long taken = nanoClock.getAsLong() - roundBegin;
            if (taken < best - best / WORTHWHILE_PART) {
                best = taken;
                bestRound = rounds;
            }
            // Neither in the first rounds nor within the measured time: slow code needs long for so many bytes.
            if (rounds % ROUNDS_FOR_A_LARGEST == ROUNDS_FOR_A_LARGEST / 2) {
                exercise.take(LARGEST);
            }
        }
    }

    private static boolean isPlateau(int rounds, int bestRound) {
        return rounds >= MIN_ROUNDS && bestRound <= rounds / 2;
    }

    private static int lengthOf(int step) {
        if (step % STEPS_FOR_A_LARGE == STEPS_FOR_A_LARGE - 1) {
            return LARGE[step / STEPS_FOR_A_LARGE % LARGE.length];
        }
        return SMALL[step % SMALL.length];
    }

    /** Encrypts zeros and decrypts them again, under a key of zeros, and wipes as messages are wiped. */
    private static final class Exercise {
        private final AesGcm aead;
        private final AeadKey key;
        private final byte[] nonce = new byte[AesGcm.NONCE_LENGTH];
        private final byte[] header = new byte[HEADER_LENGTH];
        private final byte[] plaintext = new byte[HEADER_LENGTH + LARGEST];
        private final byte[] sealed = new byte[HEADER_LENGTH + LARGEST + AesGcm.TAG_LENGTH];
        private int nonces;

        Exercise(Provider provider) {
            aead = new AesGcm(provider);
            key = aead.key(Secret.owning(new byte[AeadKey.LENGTH]));
        }

        void take(int length) throws GeneralSecurityException {
            ByteBuffer.wrap(nonce).putInt(nonces++);
            aead.seal(key, nonce, header, plaintext, HEADER_LENGTH, length, sealed, 0);
            int sealedLength = HEADER_LENGTH + length + AesGcm.TAG_LENGTH;
            aead.open(key, nonce, sealed, 0, sealedLength, plaintext, 0);
            ScratchPool.wipe(plaintext, HEADER_LENGTH + length);
        }
    }

    /** An improvement counts if it is more than 1 / WORTHWHILE_PART. */
    private static final int WORTHWHILE_PART = 20;

    /** As in a message, the header is encrypted by a call of its own, and decrypted together with the payload. */
    private static final int HEADER_LENGTH = 16;

    private static final int STEPS_OF_A_ROUND = 160;

    /**
     * Lengths of payloads. The JDK's loops process 512 bytes at a time (7,680 before version 25), and then blocks of 16. The
     * lengths come in pairs that differ by the 16 bytes of the header: encryption of one of the two leaves no remainder, and
     * so does decryption of the other.
     */
    private static final int[] SMALL = {64, 1024 - 16, 1024, 7680, 7680 - 16, 1001, 512 - 16, 10_000};

    /** The JDK divides texts of 65,536 bytes and more into parts. */
    private static final int[] LARGE = {76_800, 76_800 - 16, 70_001};

    private static final int STEPS_FOR_A_LARGE = 32;

    /** The JDK divides such parts again, and version 25 has a loop for 1 MiB at a time. */
    private static final int LARGEST = (1 << 20) + 524;

    private static final int ROUNDS_FOR_A_LARGEST = 6;
}

package dev.securesession.internal.message;

import dev.securesession.internal.crypto.AesGcm;
import java.time.Clock;
import java.time.Duration;

/** What all sessions of a configuration share: the cipher, the clock and the limits of the rules. */
public final class MessageRules {
    /** A tolerance for those who do not look at the time. */
    public static final Duration ANY_TIME = Duration.ofSeconds(-1);

    final AesGcm aead;
    final int window;
    final boolean inOrder;
    final boolean crossesWrap;
    final int failureLimit;

    private final Clock clock;
    private final long toleranceSeconds;

    /**
     * @param tolerance how far a peer's clock may be off, or {@link #ANY_TIME}
     * @param inOrder whether the next message must be exactly the next one (PROTOCOL.md D-2)
     * @param crossesWrap whether the peer is known to accept sequence numbers across their wrap (D-3)
     */
    @SuppressWarnings("JavaDurationGetSecondsToToSeconds") // Android 8 has no toSeconds.
    public MessageRules(
            AesGcm aead,
            Clock clock,
            int window,
            Duration tolerance,
            boolean inOrder,
            boolean crossesWrap,
            int failureLimit) {
        this.aead = aead;
        this.clock = clock;
        this.window = window;
        this.toleranceSeconds = tolerance.getSeconds();
        this.inOrder = inOrder;
        this.crossesWrap = crossesWrap;
        this.failureLimit = failureLimit;
    }

    long now() {
        return Math.floorDiv(clock.millis(), MILLIS_PER_SECOND);
    }

    /** Tells whether a time is near enough to our clock (PROTOCOL.md D-5). */
    boolean isTimely(long time) {
        if (toleranceSeconds < 0) {
            return true;
        }
        // A time of 2^63 or more reads as negative; our clock is never near it.
        long now = now();
        return time >= 0 && time >= now - toleranceSeconds && time <= now + toleranceSeconds;
    }

    private static final int MILLIS_PER_SECOND = 1000;
}

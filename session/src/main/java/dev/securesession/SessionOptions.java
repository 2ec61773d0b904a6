package dev.securesession;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The settings that the rules leave to the application. The defaults suit sessions with any peer over any transport.
 *
 * <p>Instances are immutable and safe for use by several threads. Most users need none of this.
 */
public final class SessionOptions {
    private static final SessionOptions DEFAULTS = new SessionOptions(new Values());

    private final Values values;

    private SessionOptions(Values values) {
        this.values = values;
    }

    /**
     * Returns the defaults: a window of 1,024 messages, clocks within a day, messages in any order, peers that may be the
     * reference, at most 2^20 forged messages, no session with ourselves, no master secret kept.
     *
     * @return the options to start from
     */
    public static SessionOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns a copy for a transport that delivers as said.
     *
     * @param delivery {@link Delivery#UNORDERED} by default; connections over streams set {@link Delivery#ORDERED}
     *     themselves
     * @return the copy (PROTOCOL.md D-2)
     */
    public SessionOptions withDelivery(Delivery delivery) {
        Values copy = new Values(values);
        copy.delivery = delivery;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy that remembers another number of messages against replay.
     *
     * @param messages how far a message may come behind the newest, 1 to 65,536; 1,024 by default
     * @return the copy (PROTOCOL.md D-1)
     * @throws IllegalArgumentException if the number is outside its range
     */
    public SessionOptions withReplayWindow(int messages) {
        if (messages < 1 || messages > MAX_REPLAY_WINDOW) {
            throw new IllegalArgumentException(
                    "a replay window of " + messages + " messages; it must be 1 to " + MAX_REPLAY_WINDOW);
        }
        Values copy = new Values(values);
        copy.replayWindow = messages;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy that bears another difference between the clocks of the peers.
     *
     * @param tolerance whole seconds count, 0 or more; a day by default. Peers over the reference bear a day.
     * @return the copy (PROTOCOL.md D-5)
     * @throws IllegalArgumentException if the tolerance is negative, or longer than 10,000 days
     */
    public SessionOptions withClockTolerance(Duration tolerance) {
        if (tolerance.isNegative() || tolerance.compareTo(MAX_CLOCK_TOLERANCE) > 0) {
            throw new IllegalArgumentException(
                    "a time tolerance of " + tolerance + "; it must be 0 to " + MAX_CLOCK_TOLERANCE);
        }
        Values copy = new Values(values);
        copy.clockTolerance = tolerance;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy that does not look at the time in messages. Replay is refused all the same.
     *
     * @return the copy (PROTOCOL.md D-5)
     */
    public SessionOptions withoutTimestampCheck() {
        Values copy = new Values(values);
        copy.clockTolerance = null;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy for peers that are known to go on when sequence numbers wrap at 2^32, as this library does. The
     * reference does not, so by default a session ends before that.
     *
     * @return the copy (PROTOCOL.md D-3)
     */
    public SessionOptions withSequenceWrap() {
        Values copy = new Values(values);
        copy.sequenceWrap = true;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy with another bound on messages that fail authentication, after which a session opens no more.
     *
     * @param messages 1 or more; 2^20 by default
     * @return the copy (PROTOCOL.md D-8)
     * @throws IllegalArgumentException if the bound is less than 1
     */
    public SessionOptions withFailureLimit(int messages) {
        if (messages < 1) {
            throw new IllegalArgumentException("a limit of " + messages + " failures; it must be 1 or more");
        }
        Values copy = new Values(values);
        copy.failureLimit = messages;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy that allows a peer with our own id and our own key, for a session of a service with itself.
     *
     * @return the copy (PROTOCOL.md H-6)
     */
    public SessionOptions withSelfAllowed() {
        Values copy = new Values(values);
        copy.selfAllowed = true;
        return new SessionOptions(copy);
    }

    /**
     * Returns a copy whose sessions keep their master secret, so that {@link SecureSession#saveUnsealedTssc()} can write
     * it into the form that the reference reads. Without, the master secret is dropped once the keys are derived.
     *
     * @return the copy (PROTOCOL.md M-2)
     */
    public SessionOptions withTsscExport() {
        Values copy = new Values(values);
        copy.tsscExport = true;
        return new SessionOptions(copy);
    }

    Delivery delivery() {
        return values.delivery;
    }

    int replayWindow() {
        return values.replayWindow;
    }

    /** The tolerance, or null when nobody looks at the time. */
    @Nullable
    Duration clockTolerance() {
        return values.clockTolerance;
    }

    boolean sequenceWrap() {
        return values.sequenceWrap;
    }

    int failureLimit() {
        return values.failureLimit;
    }

    boolean selfAllowed() {
        return values.selfAllowed;
    }

    boolean tsscExport() {
        return values.tsscExport;
    }

    /** The settings; written only while a copy is made. */
    private static final class Values {
        Delivery delivery = Delivery.UNORDERED;
        int replayWindow = 1024;

        @Nullable
        Duration clockTolerance = Duration.ofDays(1);

        boolean sequenceWrap;
        int failureLimit = 1 << 20;
        boolean selfAllowed;
        boolean tsscExport;

        Values() {}

        Values(Values other) {
            delivery = other.delivery;
            replayWindow = other.replayWindow;
            clockTolerance = other.clockTolerance;
            sequenceWrap = other.sequenceWrap;
            failureLimit = other.failureLimit;
            selfAllowed = other.selfAllowed;
            tsscExport = other.tsscExport;
        }
    }

    private static final int MAX_REPLAY_WINDOW = 65_536;
    private static final Duration MAX_CLOCK_TOLERANCE = Duration.ofDays(10_000);
}

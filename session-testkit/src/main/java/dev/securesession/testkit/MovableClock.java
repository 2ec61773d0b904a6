package dev.securesession.testkit;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/**
 * A clock that stands still until a test moves it, forwards or backwards. Safe for use by several threads.
 *
 * <pre>{@code
 * MovableClock clock = MovableClock.at(Instant.ofEpochSecond(1_795_402_928));
 * clock.moveBy(Duration.ofDays(1));
 * }</pre>
 */
public final class MovableClock extends Clock {
    private final Hands hands;
    private final ZoneId zone;

    private MovableClock(Hands hands, ZoneId zone) {
        this.hands = hands;
        this.zone = zone;
    }

    /**
     * Returns a clock that shows this time.
     *
     * @param start the time to start from
     * @return a new clock, in UTC
     */
    public static MovableClock at(Instant start) {
        return new MovableClock(new Hands(start), ZoneOffset.UTC);
    }

    /**
     * Moves the clock.
     *
     * @param step how far; negative to go back
     */
    public void moveBy(Duration step) {
        synchronized (hands) {
            hands.time = hands.time.plus(step);
        }
    }

    /**
     * Sets the clock.
     *
     * @param time what it shows from now on
     */
    public void moveTo(Instant time) {
        synchronized (hands) {
            hands.time = time;
        }
    }

    @Override
    public Instant instant() {
        synchronized (hands) {
            return hands.time;
        }
    }

    @Override
    public ZoneId getZone() {
        return zone;
    }

    /**
     * Returns the same clock in another time zone: moving one moves both.
     *
     * @param other the zone
     * @return a view of this clock
     */
    @Override
    public MovableClock withZone(ZoneId other) {
        return new MovableClock(hands, other);
    }

    @Override
    public String toString() {
        return "clock at " + instant();
    }

    /** What the views of one clock in different zones share; guarded by itself. */
    private static final class Hands {
        Instant time;

        Hands(Instant time) {
            this.time = time;
        }
    }
}

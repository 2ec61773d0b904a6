package dev.securesession.cli.peer;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/** The clock of the system, until it is stopped at some other time. */
final class MovableClock extends Clock {
    private volatile @Nullable Instant stopped;

    private MovableClock() {}

    static MovableClock running() {
        return new MovableClock();
    }

    void stopAt(Instant time) {
        stopped = time;
    }

    void restart() {
        stopped = null;
    }

    @Override
    public Instant instant() {
        Instant time = stopped;
        return time == null ? Clock.systemUTC().instant() : time;
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("this clock knows no zones");
    }
}

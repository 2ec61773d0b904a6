package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Closing in the background. */
class WatchdogTest {
    private final AtomicInteger closed = new AtomicInteger();

    @Test
    void closesOnTheThreadThatItIsGiven() {
        AtomicInteger started = new AtomicInteger();
        Watchdog.closeOn(
                task -> {
                    started.incrementAndGet();
                    assertThat(closed).hasValue(0);
                    task.run();
                },
                closed::incrementAndGet);

        assertThat(started).hasValue(1);
        assertThat(closed).hasValue(1);
    }

    /** A system without threads must not keep the connection that is to make room for others. */
    @Test
    void closesOnTheThreadOfTheCallerWhenTheSystemGrantsNone() {
        Watchdog.closeOn(
                task -> {
                    throw new OutOfMemoryError("for a test");
                },
                closed::incrementAndGet);

        assertThat(closed).hasValue(1);
    }
}

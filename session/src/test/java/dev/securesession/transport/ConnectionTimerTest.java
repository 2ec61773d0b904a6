package dev.securesession.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.Delivery;
import dev.securesession.testkit.MemoryTransport;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Timers run when the test says so: no time passes here. */
@Timeout(60)
class ConnectionTimerTest {
    private static final Duration IDLE = Duration.ofHours(2);
    private static final Deadline SEND = Deadline.after(Duration.ofHours(1));

    /** Not taken off when they are cancelled: what is cancelled tells whether it is. */
    private final Queue<FutureTask<?>> scheduled = new ConcurrentLinkedQueue<>();

    private final ConnectionTimer timer =
            new ConnectionTimer(MemoryTransport.create(Delivery.ORDERED), IDLE, (task, delayNanos) -> {
                FutureTask<?> later = new FutureTask<>(task, null);
                scheduled.add(later);
                return later;
            });

    /** A thread that schedules the timer for the idle timeout may meet a send that needs an earlier one. */
    @Test
    void aTimerIsLeftWhateverTwoThreadsSchedule() throws Exception {
        try (Threads threads = new Threads()) {
            Future<?> sending = threads.run(() -> {
                for (int i = 0; i < SENDS; i++) {
                    timer.beginSend(SEND);
                    timer.endSend();
                }
                return null;
            });
            while (!sending.isDone()) {
                FutureTask<?> next = scheduled.poll();
                if (next != null) {
                    next.run();
                }
            }
            Threads.await(sending);
        }
        // All of them fire at last; one that is lost is waited for by all later ones.
        for (int i = 0; i < 3; i++) {
            assertThat(scheduled).as("timers that fire").anyMatch(task -> !task.isDone());
            fireAll();
        }
    }

    @Test
    void anEarlierTimerReplacesALaterOne() {
        timer.beginSend(SEND);

        assertThat(scheduled).hasSize(2).filteredOn(task -> !task.isDone()).containsExactly(last());
    }

    @Test
    void nothingIsScheduledAfterTheEnd() {
        timer.stop();
        timer.beginSend(SEND);

        assertThat(scheduled).allMatch(FutureTask::isCancelled);
    }

    private void fireAll() {
        for (int left = scheduled.size(); left > 0; left--) {
            scheduled.remove().run();
        }
    }

    private FutureTask<?> last() {
        return scheduled.stream().reduce((earlier, later) -> later).orElseThrow();
    }

    private static final int SENDS = 1_000_000;
}

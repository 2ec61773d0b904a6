package dev.securesession.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HandshakeThreadsTest {
    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("loop", true), NioIoHandler.newFactory());
    private final AtomicLong clock = new AtomicLong();
    private final HandshakeThreads threads = new HandshakeThreads(loops, 1, clock::get);

    @AfterEach
    void close() {
        threads.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void aStepRunsOnItsEventLoop() throws Exception {
        assertThat(threadOf(1)).startsWith("loop");
        assertThat(threadOf(1)).startsWith("loop");
    }

    @Test
    void stepsBeyondTheShareRunElsewhere() throws Exception {
        assertThat(threadOf(HandshakeThreads.SHARE_NANOS - 1)).startsWith("loop");
        assertThat(threadOf(1)).startsWith("loop");
        assertThat(threadOf(1)).startsWith("tunnel-handshake");
    }

    @Test
    void aStepThatFailsCountsAsWell() throws Exception {
        onLoop(() -> {
            assertThatThrownBy(() -> threads.execute(() -> {
                        clock.addAndGet(HandshakeThreads.SHARE_NANOS);
                        throw new IllegalStateException("a defect");
                    }))
                    .isInstanceOf(IllegalStateException.class);
            return null;
        });
        assertThat(threadOf(1)).startsWith("tunnel-handshake");
    }

    @Test
    void eachWindowHasAShareOfItsOwn() throws Exception {
        assertThat(threadOf(HandshakeThreads.SHARE_NANOS)).startsWith("loop");
        clock.addAndGet(HandshakeThreads.WINDOW_NANOS - HandshakeThreads.SHARE_NANOS - 1);
        assertThat(threadOf(1)).startsWith("tunnel-handshake");
        clock.incrementAndGet();
        assertThat(threadOf(1)).startsWith("loop");
    }

    @Test
    void aLongStepUsesUpTheSharesOfLaterWindows() throws Exception {
        assertThat(threadOf(20 * HandshakeThreads.SHARE_NANOS)).startsWith("loop");
        assertThat(threadOf(1)).startsWith("tunnel-handshake");
        clock.addAndGet(9 * HandshakeThreads.WINDOW_NANOS);
        assertThat(threadOf(1)).startsWith("tunnel-handshake");
        clock.addAndGet(HandshakeThreads.WINDOW_NANOS);
        assertThat(threadOf(1)).startsWith("loop");
    }

    @Test
    void otherThreadsNeverRunThemAtOnce() throws Exception {
        CompletableFuture<String> name = new CompletableFuture<>();
        threads.execute(() -> name.complete(Thread.currentThread().getName()));

        assertThat(name.get()).startsWith("tunnel-handshake");
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        Runnable waiting = () -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        int processors = Runtime.getRuntime().availableProcessors();
        for (int i = 0; i < processors + 1; i++) {
            threads.execute(waiting);
        }
        assertThatThrownBy(() -> threads.execute(waiting)).isInstanceOf(RejectedExecutionException.class);
        end.countDown();
    }

    /** Returns the name of the thread that runs a step of so many nanoseconds. */
    private String threadOf(long nanos) throws Exception {
        CompletableFuture<String> name = new CompletableFuture<>();
        onLoop(() -> {
            threads.execute(() -> {
                String thread = Thread.currentThread().getName();
                if (thread.startsWith("loop")) {
                    clock.addAndGet(nanos);
                }
                name.complete(thread);
            });
            return null;
        });
        return name.get();
    }

    private void onLoop(Callable<Void> task) throws Exception {
        loops.submit(task).get();
    }
}

package dev.securesession.cli.operations;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that change are read again, whatever has gone wrong before. */
@Timeout(120)
class ReloadTest {
    @TempDir
    private Path directory;

    private final StringWriter logged = new StringWriter();
    private final EventLog log = new EventLog(new PrintWriter(logged, true), LogFormat.TEXT, InstantSource.system());

    @Test
    void fullHeapEndsNoReloading() throws Exception {
        Path file = Files.writeString(directory.resolve("peers"), "first");
        CountDownLatch reloaded = new CountDownLatch(1);
        AtomicInteger asked = new AtomicInteger();
        Operations.Reloadable reloadable = new Operations.Reloadable() {
            @Override
            public Collection<Path> files() {
                if (asked.incrementAndGet() == 2) {
                    throw new OutOfMemoryError("of the test");
                }
                return List.of(file);
            }

            @Override
            public String reload() {
                reloaded.countDown();
                return "done";
            }
        };
        Operations operations =
                new Operations(log, OperationsOptions.Choice.EVERYTHING, new ServiceManager(Map.of(), log), null, null);
        Thread running = new Thread(() -> {
            try {
                operations.run(reloadable, "ready", Duration.ZERO);
            } catch (InterruptedException end) {
                return; // The test is over.
            } catch (Exception | Error e) {
                throw new AssertionError(e);
            }
        });
        running.start();
        try {
            // Again and again: the first change may be part of what is read at the start.
            for (int changes = 1; !reloaded.await(5, TimeUnit.SECONDS); changes++) {
                assertThat(running.isAlive()).as("goes on after the error").isTrue();
                Files.writeString(file, "x".repeat(changes));
            }
        } finally {
            running.interrupt();
            running.join();
            operations.close();
        }
        assertThat(logged.toString().lines())
                .anyMatch(line -> line.contains("warning: ") && line.contains("OutOfMemoryError"))
                .last()
                .asString()
                .endsWith("reloaded (a file changed): done");
    }
}

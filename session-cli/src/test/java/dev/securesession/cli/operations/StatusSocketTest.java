package dev.securesession.cli.operations;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("try") // The sockets are only there.
@Timeout(60)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "modes of files")
class StatusSocketTest {
    @TempDir
    Path directory;

    @Test
    void clientsThatDoNotReadHoldUpNobody() throws Exception {
        String table = "x".repeat(10_000_000);
        Path path = directory.resolve("s");
        List<SocketChannel> silent = new ArrayList<>();
        try (StatusSocket socket = StatusSocket.listen(path, () -> "{}", () -> table)) {
            for (int i = 0; i < 3; i++) {
                silent.add(SocketChannel.open(UnixDomainSocketAddress.of(path)));
            }
            assertThat(StatusSocket.ask("unix:" + path)).isEqualTo("{}\n" + table);
        } finally {
            for (SocketChannel each : silent) {
                each.close();
            }
        }
    }

    @Test
    void failureOfOneAnswerEndsNotTheOthers() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Path path = directory.resolve("s");
        try (StatusSocket socket = StatusSocket.listen(
                path,
                () -> {
                    if (asked.incrementAndGet() == 1) {
                        throw new IllegalStateException("broken");
                    }
                    return "{}";
                },
                () -> "table")) {
            assertThat(StatusSocket.ask("unix:" + path)).isEmpty();
            assertThat(StatusSocket.ask("unix:" + path)).isEqualTo("{}\ntable");
        }
        assertThat(path).doesNotExist();
    }
}

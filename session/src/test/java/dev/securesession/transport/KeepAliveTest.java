package dev.securesession.transport;

import static dev.securesession.rules.Rule.Kind.ACCEPTS;
import static dev.securesession.rules.Rule.Kind.REFUSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.securesession.rules.Rule;
import dev.securesession.testkit.Pair;
import java.io.EOFException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Streams that keep their connections alive by themselves. */
class KeepAliveTest {
    private static final ConnectionOptions DEFAULTS = ConnectionOptions.defaults();
    private static final ConnectionOptions BUSY = DEFAULTS.withKeepAlive(Duration.ofMillis(50));
    private static final Duration PATIENCE = Duration.ofSeconds(Threads.PATIENCE_SECONDS);
    private static final byte[] KEEP_ALIVE = {4};

    private final List<AutoCloseable> resources = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : resources) {
            resource.close();
        }
    }

    @Test
    @Rule(value = "ST-7", kind = ACCEPTS)
    void anIdleStreamSendsKeepAlives() throws Exception {
        Ends ends = connect(BUSY, DEFAULTS);
        SecureStream stream = stream(ends.client);
        for (int i = 0; i < 3; i++) {
            assertThat(ends.server.receive(PATIENCE)).hasValue(KEEP_ALIVE);
        }
        stream.shutdownOutput();
        Optional<byte[]> next = ends.server.receive(PATIENCE);
        while (next.isPresent() && next.get()[0] == KEEP_ALIVE[0]) {
            next = ends.server.receive(PATIENCE);
        }
        assertThat(next).hasValue(new byte[] {2});
        assertThat(ends.server.receive(PATIENCE)).as("after END").hasValue(KEEP_ALIVE);
    }

    @Test
    @Rule(value = "ST-7", kind = ACCEPTS)
    void aStreamThatWaitsForAnAcknowledgementSendsThem() throws Exception {
        Ends ends = connect(BUSY, DEFAULTS);
        SecureStream stream = stream(ends.client);
        stream.shutdownOutput();
        ends.server.send(new byte[] {2});
        assertThat(stream.input().read()).isEqualTo(-1);
        stream.acknowledge();
        byte[] last = {0};
        while (last[0] != 5) {
            last = ends.server.receive(PATIENCE).orElseThrow();
        }
        assertThat(ends.server.receive(PATIENCE)).as("after ACK").hasValue(KEEP_ALIVE);

        ends.server.send(new byte[] {5});
        stream.awaitAcknowledgement();
    }

    /** The connection is quiet for twice the idle timeout of its peer. */
    @Test
    @Rule(value = "ST-7", kind = ACCEPTS)
    void keepAlivesOutliveAnIdleTimeout() throws Exception {
        Ends ends = connect(BUSY, DEFAULTS.withIdleTimeout(Duration.ofSeconds(2)));
        SecureStream client = stream(ends.client);
        SecureStream server = stream(ends.server);
        server.setReadTimeout(Duration.ofSeconds(4));
        assertThatThrownBy(() -> server.input().read())
                .isInstanceOf(SocketTimeoutException.class)
                .hasMessageNotContaining("idle");

        client.output().write(7);
        assertThat(server.input().read()).isEqualTo(7);
    }

    @Test
    void withoutTheSettingAnIdleStreamIsClosed() throws Exception {
        Ends ends = connect(DEFAULTS, DEFAULTS.withIdleTimeout(Duration.ofMillis(200)));
        SecureStream client = stream(ends.client);
        SecureStream server = stream(ends.server);

        assertThatThrownBy(() -> server.input().read()).hasMessageContaining("idle");
        assertThatThrownBy(() -> client.input().read()).isInstanceOf(EOFException.class);
    }

    @Test
    @Rule(value = "ST-7", kind = REFUSES)
    void aStreamThatWasAbortedOrClosedSendsNone() throws Exception {
        for (boolean aborted : new boolean[] {true, false}) {
            Ends ends = connect(BUSY, DEFAULTS);
            SecureStream stream = stream(ends.client);
            assertThat(ends.server.receive(PATIENCE)).hasValue(KEEP_ALIVE);
            if (aborted) {
                stream.abort(256, "");
            } else {
                stream.close();
            }
            byte[] last = KEEP_ALIVE;
            for (Optional<byte[]> next = ends.server.receive(PATIENCE);
                    next.isPresent();
                    next = ends.server.receive(PATIENCE)) {
                last = next.get();
            }
            assertThat(last).startsWith(3);
        }
    }

    /** Nobody would tell a keep-alive from a payload. */
    @Test
    @Rule(value = "ST-7", kind = REFUSES)
    void aConnectionWithoutAStreamSendsNone() throws Exception {
        Ends ends = connect(BUSY, DEFAULTS);

        assertThatThrownBy(() -> ends.server.receive(Duration.ofMillis(300)))
                .isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void aPeerThatDoesNotReadHoldsUpNoOtherStream() throws Exception {
        for (int i = 0; i < 40; i++) {
            stream(connect(BUSY, DEFAULTS).client);
        }
        Ends ends = connect(BUSY, DEFAULTS);
        stream(ends.client);
        for (int i = 0; i < 5; i++) {
            assertThat(ends.server.receive(PATIENCE)).hasValue(KEEP_ALIVE);
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .as("timers of 41 streams")
                .filteredOn(thread -> thread.getName().startsWith("secure-session-timers"))
                .hasSize(1);
    }

    @Test
    void refusesIntervalsOutsideTheirRange() {
        assertThatThrownBy(() -> DEFAULTS.withKeepAlive(Duration.ofMillis(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("keep-alive");
        assertThatThrownBy(() -> DEFAULTS.withKeepAlive(Duration.ofDays(2)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private SecureStream stream(SecureConnection connection) {
        SecureStream stream = SecureStream.over(connection);
        resources.add(stream);
        return stream;
    }

    private Ends connect(ConnectionOptions client, ConnectionOptions server) throws Exception {
        Loopback loopback = Loopback.open();
        resources.add(loopback);
        Pair.Sessions sessions = Pair.create().establish();
        resources.add(sessions);
        return new Ends(
                SecureConnection.over(StreamTransport.of(loopback.client, client.framing()), sessions.client(), client),
                SecureConnection.over(
                        StreamTransport.of(loopback.server, server.framing()), sessions.server(), server));
    }

    private record Ends(SecureConnection client, SecureConnection server) {}
}

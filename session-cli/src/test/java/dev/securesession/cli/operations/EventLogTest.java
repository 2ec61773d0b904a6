package dev.securesession.cli.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.securesession.PeerId;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EventLogTest {
    private final StringWriter written = new StringWriter();
    private final List<EventLog> logs = new ArrayList<>();
    private Instant now = Instant.parse("2026-11-25T10:00:00Z");

    @Test
    void endedConnectionIsOneLineForPeople() {
        log(LogFormat.TEXT).closed(ended("", "alice", "db", false, "the peer aborted: disk full"));

        assertThat(lines())
                .containsExactly(
                        "2026-11-25T10:00:00.000Z \"alice\" from 10.0.0.7:4000 to db, session 1a2b3c4d: the peer aborted: disk full, "
                                + "12 bytes to the target and 34 back in 1.500 s");
    }

    @Test
    void laterConnectionsOfASessionAreNumbered() {
        log(LogFormat.TEXT)
                .closed(new EventLog.Ended(
                        "",
                        PeerId.ofUtf8("alice"),
                        "10.0.0.7:4000",
                        "1a2b3c4d",
                        3,
                        "",
                        0,
                        0,
                        Duration.ZERO,
                        true,
                        "complete"));

        assertThat(written()).contains("from 10.0.0.7:4000, session 1a2b3c4d (3): complete, ");
    }

    @Test
    void endedConnectionIsOneJsonObject() {
        log(LogFormat.JSON).closed(ended("web", "alice", "", true, "complete"));

        assertThat(lines())
                .containsExactly("{\"time\":\"2026-11-25T10:00:00.000Z\",\"level\":\"info\",\"event\":\"closed\","
                        + "\"tunnel\":\"web\",\"peer\":\"alice\",\"remote\":\"10.0.0.7:4000\",\"session\":\"1a2b3c4d\",\"number\":1,\"target\":\"\","
                        + "\"bytesToTarget\":12,\"bytesFromTarget\":34,\"seconds\":1.5,\"complete\":true,"
                        + "\"reason\":\"complete\"}");
    }

    @ParameterizedTest
    @EnumSource(LogFormat.class)
    void textOfPeersCannotForgeLines(LogFormat format) {
        log(format)
                .closed(ended(
                        "", "\n", "db", false, "gone\n2026-11-25T10:00:00Z closed \u001b[31m\u202e\u2028\u0000x"));

        assertThat(lines()).hasSize(1);
        assertThat(written().strip().chars()).allMatch(c -> c >= 0x20 && c != 0x7F && c != 0x202e && c != 0x2028);
    }

    @Test
    void longTextOfPeersIsCut() {
        log(LogFormat.TEXT).refused(refusal("", "10.0.0.7:1", "x".repeat(100_000)));

        assertThat(written()).hasSizeLessThan(1100);
    }

    @Test
    void floodOfRefusalsIsCounted() {
        EventLog log = log(LogFormat.TEXT);
        for (int i = 0; i < 317; i++) {
            log.refused(refusal("", "10.0.0.7:" + i, "handshake timed out"));
        }
        assertThat(lines()).hasSize(5).allMatch(line -> line.contains("refused 10.0.0.7:"));

        now = now.plusSeconds(9);
        log.tick();
        assertThat(lines()).hasSize(5);

        now = now.plusSeconds(1);
        log.tick();
        log.tick();
        assertThat(lines()).hasSize(6);
        assertThat(lines().get(5))
                .endsWith("and 312 more refused connections in 10 s, the last one 10.0.0.7:316: handshake timed out");

        log.refused(refusal("", "10.0.0.8:1", "unknown peer"));
        assertThat(lines()).hasSize(7);
    }

    @Test
    void fewRefusalsAreNotSummarized() {
        EventLog log = log(LogFormat.TEXT);
        for (int i = 0; i < EventLog.MAX_SINGLE; i++) {
            log.refused(refusal("web", "10.0.0.7:1", "unknown peer"));
        }
        now = now.plus(EventLog.PERIOD);
        log.tick();
        log.flush();

        assertThat(lines())
                .hasSize(EventLog.MAX_SINGLE)
                .allMatch(line -> line.contains(" warning: web: refused 10.0.0.7:1: unknown"));
    }

    @Test
    void refusalsOfTheLastMomentAreCountedAtTheEnd() {
        EventLog log = log(LogFormat.JSON);
        for (int i = 0; i < 7; i++) {
            log.refused(refusal("", "10.0.0.7:1", "unknown peer"));
        }
        log.flush();

        assertThat(lines().get(5)).contains("\"event\":\"refused-more\",\"count\":2,");
    }

    @Test
    void clockThatIsSetBackDoesNotSilenceTheLog() {
        EventLog log = log(LogFormat.TEXT);
        for (int i = 0; i < 10; i++) {
            log.refused(refusal("", "10.0.0.7:1", "unknown peer"));
        }
        now = now.minus(Duration.ofHours(1));
        log.refused(refusal("", "10.0.0.7:1", "unknown peer"));

        assertThat(lines()).hasSize(7);
    }

    @Test
    void warningsSayThatTheyAre() {
        EventLog log = log(LogFormat.TEXT);
        log.warn("reload-refused", "peers.txt:3: not a key");
        log.info("reload-applied", "reloaded");

        assertThat(lines().get(0)).endsWith("Z warning: peers.txt:3: not a key");
        assertThat(lines().get(1)).endsWith("Z reloaded");
    }

    @Test
    void refusalNamesItsSessionAndItsKind() {
        EventLog.Refused refused =
                new EventLog.Refused("web", "10.0.0.7:1", "1a2b3c4d", "peer_limit", "\"alice\" has 5 connections");
        log(LogFormat.TEXT).refused(refused);
        log(LogFormat.JSON).refused(refused);

        assertThat(lines())
                .containsExactly(
                        "2026-11-25T10:00:00.000Z warning: web: refused 10.0.0.7:1, session 1a2b3c4d: \"alice\" has 5"
                                + " connections",
                        "{\"time\":\"2026-11-25T10:00:00.000Z\",\"level\":\"warning\",\"event\":\"refused\","
                                + "\"tunnel\":\"web\",\"remote\":\"10.0.0.7:1\",\"session\":\"1a2b3c4d\","
                                + "\"kind\":\"peer_limit\",\"reason\":\"\\\"alice\\\" has 5 connections\"}");
    }

    @Test
    void timesHaveOneWidth() {
        for (String time : List.of("2026-11-25T10:00:00Z", "2026-11-25T10:00:00.120Z", "2026-11-25T10:00:00.123456Z")) {
            now = Instant.parse(time);
            log(LogFormat.TEXT).info("event", "x");
        }
        assertThat(lines())
                .containsExactly(
                        "2026-11-25T10:00:00.000Z x", "2026-11-25T10:00:00.120Z x", "2026-11-25T10:00:00.123Z x");
    }

    @ParameterizedTest
    @EnumSource(LogFormat.class)
    @Timeout(120)
    void linesThatNobodyReadsAreDroppedAndCounted(LogFormat format) throws Exception {
        StoppedReader reader = new StoppedReader();
        EventLog log = new EventLog(new PrintWriter(reader, true), format, () -> now);
        log.info("event", "first");
        reader.awaitBlocked();
        for (int i = 0; i < LineWriter.MAX_WAITING + 3; i++) {
            log.info("event", "event " + i);
        }
        reader.read();
        assertThat(log.awaitWritten(PATIENCE)).isTrue();
        log.info("event", "last");
        log.close();

        List<String> lines = reader.toString().lines().toList();
        assertThat(lines).hasSize(LineWriter.MAX_WAITING + 3);
        assertThat(lines.get(0)).contains("first");
        for (int i = 0; i < LineWriter.MAX_WAITING; i++) {
            assertThat(lines.get(i + 1)).contains("event " + i);
        }
        assertThat(lines.get(lines.size() - 2))
                .contains(
                        format == LogFormat.JSON
                                ? "\"level\":\"warning\",\"event\":\"dropped\",\"count\":3}"
                                : "Z warning: 3 lines are missing here");
        assertThat(lines.get(lines.size() - 1)).contains("last");
    }

    /** A full heap lets a line fail, and is not full for ever. */
    @Test
    @Timeout(120)
    void lineThatCannotBeWrittenIsCountedAndNotTheLast() throws Exception {
        AtomicBoolean full = new AtomicBoolean(true);
        Writer failing = new FilterWriter(written) {
            @Override
            public void write(String text, int at, int length) throws IOException {
                if (full.getAndSet(false)) {
                    throw new OutOfMemoryError("of the test");
                }
                super.write(text, at, length);
            }
        };
        EventLog log = new EventLog(new PrintWriter(failing, true), LogFormat.JSON, () -> now);
        log.info("event", "first");
        assertThat(log.awaitWritten(PATIENCE)).isTrue();
        log.info("event", "second");
        log.close();

        assertThat(written.toString().lines().toList())
                .satisfiesExactly(
                        line -> assertThat(line).contains("\"level\":\"warning\",\"event\":\"dropped\",\"count\":1}"),
                        line -> assertThat(line).contains("second"));
    }

    @Test
    void idInJsonIsTheIdItself() {
        assertThat(EventLog.name(PeerId.ofUtf8("bob"))).isEqualTo("bob");
        assertThat(EventLog.name(PeerId.ofUtf8("b\"\n"))).isEqualTo("b\"\n");
        assertThat(EventLog.name(PeerId.of(new byte[] {(byte) 0xFF}))).isEqualTo("0xff");
    }

    private static EventLog.Refused refusal(String tunnel, String remote, String reason) {
        return new EventLog.Refused(tunnel, remote, "", "handshake", reason);
    }

    private static EventLog.Ended ended(String tunnel, String peer, String target, boolean complete, String reason) {
        return new EventLog.Ended(
                tunnel,
                PeerId.ofUtf8(peer),
                "10.0.0.7:4000",
                "1a2b3c4d",
                1,
                target,
                12,
                34,
                Duration.ofMillis(1500),
                complete,
                reason);
    }

    private EventLog log(LogFormat format) {
        written(); // The lines of an earlier log come first.
        EventLog log = new EventLog(new PrintWriter(written, true), format, () -> now);
        logs.add(log);
        return log;
    }

    private List<String> lines() {
        return written().lines().toList();
    }

    private String written() {
        try {
            for (EventLog log : logs) {
                assertThat(log.awaitWritten(PATIENCE)).isTrue();
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return written.toString();
    }

    @AfterEach
    void close() {
        logs.forEach(EventLog::close);
    }

    /** Takes nothing until it is opened. */
    private static final class StoppedReader extends StringWriter {
        private final CountDownLatch open = new CountDownLatch(1);
        private final CountDownLatch blocked = new CountDownLatch(1);

        void read() {
            open.countDown();
        }

        void awaitBlocked() throws InterruptedException {
            assertThat(blocked.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public void write(String text, int at, int length) {
            blocked.countDown();
            try {
                open.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            super.write(text, at, length);
        }
    }

    private static final Duration PATIENCE = Duration.ofSeconds(60);
}

package dev.securesession.cli.operations;

import dev.securesession.PeerId;
import dev.securesession.cli.command.Json;
import dev.securesession.internal.base.VisibleText;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Writes what happens in tunnels, one line each, for people or as JSON.
 *
 * <p>Text of peers never breaks a line: control characters and invisible ones are replaced in text and escaped in JSON.
 * Refused connections are logged one by one up to {@value #MAX_SINGLE} in 10 seconds; the others are counted, and {@link #tick}
 * writes one line for them. No method but {@link #close} waits for the reader of the log: lines that it does not read in time are
 * dropped, and a line says how many. Safe for use by several threads.
 */
public final class EventLog implements AutoCloseable {
    private final LineWriter lines;
    private final LogFormat format;
    private final InstantSource clock;

    private int inPeriod;
    private long suppressed;
    private String lastRemote = "";
    private String lastReason = "";
    private long periodBegin;

    public EventLog(PrintWriter out, LogFormat format, InstantSource clock) {
        this.format = format;
        this.clock = clock;
        this.periodBegin = clock.millis();
        this.lines = new LineWriter(out, this::lineOfDropped);
    }

    /** Logs an event of the program itself. */
    public void info(String event, String sentence) {
        write("info", event, Map.of("message", sentence), sentence);
    }

    /** Logs an event that somebody should look at. */
    public void warn(String event, String sentence) {
        write("warning", event, Map.of("message", sentence), "warning: " + sentence);
    }

    /** Logs the end of a connection. */
    public void closed(Ended ended) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (!ended.tunnel.isEmpty()) {
            fields.put("tunnel", ended.tunnel);
        }
        fields.put("peer", name(ended.peer));
        fields.put("remote", ended.remote);
        fields.put("session", ended.session);
        fields.put("number", ended.number);
        fields.put("target", ended.target);
        fields.put("bytesToTarget", ended.bytesToTarget);
        fields.put("bytesFromTarget", ended.bytesFromTarget);
        fields.put("seconds", Double.valueOf(seconds(ended.duration)));
        fields.put("complete", ended.complete);
        fields.put("reason", ended.reason);
        write(
                "info",
                "closed",
                fields,
                prefix(ended.tunnel)
                        + String.format(
                                Locale.ROOT,
                                "%s from %s%s%s: %s, %,d bytes to the target and %,d back in %.3f s",
                                ended.peer,
                                ended.remote,
                                ended.target.isEmpty() ? "" : " to " + ended.target,
                                session(ended.session) + number(ended.number),
                                ended.reason,
                                ended.bytesToTarget,
                                ended.bytesFromTarget,
                                ended.duration.toMillis() / 1000.0));
    }

    private static String prefix(String tunnel) {
        return tunnel.isEmpty() ? "" : tunnel + ": ";
    }

    private static String session(String session) {
        return session.isEmpty() ? "" : ", session " + session;
    }

    private static String number(int number) {
        return number > 1 ? " (" + number + ")" : "";
    }

    /** Returns the id of a peer as it is if it is text: JSON needs no quotes around it, and escapes what is not visible. */
    static String name(PeerId peer) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(peer.toBytes()))
                    .toString();
        } catch (CharacterCodingException e) {
            return peer.toString();
        }
    }

    /** Logs a connection that was refused before it was opened, or counts it. */
    public synchronized void refused(Refused refused) {
        tick();
        if (inPeriod < MAX_SINGLE) {
            inPeriod++;
            Map<String, Object> fields = new LinkedHashMap<>();
            if (!refused.tunnel.isEmpty()) {
                fields.put("tunnel", refused.tunnel);
            }
            fields.put("remote", refused.remote);
            if (!refused.session.isEmpty()) {
                fields.put("session", refused.session);
            }
            fields.put("kind", refused.kind);
            fields.put("reason", refused.reason);
            write(
                    "warning",
                    "refused",
                    fields,
                    "warning: " + prefix(refused.tunnel) + "refused " + refused.remote + session(refused.session) + ": "
                            + refused.reason);
            return;
        }
        suppressed++;
        lastRemote = refused.remote;
        lastReason = refused.reason;
    }

    /** Begins a new period if the last one is over, and logs the refusals that no line has mentioned. */
    public synchronized void tick() {
        long now = clock.millis();
        // A clock that was set back begins a new period too.
        if (now - periodBegin >= PERIOD.toMillis() || now < periodBegin) {
            summarize(Math.max(PERIOD.toMillis(), now - periodBegin) / 1000);
            inPeriod = 0;
            periodBegin = now;
        }
    }

    /** Logs the refusals that no line has mentioned yet. */
    public synchronized void flush() {
        summarize(Math.max(1, (clock.millis() - periodBegin) / 1000));
    }

    private void summarize(long seconds) {
        if (suppressed == 0) {
            return;
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("count", suppressed);
        fields.put("seconds", seconds);
        fields.put("remote", lastRemote);
        fields.put("reason", lastReason);
        write(
                "warning",
                "refused-more",
                fields,
                "warning: and " + suppressed + " more refused connections in " + seconds + " s, the last one "
                        + lastRemote + ": " + lastReason);
        suppressed = 0;
    }

    /** Logs the refusals that no line has mentioned yet, and waits for a few seconds at most until everything is written. */
    @Override
    public void close() {
        flush();
        lines.close(CLOSING);
    }

    /** Waits until everything is written; returns false if it is not after this time. */
    boolean awaitWritten(Duration patience) throws InterruptedException {
        return lines.awaitWritten(patience);
    }

    private synchronized void write(String level, String event, Map<String, Object> fields, String sentence) {
        lines.add(line(level, event, fields, sentence));
    }

    private String lineOfDropped(long count) {
        return line(
                "warning",
                "dropped",
                Map.of("count", count),
                "warning: " + count + (count == 1 ? " line is" : " lines are")
                        + " missing here: nobody has read the log in time, or memory was short");
    }

    private String line(String level, String event, Map<String, Object> fields, String sentence) {
        String time = TIME.format(clock.instant());
        if (format != LogFormat.JSON) {
            return time + " " + visible(sentence);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("time", time);
        all.put("level", level);
        all.put("event", event);
        all.putAll(fields);
        return Json.of(all);
    }

    /** Replaces characters that break a line, that nobody sees, or that change the direction of text; cuts what is long. */
    static String visible(String text) {
        return VisibleText.of(text, MAX_LENGTH);
    }

    private static double seconds(Duration duration) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.3f", duration.toMillis() / 1000.0));
    }

    /**
     * The facts of an ended connection.
     *
     * @param tunnel the name of the tunnel; empty if there is only one
     * @param session the id of the session
     * @param number which connection of the session it is
     * @param target the name of the target; empty for the target without a name
     */
    public record Ended(
            String tunnel,
            PeerId peer,
            String remote,
            String session,
            int number,
            String target,
            long bytesToTarget,
            long bytesFromTarget,
            Duration duration,
            boolean complete,
            String reason) {}

    /**
     * The facts of a refused connection.
     *
     * @param tunnel the name of the tunnel; empty if there is only one
     * @param session the id of the session; empty if there was none
     * @param kind one of few words, for programs
     */
    public record Refused(String tunnel, String remote, String session, String kind, String reason) {}

    /** Of one width, so that the lines of people begin in one column. */
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    static final int MAX_SINGLE = 5;
    static final Duration PERIOD = Duration.ofSeconds(10);
    private static final int MAX_LENGTH = 1000;
    private static final Duration CLOSING = Duration.ofSeconds(5);
}

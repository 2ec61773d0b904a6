package dev.securesession.cli.operations;

import dev.securesession.cli.command.Json;
import dev.securesession.internal.base.VisibleText;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Writes what happens in tunnels, one line each, for people or as JSON.
 *
 * <p>Text of peers never breaks a line: control characters and invisible ones are replaced in text and escaped in JSON.
 * Refused connections are logged one by one up to {@value #MAX_SINGLE} in 10 seconds; the others are counted, and {@link #tick}
 * writes one line for them. Safe for use by several threads.
 */
public final class EventLog {
    private final PrintWriter out;
    private final LogFormat format;
    private final InstantSource clock;

    private int inPeriod;
    private long suppressed;
    private String lastRemote = "";
    private String lastReason = "";
    private long periodBegin;

    public EventLog(PrintWriter out, LogFormat format, InstantSource clock) {
        this.out = out;
        this.format = format;
        this.clock = clock;
        this.periodBegin = clock.millis();
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
        fields.put("peer", ended.peer);
        fields.put("remote", ended.remote);
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
                                "%s from %s%s: %s, %,d bytes to the target and %,d back in %.3f s",
                                ended.peer,
                                ended.remote,
                                ended.target.isEmpty() ? "" : " to " + ended.target,
                                ended.reason,
                                ended.bytesToTarget,
                                ended.bytesFromTarget,
                                ended.duration.toMillis() / 1000.0));
    }

    private static String prefix(String tunnel) {
        return tunnel.isEmpty() ? "" : tunnel + ": ";
    }

    /** Logs a connection that was refused before a peer was known, or counts it. */
    public synchronized void refused(String tunnel, String remote, String reason) {
        tick();
        if (inPeriod < MAX_SINGLE) {
            inPeriod++;
            Map<String, Object> fields = new LinkedHashMap<>();
            if (!tunnel.isEmpty()) {
                fields.put("tunnel", tunnel);
            }
            fields.put("remote", remote);
            fields.put("reason", reason);
            write("warning", "refused", fields, "warning: " + prefix(tunnel) + "refused " + remote + ": " + reason);
            return;
        }
        suppressed++;
        lastRemote = remote;
        lastReason = reason;
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

    private synchronized void write(String level, String event, Map<String, Object> fields, String sentence) {
        String time = clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
        if (format == LogFormat.JSON) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("time", time);
            all.put("level", level);
            all.put("event", event);
            all.putAll(fields);
            out.println(Json.of(all));
        } else {
            out.println(time + " " + visible(sentence));
        }
        out.flush();
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
     * @param peer the id of the peer, as {@code PeerId.toString} shows it
     * @param target the name of the target; empty for the target without a name
     */
    public record Ended(
            String tunnel,
            String peer,
            String remote,
            String target,
            long bytesToTarget,
            long bytesFromTarget,
            Duration duration,
            boolean complete,
            String reason) {}

    static final int MAX_SINGLE = 5;
    static final Duration PERIOD = Duration.ofSeconds(10);
    private static final int MAX_LENGTH = 1000;
}

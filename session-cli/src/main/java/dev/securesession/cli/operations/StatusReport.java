package dev.securesession.cli.operations;

import dev.securesession.cli.command.Json;
import dev.securesession.tunnel.TunnelAddress;
import dev.securesession.tunnel.TunnelConnection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The open connections of this moment, as JSON and as a table. */
final class StatusReport {
    private StatusReport() {}

    static String json(Collection<RunningTunnel> tunnels) {
        List<Object> all = new ArrayList<>();
        for (RunningTunnel tunnel : tunnels) {
            List<Object> connections = new ArrayList<>();
            for (TunnelConnection connection : tunnel.connections()) {
                Map<String, Object> fields = new LinkedHashMap<>();
                fields.put("peer", EventLog.name(connection.peer()));
                fields.put("session", connection.sessionId().orElse(""));
                fields.put("number", connection.number());
                fields.put("remote", remote(connection));
                fields.put("target", connection.target());
                fields.put("since", connection.since().toString());
                fields.put("seconds", connection.duration().toSeconds());
                fields.put("bytesToTarget", connection.bytesToTarget());
                fields.put("bytesFromTarget", connection.bytesFromTarget());
                connections.add(fields);
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("name", tunnel.name());
            fields.put("kind", tunnel.kind());
            fields.put("address", tunnel.address());
            fields.put("connections", connections);
            all.add(fields);
        }
        return Json.of(Map.of("tunnels", all));
    }

    static String table(Collection<RunningTunnel> tunnels) {
        List<String[]> rows = new ArrayList<>();
        rows.add(new String[] {"PEER", "FROM", "TARGET", "OPEN", "TO TARGET", "FROM TARGET"});
        StringBuilder text = new StringBuilder();
        for (RunningTunnel tunnel : tunnels) {
            List<TunnelConnection> connections = tunnel.connections();
            text.append(tunnel.kind())
                    .append(tunnel.name().isEmpty() ? "" : " " + tunnel.name())
                    .append(" on ")
                    .append(tunnel.address())
                    .append(": ")
                    .append(connections.size())
                    .append(connections.size() == 1 ? " connection\n" : " connections\n");
            for (TunnelConnection connection : connections) {
                rows.add(new String[] {
                    connection.peer().toString(),
                    remote(connection),
                    connection.target().isEmpty() ? "-" : connection.target(),
                    connection.duration().toSeconds() + " s",
                    String.format(Locale.ROOT, "%,d", connection.bytesToTarget()),
                    String.format(Locale.ROOT, "%,d", connection.bytesFromTarget())
                });
            }
        }
        if (rows.size() > 1) {
            append(text.append('\n'), rows);
        }
        return text.toString();
    }

    private static void append(StringBuilder text, List<String[]> rows) {
        int columns = rows.get(0).length;
        int[] widths = new int[columns];
        for (String[] row : rows) {
            for (int i = 0; i < columns; i++) {
                row[i] = EventLog.visible(row[i]);
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String padding = " ".repeat(widths[i] - row[i].length());
                line.append(i >= FIRST_NUMBER ? padding + row[i] : row[i] + padding)
                        .append("  ");
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
    }

    private static String remote(TunnelConnection connection) {
        return connection.remote().map(TunnelAddress::describe).orElse("?");
    }

    private static final int FIRST_NUMBER = 3;
}

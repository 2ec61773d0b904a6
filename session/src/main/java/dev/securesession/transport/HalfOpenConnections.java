package dev.securesession.transport;

import dev.securesession.internal.base.Source;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The connections whose handshake is not over, oldest first, within their limits (PROTOCOL.md H-7). At a limit the oldest
 * one that has sent nothing makes room, or else the oldest. Safe for use by several threads.
 */
final class HalfOpenConnections {
    private final int limit;
    private final int limitPerAddress;
    private final Set<Entry> entries = new LinkedHashSet<>();

    HalfOpenConnections(int limit, int limitPerAddress) {
        this.limit = limit;
        this.limitPerAddress = limitPerAddress;
    }

    /** Adds a connection and returns those that it displaces, for the caller to close. */
    synchronized List<Entry> add(Entry entry) {
        List<Entry> displaced = new ArrayList<>();
        if (entry.source != null && count(entry.source) >= limitPerAddress) {
            displace(displaced, entry.source);
        }
        if (entries.size() >= limit) {
            displace(displaced, null);
        }
        entries.add(entry);
        return displaced;
    }

    /** Removes a connection; tells whether it was still there. */
    synchronized boolean remove(Entry entry) {
        return entries.remove(entry);
    }

    synchronized int size() {
        return entries.size();
    }

    synchronized List<Entry> all() {
        return List.copyOf(entries);
    }

    private void displace(List<Entry> displaced, @Nullable String source) {
        Entry oldest = null;
        for (Entry entry : entries) {
            if (source != null && !source.equals(entry.source)) {
                continue;
            }
            if (oldest == null) {
                oldest = entry;
            }
            if (!entry.hasSent) {
                oldest = entry;
                break;
            }
        }
        if (oldest != null) {
            entries.remove(oldest);
            oldest.displaced = true;
            displaced.add(oldest);
        }
    }

    private int count(String source) {
        int count = 0;
        for (Entry entry : entries) {
            if (source.equals(entry.source)) {
                count++;
            }
        }
        return count;
    }

    /** One connection. */
    static final class Entry {
        final AcceptedConnection connection;
        final @Nullable String source;
        final long epoch;

        volatile boolean hasSent;
        volatile boolean displaced;

        Entry(AcceptedConnection connection, long epoch) {
            this.connection = connection;
            this.source = connection.remote instanceof InetSocketAddress inet
                            && !inet.getAddress().isLoopbackAddress()
                    ? Source.of(inet.getAddress().getAddress())
                    : null;
            this.epoch = epoch;
        }
    }
}

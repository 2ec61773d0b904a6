package dev.securesession.internal.server;

import dev.securesession.internal.base.Source;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The connections whose handshake is not over, oldest first, within their limits (PROTOCOL.md H-7). At a limit the oldest
 * one that has sent nothing makes room, or else the oldest. Safe for use by several threads.
 *
 * @param <E> what a server keeps of a connection
 */
public final class HalfOpenConnections<E extends HalfOpenConnections.Entry> {
    private final int limit;
    private final int limitPerAddress;
    private final Set<E> entries = new LinkedHashSet<>();

    /** Makes a table without connections. */
    public HalfOpenConnections(int limit, int limitPerAddress) {
        this.limit = limit;
        this.limitPerAddress = limitPerAddress;
    }

    /** Adds a connection and returns those that it displaces, for the caller to close. */
    public synchronized List<E> add(E entry) {
        List<E> displaced = new ArrayList<>();
        String source = entry.source;
        if (source != null && count(source) >= limitPerAddress) {
            displace(displaced, source);
        }
        if (entries.size() >= limit) {
            displace(displaced, null);
        }
        entries.add(entry);
        return displaced;
    }

    /** Removes a connection; tells whether it was still there. */
    public synchronized boolean remove(E entry) {
        return entries.remove(entry);
    }

    /** Returns how many connections there are. */
    public synchronized int size() {
        return entries.size();
    }

    /** Returns the connections of this moment, oldest first. */
    public synchronized List<E> all() {
        return List.copyOf(entries);
    }

    private void displace(List<E> displaced, @Nullable String source) {
        E oldest = null;
        for (E entry : entries) {
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
        for (E entry : entries) {
            if (source.equals(entry.source)) {
                count++;
            }
        }
        return count;
    }

    /** One connection. */
    public abstract static class Entry {
        final @Nullable String source;
        volatile boolean hasSent;
        volatile boolean displaced;

        /** Makes an entry for an address; none, like a loopback address, counts for no limit per address. */
        protected Entry(@Nullable InetAddress address) {
            this.source = address == null || address.isLoopbackAddress() ? null : Source.of(address.getAddress());
        }

        /** Notes that the peer has sent a whole message. */
        public final void sent() {
            hasSent = true;
        }

        /** Tells whether the connection had to make room for another. */
        public final boolean isDisplaced() {
            return displaced;
        }
    }
}

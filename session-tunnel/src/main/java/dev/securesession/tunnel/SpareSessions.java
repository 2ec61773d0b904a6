package dev.securesession.tunnel;

import io.netty.channel.EventLoop;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The sessions of a proxy of which none carries a connection at the moment. Safe for use by several threads. */
final class SpareSessions implements AutoCloseable {
    private final Set<ProxySession> spare = new LinkedHashSet<>();
    private long generation;
    private boolean closed;

    /** Returns the current generation; only sessions that began in it are kept. */
    synchronized long generation() {
        return generation;
    }

    /** Keeps a session; returns false if there are enough, or it is of an earlier generation: close it then. */
    synchronized boolean add(ProxySession session) {
        return !closed && session.generation() == generation && spare.size() < MAX_SPARE && spare.add(session);
    }

    synchronized int count() {
        return spare.size();
    }

    synchronized void remove(ProxySession session) {
        spare.remove(session);
    }

    /** Acquires the session of an event loop that was used last, since that one is the least likely to be gone. */
    synchronized @Nullable ProxySession acquire(EventLoop loop) {
        ProxySession newest = null;
        for (ProxySession session : spare) {
            if (session.isOn(loop)) {
                newest = session;
            }
        }
        if (newest != null) {
            spare.remove(newest);
        }
        return newest;
    }

    /** Begins a generation: closes the spare sessions, and those in use when their connection ends. */
    void clear() {
        List<ProxySession> all;
        synchronized (this) {
            generation++;
            all = List.copyOf(spare);
            spare.clear();
        }
        all.forEach(ProxySession::closeSpare);
    }

    /** Keeps no session from now on. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        clear();
    }

    private static final int MAX_SPARE = 64;
}

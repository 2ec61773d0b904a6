package dev.securesession.store;

import dev.securesession.PeerId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps records in memory: for tests, and for services whose sessions may end with the process. Safe for use by several
 * threads; closing changes nothing.
 */
public final class MemorySessionStore implements SessionStore {
    private final Map<String, SessionRecord> records = new LinkedHashMap<>();

    /** Makes an empty store. */
    public MemorySessionStore() {}

    @Override
    public synchronized boolean insert(SessionRecord record) {
        return records.putIfAbsent(record.id(), record) == null;
    }

    @Override
    public synchronized Optional<SessionRecord> find(String id) {
        return Optional.ofNullable(records.get(id));
    }

    @Override
    public synchronized List<Boolean> replaceAll(List<Change> changes) {
        List<Boolean> made = new ArrayList<>();
        for (Change change : changes) {
            boolean current = isCurrent(change.id(), change.epoch(), change.version());
            if (current) {
                records.put(change.id(), change.next());
            }
            made.add(current);
        }
        return made;
    }

    @Override
    public synchronized boolean delete(SessionRecord record) {
        boolean current = isCurrent(record.id(), record.epoch(), record.version());
        if (current) {
            records.remove(record.id());
        }
        return current;
    }

    @Override
    public synchronized List<String> list(int limit) {
        List<String> ids = new ArrayList<>();
        for (String id : records.keySet()) {
            if (ids.size() < limit) {
                ids.add(id);
            }
        }
        return ids;
    }

    @Override
    public synchronized List<String> list(PeerId peer) {
        List<String> ids = new ArrayList<>();
        for (SessionRecord record : records.values()) {
            if (isOf(record, peer)) {
                ids.add(record.id());
            }
        }
        return ids;
    }

    @Override
    public synchronized List<String> deleteAll(PeerId peer) {
        List<String> ids = list(peer);
        ids.forEach(records::remove);
        return ids;
    }

    @Override
    public synchronized int deleteExpired(Instant now, int limit) {
        int deleted = 0;
        for (Iterator<SessionRecord> all = records.values().iterator(); all.hasNext() && deleted < limit; ) {
            if (all.next().expires().isBefore(now)) {
                all.remove();
                deleted++;
            }
        }
        return deleted;
    }

    @Override
    public synchronized List<String> listNotSealedBy(String keyName, int limit) {
        List<String> ids = new ArrayList<>();
        for (SessionRecord record : records.values()) {
            if (!record.keyName().equals(keyName) && ids.size() < limit) {
                ids.add(record.id());
            }
        }
        return ids;
    }

    @Override
    public void close() {
        // Nothing is held open.
    }

    @Override
    public synchronized String toString() {
        return "store in memory with " + records.size() + " records";
    }

    private boolean isCurrent(String id, long epoch, long version) {
        SessionRecord stored = records.get(id);
        return stored != null && stored.epoch() == epoch && stored.version() == version;
    }

    static boolean isOf(SessionRecord record, PeerId peer) {
        return record.peer().filter(peer::equals).isPresent();
    }
}

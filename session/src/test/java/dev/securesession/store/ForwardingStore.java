package dev.securesession.store;

import dev.securesession.PeerId;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A store in memory whose calls a test overrides where it steps in. */
abstract class ForwardingStore implements SessionStore {
    final MemorySessionStore store;

    ForwardingStore(MemorySessionStore store) {
        this.store = store;
    }

    @Override
    public boolean insert(SessionRecord record) throws IOException {
        return store.insert(record);
    }

    @Override
    public Optional<SessionRecord> find(String id) throws IOException {
        return store.find(id);
    }

    @Override
    public List<Boolean> replaceAll(List<Change> changes) throws IOException {
        return store.replaceAll(changes);
    }

    @Override
    public List<Boolean> areOwned(List<SessionRecord> records) throws IOException {
        return store.areOwned(records);
    }

    @Override
    public boolean delete(SessionRecord record) {
        return store.delete(record);
    }

    @Override
    public List<String> list(int limit) {
        return store.list(limit);
    }

    @Override
    public List<String> list(PeerId peer) {
        return store.list(peer);
    }

    @Override
    public List<String> deleteAll(PeerId peer) {
        return store.deleteAll(peer);
    }

    @Override
    public int deleteExpired(Instant now, int limit) {
        return store.deleteExpired(now, limit);
    }

    @Override
    public List<String> listNotSealedBy(String keyName, int limit) {
        return store.listNotSealedBy(keyName, limit);
    }

    @Override
    public void close() {
        store.close();
    }
}

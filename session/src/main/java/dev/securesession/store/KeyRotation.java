package dev.securesession.store;

import dev.securesession.SessionConfig;
import dev.securesession.StateRejectedException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Seals stored states with the current key that earlier ones have sealed. Safe for use by several threads; it remembers what it could
 * not read, so that such states do not hold up the others.
 */
final class KeyRotation {
    private final SessionStore store;
    private final KeyHolder keys;
    private final SessionConfig config;
    private final Set<String> unreadable = ConcurrentHashMap.newKeySet();

    KeyRotation(SessionStore store, KeyHolder keys, SessionConfig config) {
        this.store = store;
        this.keys = keys;
        this.config = config;
    }

    /** Seals some states with the current key; see {@link StoredSessions#rotate}. */
    int rotate(int limit) throws IOException, StateRejectedException {
        KeyRing ring = keys.ring();
        int found = 0;
        int known;
        do {
            known = unreadable.size();
            // The store lists what was found unreadable each time again.
            for (String id : store.listNotSealedBy(ring.currentName(), Math.addExact(limit, known))) {
                if (found < limit && !unreadable.contains(id)) {
                    found += tryToReseal(id, ring);
                }
            }
        } while (found == 0 && unreadable.size() > known);
        return found > 0 || unreadable.isEmpty() ? found : reportUnreadable(ring);
    }

    /** Returns how many states were sealed. */
    private int tryToReseal(String id, KeyRing ring) throws IOException {
        try {
            reseal(id, ring);
            return 1;
        } catch (StateRejectedException refused) {
            unreadable.add(id);
            return 0;
        }
    }

    /** Refuses with the first that still cannot be read; the next rotation tries all of them again. */
    private int reportUnreadable(KeyRing ring) throws IOException, StateRejectedException {
        List<String> ids = List.copyOf(unreadable);
        unreadable.clear();
        for (String id : ids) {
            try {
                reseal(id, ring);
            } catch (StateRejectedException refused) {
                throw new StateRejectedException(
                        refused.reason(),
                        ids.size() + " stored states cannot be read; the first: " + refused.getMessage(),
                        refused);
            }
        }
        return ids.size();
    }

    private void reseal(String id, KeyRing ring) throws IOException, StateRejectedException {
        Optional<SessionRecord> found = store.find(id);
        if (found.isPresent() && !found.get().keyName().equals(ring.currentName())) {
            SessionRecord record = found.get();
            byte[] sealed = keys.of(record).reseal(record.state(), record.binding(), ring.current(), config);
            // Epoch and version stay: an owner that commits meanwhile goes first, and one that commits later may.
            store.replace(SessionStore.Change.of(record, record.sealedBy(ring.currentName(), sealed)));
        }
    }
}

package dev.securesession.cli.state;

import dev.securesession.store.SessionStore;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Set;

/** The ids of what a store holds, whoever the peer and whatever the key. */
final class RecordIds {
    private RecordIds() {}

    /** Returns at most so many ids. */
    static Set<String> of(SessionStore store, int limit) throws IOException {
        // No record has two names of keys, so what the first question leaves out, the second one finds.
        Set<String> ids = new LinkedHashSet<>(store.listSealedByOthers("_", limit));
        if (ids.size() < limit) {
            for (String id : store.listSealedByOthers("-", limit)) {
                if (ids.size() < limit) {
                    ids.add(id);
                }
            }
        }
        return ids;
    }
}

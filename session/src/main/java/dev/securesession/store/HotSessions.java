package dev.securesession.store;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The claims that were used last, up to a number. Whoever puts one gets those that must be released in return. */
final class HotSessions {
    private static final float LOAD = 0.75f;

    private final int max;
    private final Map<String, SessionClaim> claims = new LinkedHashMap<>(16, LOAD, true);

    HotSessions(int max) {
        this.max = max;
    }

    synchronized @Nullable SessionClaim find(String id) {
        return claims.get(id);
    }

    /** Returns the claims that have no place any more. */
    synchronized List<SessionClaim> put(String id, SessionClaim claim) {
        List<SessionClaim> displaced = new ArrayList<>();
        SessionClaim before = claims.put(id, claim);
        if (before != null) {
            displaced.add(before);
        }
        Iterator<SessionClaim> eldest = claims.values().iterator();
        while (claims.size() > max) {
            displaced.add(eldest.next());
            eldest.remove();
        }
        return displaced;
    }

    /** Removes a claim, unless another one has its place. */
    synchronized void remove(String id, SessionClaim claim) {
        claims.remove(id, claim);
    }

    synchronized List<SessionClaim> removeAll() {
        List<SessionClaim> all = new ArrayList<>(claims.values());
        claims.clear();
        return all;
    }

    synchronized int size() {
        return claims.size();
    }
}

package dev.securesession.internal.base;

import dev.securesession.PeerId;
import java.util.HashMap;
import java.util.Map;

/**
 * The peers that a server has closed while handshakes were open. A handshake that had begun before must not become a session: the
 * key of its peer may be withdrawn. Without open handshakes nothing is kept. Guarded by a lock of the server.
 */
public final class ClosedPeers {
    private final Map<PeerId, Long> closedAt = new HashMap<>();
    private long epoch;
    private int open;

    /** Begins a handshake, which ends with one call of {@link #finished}; returns its epoch, for {@link #closedSince}. */
    public long begin() {
        open++;
        return epoch;
    }

    /** Closes a peer: its handshakes that have begun must not become sessions. */
    public void close(PeerId peer) {
        epoch++;
        if (open > 0) {
            closedAt.put(peer, epoch);
        }
    }

    /** Tells whether a peer was closed after a handshake had begun, which is still open. */
    public boolean closedSince(PeerId peer, long began) {
        return closedAt.getOrDefault(peer, -1L) > began;
    }

    /** Ends a handshake, however it ended. */
    public void finished() {
        if (open == 0) {
            throw new AssertionError("a handshake has ended twice");
        }
        open--;
        if (open == 0) {
            closedAt.clear();
        }
    }

    @Override
    public String toString() {
        return "closed peers: " + closedAt.keySet();
    }
}

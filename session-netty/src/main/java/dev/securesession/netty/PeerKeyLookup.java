package dev.securesession.netty;

import dev.securesession.IdentityPublicKey;
import dev.securesession.PeerId;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Finds the public keys of a peer without waiting: the directory for event loops, for example over a database driver that
 * does not block.
 *
 * <p>Called on the event loop of a channel, or the executor of the options, once for each handshake; implementations are
 * called by several threads. The deadline of the handshake goes on meanwhile. PROTOCOL.md H-4.
 */
@FunctionalInterface
public interface PeerKeyLookup {
    /**
     * Begins to look up the public keys of a peer.
     *
     * @param peer the claimed id; nothing is proved yet
     * @return a stage that completes, on any thread, with at most {@link dev.securesession.PeerDirectory#MAX_KEYS} keys.
     *     An empty list refuses the peer; an exception fails the handshake.
     */
    CompletionStage<List<IdentityPublicKey>> find(PeerId peer);
}

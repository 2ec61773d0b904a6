package dev.securesession.tunnel;

import dev.securesession.PeerDirectory;
import dev.securesession.PeerId;

/**
 * The peers that a {@link TunnelServer} serves: their public keys, and the targets that each of them may reach.
 *
 * <p>Called by several threads, which must not wait for long.
 */
@FunctionalInterface
public interface TunnelPeers extends PeerDirectory {
    /**
     * Tells whether a peer may reach a target. Is asked for each connection, after the peer has proved its identity.
     *
     * @param peer a peer whose key this directory has
     * @param target the name of one of the server's targets; empty for a target without a name
     * @return true by default: every known peer may reach every target
     */
    default boolean mayReach(PeerId peer, String target) {
        return true;
    }
}

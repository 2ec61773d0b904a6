package dev.securesession;

import java.util.Map;
import java.util.Optional;

/**
 * Knows the public key of each peer that we talk to; this is where trust comes from.
 *
 * <p>Asked at most once per message of a handshake, and not again for the same peer once it has answered with a key, on
 * the thread that negotiates, outside all locks: it may do I/O. An event loop, which must not wait, uses
 * {@link SessionConfig#askingForKeys} instead. Implementations are called by several threads.
 *
 * <p>PROTOCOL.md H-4.
 */
@FunctionalInterface
public interface PeerDirectory {
    /**
     * Returns the public key of a peer.
     *
     * @param peer who claims to be there; nothing is proved yet
     * @return its key, or empty to refuse the peer. Whatever is thrown comes out of {@link Handshake#receive} and leaves
     *     the handshake as it was.
     */
    Optional<IdentityPublicKey> find(PeerId peer);

    /**
     * Returns a directory of one peer.
     *
     * @param peer its id
     * @param key its public key
     * @return the directory
     */
    static PeerDirectory of(PeerId peer, IdentityPublicKey key) {
        return asked -> asked.equals(peer) ? Optional.of(key) : Optional.empty();
    }

    /**
     * Returns a directory of the peers in a map, as it is now.
     *
     * @param keys copied
     * @return the directory
     */
    static PeerDirectory of(Map<PeerId, IdentityPublicKey> keys) {
        Map<PeerId, IdentityPublicKey> copy = Map.copyOf(keys);
        return asked -> Optional.ofNullable(copy.get(asked));
    }
}

package dev.securesession;

import java.util.List;
import java.util.Map;

/**
 * Knows the public keys of the peers of an application; all trust comes from here.
 *
 * <p>A peer usually has one key. While its key is being replaced it may have several: the holder of the private key to
 * one of them is the peer. Asked at most once per handshake message, and not again for the same peer once it has answered
 * with a key, on the thread that performs the handshake, outside all locks: it may do I/O. An event loop, which must not
 * wait, uses {@link SessionConfig#askingForKeys} instead. Implementations are called by several threads.
 *
 * <p>PROTOCOL.md H-4.
 */
@FunctionalInterface
public interface PeerDirectory {
    /** The most keys that one peer may have. */
    int MAX_KEYS = 4;

    /**
     * Returns the public keys of a peer.
     *
     * @param peer the claimed id; nothing is proved yet
     * @return at most {@link #MAX_KEYS} keys; an empty list refuses the peer. An exception is passed on to the caller of
     *     {@link Handshake#receive} and leaves the handshake as it was.
     */
    List<IdentityPublicKey> find(PeerId peer);

    /**
     * Returns a directory of one peer.
     *
     * @param peer its id
     * @param keys its public keys, 1 to {@link #MAX_KEYS}
     * @return the directory
     * @throws IllegalArgumentException if there are too few keys or too many
     */
    static PeerDirectory of(PeerId peer, IdentityPublicKey... keys) {
        if (keys.length == 0) {
            throw new IllegalArgumentException("no key for " + peer + "; a peer needs 1 to " + MAX_KEYS + " keys");
        }
        List<IdentityPublicKey> copy = PeerKeyList.require(peer, List.of(keys));
        return asked -> asked.equals(peer) ? copy : List.of();
    }

    /**
     * Returns a directory of the peers in a map, as it is now.
     *
     * @param keys one key for each peer; copied
     * @return the directory
     */
    static PeerDirectory of(Map<PeerId, IdentityPublicKey> keys) {
        Map<PeerId, IdentityPublicKey> copy = Map.copyOf(keys);
        return asked -> {
            IdentityPublicKey key = copy.get(asked);
            return key == null ? List.of() : List.of(key);
        };
    }
}

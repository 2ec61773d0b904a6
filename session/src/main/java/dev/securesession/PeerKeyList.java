package dev.securesession;

import dev.securesession.internal.crypto.EcPublicKey;
import java.util.ArrayList;
import java.util.List;

/** The keys that a directory or a caller answers for one peer, at most {@link PeerDirectory#MAX_KEYS}. */
final class PeerKeyList {
    private PeerKeyList() {}

    static List<IdentityPublicKey> require(PeerId peer, List<IdentityPublicKey> keys) {
        if (keys.size() > PeerDirectory.MAX_KEYS) {
            throw new IllegalArgumentException(
                    keys.size() + " keys for " + peer + "; a peer has at most " + PeerDirectory.MAX_KEYS);
        }
        return List.copyOf(keys);
    }

    static List<EcPublicKey> points(PeerId peer, List<IdentityPublicKey> keys) {
        List<EcPublicKey> points = new ArrayList<>();
        for (IdentityPublicKey key : require(peer, keys)) {
            points.add(key.key());
        }
        return points;
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.PeerId;
import dev.securesession.internal.crypto.EcPublicKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The identity keys of a peer, one of which must verify its signature.
 *
 * <p>For a peer without keys the same operations run with our own key, and their result is discarded: an unknown id takes
 * as long as a wrong key (PROTOCOL.md H-4). Our own key is on the curve that most peers of a deployment share, and as ordinary
 * as theirs; the generator of the curve would not do, since some JDKs multiply it faster than other points.
 */
final class PeerKeys {
    private final HandshakeContext context;
    private final PeerId peer;
    private final boolean known;
    private final List<EcPublicKey> candidates;

    private PeerKeys(HandshakeContext context, PeerId peer, boolean known, List<EcPublicKey> candidates) {
        this.context = context;
        this.peer = peer;
        this.known = known;
        this.candidates = candidates;
    }

    /** Returns the keys to try, after refusing a peer with our own id and our own key (PROTOCOL.md H-6). */
    static PeerKeys of(HandshakeContext context, PeerId peer, List<EcPublicKey> keys) throws HandshakeException {
        EcPublicKey ownKey = context.settings.ownKey;
        if (!context.settings.allowsSelf && peer.equals(context.ownId()) && keys.contains(ownKey)) {
            throw new HandshakeException(
                    Reason.SELF, "the peer has our own id " + peer + " and our own key; it may be ourselves", peer);
        }
        return keys.isEmpty()
                ? new PeerKeys(context, peer, false, List.of(ownKey))
                : new PeerKeys(context, peer, true, keys);
    }

    /** Returns the key that verifies a signature, or null. */
    @Nullable
    EcPublicKey find(byte[] signature, byte[]... signed) {
        EcPublicKey found = null;
        for (EcPublicKey candidate : candidates) {
            if (found == null && context.crypto().ecdsa().verify(candidate, signature, signed)) {
                found = candidate;
            }
        }
        return known ? found : null;
    }

    /** Returns the reason why no key verified the signature. */
    HandshakeException refusal() {
        return known
                ? new HandshakeException(
                        Reason.BAD_SIGNATURE,
                        "the signature does not fit the key that the directory has for " + peer,
                        peer)
                : new HandshakeException(Reason.UNKNOWN_PEER, "the directory has no key for " + peer, peer);
    }
}

package dev.securesession;

import dev.securesession.StateRejectedException.Reason;
import dev.securesession.internal.state.SavedSession;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides whether a saved session may be restored with its peer (PROTOCOL.md H-5). */
final class RestoredPeer {
    private RestoredPeer() {}

    /**
     * Refuses a session whose peer has not proved its identity, or is another than the expected one.
     *
     * @param expected the only peer that is accepted, or null for any
     */
    static void requireProved(SavedSession saved, @Nullable PeerId expected) throws StateRejectedException {
        if (saved.peerId.length == 0 || !saved.isPeerProved()) {
            throw new StateRejectedException(
                    Reason.UNKNOWN_PEER,
                    "a state of a session with an unknown peer, from the 60-byte form; expected "
                            + (expected == null ? "one with a known peer" : expected));
        }
        requireSame(saved, expected);
    }

    /** Lets the caller name the peer of a session whose peer is unknown. */
    static void assume(SavedSession saved, PeerId assumed) throws StateRejectedException {
        if (saved.peerId.length > 0) {
            requireSame(saved, assumed);
        }
        saved.peerId = assumed.toBytes();
    }

    /** Refuses a peer that the directory does not have any more, with the key that it has proved to hold. */
    static void requireInDirectory(SessionConfig config, SavedSession saved) throws StateRejectedException {
        requireInDirectory(config, PeerId.of(saved.peerId), saved.peerFingerprint);
    }

    /**
     * Refuses a peer that the directory does not have any more with a key.
     *
     * @param fingerprint of the key, or empty for any key of the peer
     */
    static void requireInDirectory(SessionConfig config, PeerId peer, byte[] fingerprint)
            throws StateRejectedException {
        List<IdentityPublicKey> keys = requireInDirectory(config, peer);
        if (keys == null || fingerprint.length == 0) {
            return;
        }
        for (IdentityPublicKey key : keys) {
            if (MessageDigest.isEqual(key.fingerprintBytes(), fingerprint)) {
                return;
            }
        }
        throw new StateRejectedException(
                Reason.UNKNOWN_PEER, "a state with " + peer + ", whose key of that time is no longer in the directory");
    }

    /** Returns the keys of the peer, of which there is one at least, or null if the configuration has no directory. */
    static @Nullable List<IdentityPublicKey> requireInDirectory(SessionConfig config, PeerId peer)
            throws StateRejectedException {
        PeerDirectory directory = config.directory();
        if (directory == null) {
            return null;
        }
        List<IdentityPublicKey> keys = PeerKeyList.require(peer, directory.find(peer));
        if (keys.isEmpty()) {
            throw new StateRejectedException(
                    Reason.UNKNOWN_PEER, "a state with " + peer + ", which is not in the directory");
        }
        return keys;
    }

    private static void requireSame(SavedSession saved, @Nullable PeerId expected) throws StateRejectedException {
        PeerId peer = PeerId.of(saved.peerId);
        if (expected != null && !expected.equals(peer)) {
            throw new StateRejectedException(
                    Reason.UNEXPECTED_PEER, "a state of a session with " + peer + "; expected " + expected);
        }
    }
}

package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.wire.Introduction;
import java.security.MessageDigest;

/** The checks that client and server make alike. */
final class Checks {
    private Checks() {}

    /** Parses message 1 or 2 and refuses a peer that is not the expected one (PROTOCOL.md H-5). */
    static Introduction introduction(HandshakeSettings settings, byte[] message) throws HandshakeException {
        Introduction introduction;
        try {
            introduction = Introduction.parse(message);
        } catch (MalformedException e) {
            throw malformed(e);
        }
        PeerId expected = settings.expectedPeer;
        if (expected != null && !expected.equals(introduction.id())) {
            throw new HandshakeException(
                    Reason.UNEXPECTED_PEER, "the peer is " + introduction.id() + "; " + expected + " is expected");
        }
        return introduction;
    }

    /** Refuses a peer that has our own id and key (PROTOCOL.md H-6). */
    static void notSelf(HandshakeSettings settings, PeerId id, EcPublicKey key) throws HandshakeException {
        if (!settings.selfAllowed && id.equals(settings.ownId) && key.equals(settings.ownKey)) {
            throw new HandshakeException(
                    Reason.SELF, "the peer has our own id " + id + " and our own key; it may be ourselves");
        }
    }

    /** Refuses an ephemeral key of the peer that is our own (PROTOCOL.md C-2). */
    static void notReflected(EcPublicKey own, EcPublicKey peer) throws HandshakeException {
        if (own.hasSameX(peer)) {
            throw new HandshakeException(Reason.REFLECTED_KEY, "the peer sent our own ephemeral key back to us");
        }
    }

    /** Refuses a signature that does not fit. */
    static void signature(HandshakeSettings settings, PeerId id, EcPublicKey key, byte[] signature, byte[]... signed)
            throws HandshakeException {
        if (!settings.crypto.verify(key, signature, signed)) {
            throw badSignature(id);
        }
    }

    static HandshakeException badSignature(PeerId id) {
        return new HandshakeException(
                Reason.BAD_SIGNATURE, "the signature does not fit the key that we have for " + id);
    }

    /** Refuses a confirmation that is not the expected one; compared in constant time (PROTOCOL.md C-4). */
    static void confirmation(PeerId id, byte[] expected, byte[] actual) throws HandshakeException {
        if (!MessageDigest.isEqual(expected, actual)) {
            throw new HandshakeException(
                    Reason.BAD_CONFIRMATION, "the confirmation of " + id + " is wrong: we do not hold the same secret");
        }
    }

    static HandshakeException malformed(MalformedException cause) {
        return new HandshakeException(Reason.MALFORMED, cause.getMessage(), cause);
    }
}

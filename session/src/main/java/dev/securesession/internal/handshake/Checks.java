package dev.securesession.internal.handshake;

import dev.securesession.HandshakeException;
import dev.securesession.HandshakeException.Reason;
import dev.securesession.PeerId;
import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.wire.Introduction;
import java.security.MessageDigest;

/** The checks that client and server have in common. */
final class Checks {
    private Checks() {}

    /** Parses message 1 or 2 and refuses a peer other than the expected one (PROTOCOL.md H-5). */
    static Introduction introduction(HandshakeContext context, byte[] message) throws HandshakeException {
        Introduction introduction;
        try {
            introduction = Introduction.parse(message);
        } catch (MalformedException e) {
            throw malformed(e);
        }
        PeerId expected = context.expectedPeer;
        if (expected != null && !expected.equals(introduction.id())) {
            throw new HandshakeException(
                    Reason.UNEXPECTED_PEER,
                    "the peer calls itself " + introduction.id() + "; expected " + expected,
                    introduction.id());
        }
        return introduction;
    }

    /** Refuses an ephemeral key of the peer that is our own (PROTOCOL.md C-2). */
    static void notReflected(PeerId id, EcPublicKey own, EcPublicKey peer) throws HandshakeException {
        if (own.hasSameX(peer)) {
            throw new HandshakeException(Reason.REFLECTED_KEY, "the peer sent our own ephemeral key back to us", id);
        }
    }

    /** Refuses a confirmation other than the expected one; compared in constant time (PROTOCOL.md C-4). */
    static void confirmation(PeerId id, byte[] expected, byte[] actual) throws HandshakeException {
        if (!MessageDigest.isEqual(expected, actual)) {
            throw new HandshakeException(
                    Reason.BAD_CONFIRMATION,
                    "the confirmation of " + id + " is wrong: the two ends differ in their secret",
                    id);
        }
    }

    static HandshakeException malformed(MalformedException cause) {
        return new HandshakeException(Reason.MALFORMED, String.valueOf(cause.getMessage()), cause);
    }
}

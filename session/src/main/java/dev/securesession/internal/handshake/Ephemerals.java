package dev.securesession.internal.handshake;

import dev.securesession.internal.codec.MalformedException;
import dev.securesession.internal.crypto.EcPublicKey;
import dev.securesession.internal.crypto.EphemeralKey;
import dev.securesession.internal.crypto.Secret;
import dev.securesession.internal.wire.Introduction;

/** Restores our ephemeral key from saved handshakes. */
final class Ephemerals {
    private Ephemerals() {}

    /** The scalar is saved as it is; its point is in the message in which we sent it. */
    static EphemeralKey restore(HandshakeContext context, byte[] scalarBytes, byte[] ownMessage)
            throws MalformedException {
        EcPublicKey publicKey = Introduction.parse(ownMessage).ephemeralKey();
        Secret scalar = Secret.copyOf(scalarBytes);
        try {
            return context.crypto().keys().restoreEphemeral(scalar, publicKey);
        } finally {
            scalar.wipe();
        }
    }
}

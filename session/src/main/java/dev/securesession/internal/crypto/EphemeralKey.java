package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import javax.security.auth.DestroyFailedException;

/** A key pair on P-256 for one handshake: used for one agreement, then destroyed (PROTOCOL.md H-2). */
public final class EphemeralKey {
    public static final Curve CURVE = Curve.P256;

    private final PrivateKey privateKey;
    private final EcPublicKey publicKey;

    EphemeralKey(PrivateKey privateKey, EcPublicKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = publicKey;
    }

    public EcPublicKey publicKey() {
        return publicKey;
    }

    PrivateKey privateKey() {
        return privateKey;
    }

    /** Returns the private scalar, for a handshake that is saved before its end; the caller's to wipe. */
    public byte[] scalar() {
        if (!(privateKey instanceof ECPrivateKey ecKey)) {
            throw new IllegalStateException("the provider of elliptic curves keeps its ephemeral keys to itself");
        }
        return EcDomain.of(CURVE).encodeScalar(ecKey.getS());
    }

    /** Destroys the private key if its provider supports that. The JDK and BouncyCastle do not: their keys are collected. */
    public void destroy() {
        if (privateKey.getClass().getName().startsWith(BOUNCY_CASTLE)) {
            // destroy() would wipe nothing and compute a hash code by a point multiplication, a third of a handshake.
            return;
        }
        try {
            privateKey.destroy();
        } catch (DestroyFailedException e) {
            // Nothing more can be done: the key is collected.
        }
    }

    private static final String BOUNCY_CASTLE = "org.bouncycastle.";
}

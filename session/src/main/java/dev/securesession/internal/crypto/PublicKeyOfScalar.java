package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.math.BigInteger;
import java.security.PrivateKey;
import java.security.ProviderException;
import java.security.spec.ECPoint;

/**
 * Computes the public key of a private key. JCA has no such operation. A key agreement with the generator gives the x
 * coordinate of the public key; of the two points with that x, the right one verifies a signature of the private key.
 */
public final class PublicKeyOfScalar {
    private static final byte[] PROBE = new byte[Sha256.LENGTH];

    private PublicKeyOfScalar() {}

    /** Returns the public key; the scalar stays the caller's to wipe. */
    public static EcPublicKey compute(CryptoSuite crypto, Curve curve, Secret scalar) {
        EcDomain domain = EcDomain.of(curve);
        PrivateKey privateKey = crypto.keys().importScalar(curve, scalar);
        try {
            EcPublicKey generator = EcPublicKey.of(curve, domain.parameters().getGenerator());
            Secret x = crypto.ecdh().agree(privateKey, generator, domain.fieldLength());
            byte[] signature = crypto.ecdsa().signingKey(curve, privateKey).sign(PROBE);
            for (ECPoint candidate : domain.pointsAt(new BigInteger(1, x.toBytes()))) {
                EcPublicKey publicKey = EcPublicKey.of(curve, candidate);
                if (crypto.ecdsa().verify(publicKey, signature, PROBE)) {
                    return publicKey;
                }
            }
        } catch (InvalidPointException e) {
            throw new ProviderException("the EC provider agreed on no point of " + curve, e);
        }
        throw new ProviderException("the EC provider cannot verify what it signed on " + curve);
    }
}

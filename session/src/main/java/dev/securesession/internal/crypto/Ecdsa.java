package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Signature;
import java.security.SignatureException;

/** ECDSA with SHA-256 by one provider. */
public final class Ecdsa {
    static final String ALGORITHM = "SHA256withECDSA";

    private final Provider provider;

    Ecdsa(Provider provider) {
        Providers.require(provider, "Signature", ALGORITHM, () -> Signature.getInstance(ALGORITHM, provider));
        this.provider = provider;
    }

    /** Verifies a signature over the parts in sequence; malformed ones never reach the provider (PROTOCOL.md P-6). */
    public boolean verify(EcPublicKey key, byte[] signature, byte[]... parts) {
        if (!StrictDer.isSignature(signature, EcDomain.of(key.curve()).order())) {
            return false;
        }
        try {
            Signature ecdsa = Signature.getInstance(ALGORITHM, provider);
            ecdsa.initVerify(key.toJca(provider));
            for (byte[] part : parts) {
                ecdsa.update(part);
            }
            return ecdsa.verify(signature);
        } catch (SignatureException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "verify a signature", e);
        }
    }

    /** Returns a key of the same provider as one that signs. */
    public SigningKey signingKey(Curve curve, PrivateKey privateKey) {
        return new SigningKey(privateKey, EcDomain.of(curve), provider);
    }
}

package dev.securesession.internal.crypto;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.Signature;
import org.jspecify.annotations.Nullable;

/** Signs with an identity key that is in memory, in a token or in a remote service. */
public final class SigningKey {
    private final PrivateKey privateKey;
    private final EcDomain domain;
    private final @Nullable Provider provider;

    /**
     * @param provider the provider that signs, or null to let JCA find one that accepts the key, as keys in hardware need
     */
    public SigningKey(PrivateKey privateKey, EcDomain domain, @Nullable Provider provider) {
        this.privateKey = privateKey;
        this.domain = domain;
        this.provider = provider;
    }

    public byte[] sign(byte[]... parts) {
        byte[] signature;
        try {
            Signature ecdsa = provider == null
                    ? Signature.getInstance(Ecdsa.ALGORITHM)
                    : Signature.getInstance(Ecdsa.ALGORITHM, provider);
            ecdsa.initSign(privateKey);
            for (byte[] part : parts) {
                ecdsa.update(part);
            }
            signature = ecdsa.sign();
        } catch (GeneralSecurityException e) {
            throw new ProviderException("the identity key could not sign", e);
        }
        if (!StrictDer.isSignature(signature, domain.order())) {
            throw new ProviderException("the provider of the identity key made a signature that is not strict DER");
        }
        return signature;
    }
}

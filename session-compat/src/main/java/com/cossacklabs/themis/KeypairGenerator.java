package com.cossacklabs.themis;

import dev.securesession.Curve;
import dev.securesession.IdentityKeyPair;
import dev.securesession.compat.DropInProviders;
import java.security.GeneralSecurityException;
import java.security.ProviderException;
import java.util.Arrays;

/** Generates key pairs. */
public abstract class KeypairGenerator {
    private KeypairGenerator() {}

    /**
     * Generates an elliptic-curve key pair on P-256.
     *
     * @return a new pair
     * @throws KeyGenerationException if the platform has no means to
     */
    public static Keypair generateKeypair() {
        return generateKeypair(AsymmetricKey.KEYTYPE_EC);
    }

    /**
     * Generates a key pair of a kind.
     *
     * @param keyType {@link AsymmetricKey#KEYTYPE_EC} for keys on P-256, or {@link AsymmetricKey#KEYTYPE_RSA} for keys of
     *     2,048 bits, which sessions refuse
     * @return a new pair
     * @throws KeyGenerationException if the platform has no means to
     * @throws InvalidArgumentException if there is no such kind
     */
    public static Keypair generateKeypair(int keyType) {
        if (keyType != AsymmetricKey.KEYTYPE_EC && keyType != AsymmetricKey.KEYTYPE_RSA) {
            throw new InvalidArgumentException("keyType is invalid");
        }
        try {
            return keyType == AsymmetricKey.KEYTYPE_RSA
                    ? RsaKeys.generate()
                    : of(IdentityKeyPair.generate(Curve.P256, DropInProviders.current()));
        } catch (GeneralSecurityException | ProviderException e) {
            throw new KeyGenerationException("the platform failed to generate a key pair", e);
        }
    }

    private static Keypair of(IdentityKeyPair pair) {
        byte[] secret = pair.privateKey().encodeSecret();
        try {
            return new Keypair(
                    new PrivateKey(secret), new PublicKey(pair.publicKey().encode()));
        } finally {
            Arrays.fill(secret, (byte) 0);
            pair.privateKey().destroy();
        }
    }
}

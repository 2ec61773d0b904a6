package com.cossacklabs.themis;

import dev.securesession.IdentityKeyPair;
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
     * @param keyType {@link AsymmetricKey#KEYTYPE_EC}
     * @return a new pair
     * @throws KeyGenerationException for {@link AsymmetricKey#KEYTYPE_RSA}, which nothing in this library takes, or if the
     *     platform has no means to generate keys
     * @throws InvalidArgumentException if there is no such kind
     */
    public static Keypair generateKeypair(int keyType) {
        if (keyType == AsymmetricKey.KEYTYPE_RSA) {
            throw new KeyGenerationException(
                    "RSA keys are not generated: Secure Session takes elliptic-curve keys only;"
                            + " use AsymmetricKey.KEYTYPE_EC");
        }
        if (keyType != AsymmetricKey.KEYTYPE_EC) {
            throw new InvalidArgumentException("keyType is invalid");
        }
        try {
            return of(IdentityKeyPair.generate());
        } catch (ProviderException e) {
            throw new KeyGenerationException("the platform failed to generate an elliptic-curve key pair", e);
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

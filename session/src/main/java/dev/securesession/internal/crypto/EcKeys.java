package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.util.Arrays;

/** Makes the EC keys of one provider: new ones, and those whose scalar is known. */
public final class EcKeys {
    static final String ALGORITHM = "EC";

    private final Provider provider;
    private final SecureRandom random;

    EcKeys(Provider provider, SecureRandom random) {
        Providers.require(
                provider, "KeyPairGenerator", ALGORITHM, () -> KeyPairGenerator.getInstance(ALGORITHM, provider));
        Providers.require(provider, "KeyFactory", ALGORITHM, () -> KeyFactory.getInstance(ALGORITHM, provider));
        this.provider = provider;
        this.random = random;
    }

    /** Generates a key pair whose private key can be exported. */
    public KeyPair generate(Curve curve) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM, provider);
            generator.initialize(new ECGenParameterSpec(EcDomain.of(curve).jcaName()), random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "generate a key pair on " + curve, e);
        }
    }

    public EphemeralKey generateEphemeral() {
        KeyPair pair = generate(EphemeralKey.CURVE);
        return new EphemeralKey(pair.getPrivate(), publicKeyOf(EphemeralKey.CURVE, pair));
    }

    /** Restores an ephemeral key; the scalar stays the caller's to wipe. */
    public EphemeralKey restoreEphemeral(Secret scalar, EcPublicKey publicKey) {
        return new EphemeralKey(importScalar(EphemeralKey.CURVE, scalar), publicKey);
    }

    /** Makes a private key; the scalar stays the caller's to wipe. */
    public PrivateKey importScalar(Curve curve, Secret scalar) {
        byte[] bytes = scalar.toBytes();
        try {
            BigInteger number = new BigInteger(1, bytes);
            return KeyFactory.getInstance(ALGORITHM, provider)
                    .generatePrivate(
                            new ECPrivateKeySpec(number, EcDomain.of(curve).parameters()));
        } catch (GeneralSecurityException e) {
            throw Providers.failed(provider, "import a private key on " + curve, e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    public static EcPublicKey publicKeyOf(Curve curve, KeyPair pair) {
        try {
            return EcPublicKey.of(curve, ((ECPublicKey) pair.getPublic()).getW());
        } catch (InvalidPointException e) {
            throw new ProviderException("a provider generated a key that is not on " + curve, e);
        }
    }

    public static Secret scalarOf(Curve curve, ECPrivateKey privateKey) {
        return Secret.owning(EcDomain.of(curve).encodeScalar(privateKey.getS()));
    }
}

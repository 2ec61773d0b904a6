package dev.securesession.internal.crypto;

import dev.securesession.Curve;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPrivateKeySpec;
import java.util.Arrays;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;

/**
 * The cryptography of the protocol, by chosen JCA providers (PROTOCOL.md C-3). The algorithms are fixed; no peer has a
 * say in them. Safe for use by several threads.
 */
public final class CryptoSuite {
    public static final int MAC_LENGTH = 32;
    public static final int SHARED_SECRET_LENGTH = 32;

    static final String ECDSA = "SHA256withECDSA";
    private static final String EC = "EC";
    private static final String ECDH = "ECDH";
    private static final String HMAC = "HmacSHA256";

    private final Provider ec;
    private final Provider mac;
    private final SecureRandom random;
    private final AesGcm aead;

    /**
     * @throws IllegalArgumentException if a provider lacks an algorithm that it is to provide
     */
    public CryptoSuite(Provider ec, Provider aead, Provider mac, SecureRandom random) {
        require(ec, "KeyPairGenerator", EC, () -> KeyPairGenerator.getInstance(EC, ec));
        require(ec, "KeyFactory", EC, () -> KeyFactory.getInstance(EC, ec));
        require(ec, "KeyAgreement", ECDH, () -> KeyAgreement.getInstance(ECDH, ec));
        require(ec, "Signature", ECDSA, () -> Signature.getInstance(ECDSA, ec));
        require(mac, "Mac", HMAC, () -> Mac.getInstance(HMAC, mac));
        require(aead, "Cipher", AesGcm.ALGORITHM, () -> AesGcm.newCipher(aead));
        this.ec = ec;
        this.mac = mac;
        this.random = random;
        this.aead = new AesGcm(aead);
    }

    public AesGcm aead() {
        return aead;
    }

    public byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    public EphemeralKey generateEphemeral() {
        KeyPair pair = generate(EphemeralKey.CURVE);
        return new EphemeralKey(pair.getPrivate(), publicKeyOf(EphemeralKey.CURVE, pair));
    }

    public EphemeralKey restoreEphemeral(Secret scalar, EcPublicKey publicKey) {
        return new EphemeralKey(importScalar(EphemeralKey.CURVE, scalar), publicKey);
    }

    /** Agrees on the x coordinate of the common point (PROTOCOL.md, section 7). */
    public Secret agree(EphemeralKey own, EcPublicKey peer) {
        return agree(own.privateKey(), peer, SHARED_SECRET_LENGTH);
    }

    /** Generates an identity key pair whose private key can be exported. */
    public KeyPair generate(Curve curve) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(EC, ec);
            generator.initialize(new ECGenParameterSpec(EcDomain.of(curve).jcaName()), random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw failed(ec, "generate a key pair on " + curve, e);
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

    public SigningKey signingKey(Curve curve, Secret scalar) {
        return new SigningKey(importScalar(curve, scalar), EcDomain.of(curve), ec);
    }

    public PrivateKey importScalar(Curve curve, Secret scalar) {
        byte[] bytes = scalar.toBytes();
        try {
            BigInteger number = new BigInteger(1, bytes);
            return KeyFactory.getInstance(EC, ec)
                    .generatePrivate(
                            new ECPrivateKeySpec(number, EcDomain.of(curve).parameters()));
        } catch (GeneralSecurityException e) {
            throw failed(ec, "import a private key on " + curve, e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /**
     * Computes the public key of a private one. JCA has no such operation, but an agreement with the generator gives its
     * x coordinate, and of the two points there the right one verifies what the private key signs.
     */
    public EcPublicKey publicKeyOf(Curve curve, Secret scalar) {
        EcDomain domain = EcDomain.of(curve);
        PrivateKey privateKey = importScalar(curve, scalar);
        try {
            EcPublicKey generator = EcPublicKey.of(curve, domain.parameters().getGenerator());
            Secret x = agree(privateKey, generator, domain.fieldLength());
            byte[] probe = new byte[MAC_LENGTH];
            byte[] signature = new SigningKey(privateKey, domain, ec).sign(probe);
            for (ECPoint candidate : domain.pointsAt(new BigInteger(1, x.toBytes()))) {
                EcPublicKey publicKey = EcPublicKey.of(curve, candidate);
                if (verify(publicKey, signature, probe)) {
                    return publicKey;
                }
            }
        } catch (InvalidPointException e) {
            throw new ProviderException("provider " + ec.getName() + " agreed on no point of " + curve, e);
        }
        throw new ProviderException("provider " + ec.getName() + " cannot verify what it signed on " + curve);
    }

    /** Verifies an ECDSA signature over the parts in sequence; malformed ones never reach a provider (P-6). */
    public boolean verify(EcPublicKey key, byte[] signature, byte[]... parts) {
        if (!StrictDer.isSignature(signature, EcDomain.of(key.curve()).order())) {
            return false;
        }
        try {
            Signature ecdsa = Signature.getInstance(ECDSA, ec);
            ecdsa.initVerify(key.toJca(ec));
            for (byte[] part : parts) {
                ecdsa.update(part);
            }
            return ecdsa.verify(signature);
        } catch (SignatureException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw failed(ec, "verify a signature", e);
        }
    }

    public byte[] hmac(Secret key, byte[]... parts) {
        try {
            Mac hmac = Mac.getInstance(HMAC, mac);
            hmac.init(key.asKey(HMAC));
            for (byte[] part : parts) {
                hmac.update(part);
            }
            byte[] code = hmac.doFinal();
            requireLength(mac, "MAC", code.length, MAC_LENGTH);
            return code;
        } catch (GeneralSecurityException e) {
            throw failed(mac, "compute a MAC", e);
        }
    }

    /** Starts a MAC that is to be computed many times with one key. */
    Mac startedHmac(Secret key) {
        try {
            Mac hmac = Mac.getInstance(HMAC, mac);
            hmac.init(key.asKey(HMAC));
            return hmac;
        } catch (GeneralSecurityException e) {
            throw failed(mac, "compute a MAC", e);
        }
    }

    private Secret agree(PrivateKey own, EcPublicKey peer, int length) {
        try {
            KeyAgreement agreement = KeyAgreement.getInstance(ECDH, ec);
            agreement.init(own);
            agreement.doPhase(peer.toJca(ec), true);
            Secret shared = Secret.owning(agreement.generateSecret());
            requireLength(ec, "shared secret", shared.length(), length);
            return shared;
        } catch (GeneralSecurityException e) {
            throw failed(ec, "agree on a secret", e);
        }
    }

    private static void requireLength(Provider provider, String what, int length, int expected) {
        if (length != expected) {
            throw new ProviderException("provider " + provider.getName() + " made a " + what + " of " + length
                    + " bytes; it must be " + expected);
        }
    }

    private static ProviderException failed(Provider provider, String action, GeneralSecurityException cause) {
        return new ProviderException("provider " + provider.getName() + " could not " + action, cause);
    }

    private static void require(Provider provider, String type, String algorithm, Lookup lookup) {
        try {
            lookup.run();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException(
                    "provider " + provider.getName() + " has no " + type + " " + algorithm, e);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException(
                    "provider " + provider.getName() + " cannot make " + type + " " + algorithm, e);
        }
    }

    /** Asks a provider for an algorithm. */
    private interface Lookup {
        Object run() throws GeneralSecurityException;
    }
}

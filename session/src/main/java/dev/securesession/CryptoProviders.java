package dev.securesession;

import dev.securesession.internal.crypto.CryptoSuite;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.NoSuchPaddingException;

/**
 * Which JCA providers do the cryptography, chosen for each kind of operation; by default those that the platform
 * prefers.
 *
 * <p>The choice changes speed and where code is trusted, never what travels: the algorithms are fixed. Instances are
 * immutable and safe for use by several threads; make one and share it, since ciphers are kept warm in it.
 *
 * <pre>{@code
 * CryptoProviders fast = CryptoProviders.platform().withEc(new BouncyCastleProvider());
 * SessionConfig config = SessionConfig.of(me, peers).withCrypto(fast);
 * }</pre>
 *
 * <p>PROTOCOL.md C-3.
 */
public final class CryptoProviders {
    private final Provider ec;
    private final Provider aead;
    private final Provider mac;
    private final SecureRandom random;
    private final CryptoSuite suite;

    private CryptoProviders(Provider ec, Provider aead, Provider mac, SecureRandom random) {
        this.ec = ec;
        this.aead = aead;
        this.mac = mac;
        this.random = random;
        this.suite = new CryptoSuite(ec, aead, mac, random);
    }

    /**
     * Returns the providers that the platform prefers at this moment, and its default source of random numbers.
     *
     * @return a new instance
     * @throws IllegalStateException if no installed provider has what sessions need: install one
     */
    public static CryptoProviders platform() {
        try {
            Provider aead = Cipher.getInstance("AES/GCM/NoPadding").getProvider();
            Provider mac = Mac.getInstance("HmacSHA256").getProvider();
            return new CryptoProviders(platformEc(), aead, mac, new SecureRandom());
        } catch (NoSuchAlgorithmException | NoSuchPaddingException e) {
            throw new IllegalStateException("no installed security provider has what sessions need", e);
        }
    }

    /**
     * Returns the fastest of the providers that are there: Amazon Corretto Crypto Provider for elliptic curves and
     * encryption, or else Conscrypt or BouncyCastle for elliptic curves, if they are on the class path or module path,
     * installed or not; for all else, and if there is none of them, what the platform prefers. A provider that does not
     * work on this machine is passed over. {@link #toString()} tells what came of it.
     *
     * @return a new instance
     * @throws IllegalStateException if no installed provider has what sessions need: install one
     */
    public static CryptoProviders fastest() {
        return FasterProviders.choose(platform());
    }

    /**
     * Returns a copy in which this provider does elliptic curves: key pairs, signatures, key agreement.
     *
     * @param provider has {@code EC} keys, {@code SHA256withECDSA} and {@code ECDH}; need not be installed
     * @return the copy
     * @throws IllegalArgumentException if the provider lacks one of them: choose another
     */
    public CryptoProviders withEc(Provider provider) {
        return new CryptoProviders(provider, aead, mac, random);
    }

    /**
     * Returns a copy in which this provider encrypts.
     *
     * @param provider has {@code AES/GCM/NoPadding} with keys of 256 bits; need not be installed
     * @return the copy
     * @throws IllegalArgumentException if the provider lacks it: choose another
     */
    public CryptoProviders withAead(Provider provider) {
        return new CryptoProviders(ec, provider, mac, random);
    }

    /**
     * Returns a copy in which this provider computes message authentication codes and derives keys.
     *
     * @param provider has {@code HmacSHA256}; need not be installed
     * @return the copy
     * @throws IllegalArgumentException if the provider lacks it: choose another
     */
    public CryptoProviders withMac(Provider provider) {
        return new CryptoProviders(ec, aead, provider, random);
    }

    /**
     * Returns a copy in which ephemeral keys and nonces come from this source.
     *
     * @param source must be unpredictable: the secrecy of every session rests on it
     * @return the copy
     */
    public CryptoProviders withRandom(SecureRandom source) {
        return new CryptoProviders(ec, aead, mac, source);
    }

    /**
     * Brings encryption to full speed now. The JDK's ciphers are slow in a young virtual machine, until its JIT compiler has
     * seen them at work: up to a hundred times for messages of a megabyte. Without this they are warmed up along with the
     * first 25 MB or so of large messages, which then take longer. Call it when the program starts, on a thread that has
     * time: it takes about half a second once, and nothing after that. Other providers need no warming up.
     */
    public void warmUp() {
        suite.aead().warmUp();
    }

    /**
     * Returns who does elliptic curves.
     *
     * @return the provider
     */
    public Provider ec() {
        return ec;
    }

    /**
     * Returns who encrypts.
     *
     * @return the provider
     */
    public Provider aead() {
        return aead;
    }

    /**
     * Returns who computes message authentication codes.
     *
     * @return the provider
     */
    public Provider mac() {
        return mac;
    }

    /**
     * Returns where random numbers come from.
     *
     * @return the source
     */
    public SecureRandom random() {
        return random;
    }

    /**
     * Names the choice for people to read.
     *
     * @return the names of the providers
     */
    @Override
    public String toString() {
        return "EC " + ec + ", AES-GCM " + aead + ", HMAC " + mac + ", random " + random.getAlgorithm();
    }

    CryptoSuite suite() {
        return suite;
    }

    /** The first provider that does all of it: keys of one are not always taken by another. */
    private static Provider platformEc() throws NoSuchAlgorithmException {
        for (Provider provider : Security.getProviders()) {
            if (provider.getService("KeyPairGenerator", "EC") != null
                    && provider.getService("KeyFactory", "EC") != null
                    && provider.getService("Signature", "SHA256withECDSA") != null
                    && provider.getService("KeyAgreement", "ECDH") != null) {
                return provider;
            }
        }
        return KeyPairGenerator.getInstance("EC").getProvider();
    }
}

package dev.securesession;

import dev.securesession.internal.crypto.CipherWarmUp;
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
 * The JCA providers that perform the cryptography, one for each kind of operation; by default those that the platform
 * prefers.
 *
 * <p>The providers determine the speed, not the messages: the algorithms are fixed. Instances are immutable and safe for
 * use by several threads; make one and share it, since it keeps initialized ciphers.
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
     * @throws IllegalStateException if no installed provider has the algorithms that sessions need: install one
     */
    public static CryptoProviders platform() {
        try {
            Provider aead = Cipher.getInstance("AES/GCM/NoPadding").getProvider();
            Provider mac = Mac.getInstance("HmacSHA256").getProvider();
            return new CryptoProviders(platformEc(), aead, mac, new SecureRandom());
        } catch (NoSuchAlgorithmException | NoSuchPaddingException e) {
            throw new IllegalStateException(
                    "no installed security provider has AES/GCM, HmacSHA256 and elliptic curves; install one", e);
        }
    }

    /**
     * Returns the fastest available providers: Amazon Corretto Crypto Provider for elliptic curves and encryption, or else
     * Conscrypt or BouncyCastle for elliptic curves. They need to be on the class path or module path, not installed. A
     * provider that does not work on this machine is skipped. All other operations stay with the providers that the
     * platform prefers. {@link #toString()} names the result.
     *
     * @return a new instance
     * @throws IllegalStateException if no installed provider has the algorithms that sessions need: install one
     */
    public static CryptoProviders fastest() {
        return FasterProviders.choose(platform());
    }

    /**
     * Returns a copy with another provider for elliptic-curve operations: key pairs, signatures, key agreement.
     *
     * @param provider has {@code EC} keys, {@code SHA256withECDSA} and {@code ECDH}; need not be installed
     * @return the copy
     * @throws IllegalArgumentException if the provider lacks one of them: choose another
     */
    public CryptoProviders withEc(Provider provider) {
        return new CryptoProviders(provider, aead, mac, random);
    }

    /**
     * Returns a copy with another provider for AES-GCM.
     *
     * @param provider has {@code AES/GCM/NoPadding} with keys of 256 bits; need not be installed
     * @return the copy
     * @throws IllegalArgumentException if the provider lacks it: choose another
     */
    public CryptoProviders withAead(Provider provider) {
        return new CryptoProviders(ec, provider, mac, random);
    }

    /**
     * Returns a copy with another provider for HMAC, which also derives the keys.
     *
     * @param provider has {@code HmacSHA256}; need not be installed
     * @return the copy
     * @throws IllegalArgumentException if the provider lacks it: choose another
     */
    public CryptoProviders withMac(Provider provider) {
        return new CryptoProviders(ec, aead, provider, random);
    }

    /**
     * Returns a copy with another source of random numbers, for ephemeral keys and nonces.
     *
     * @param source must be unpredictable: the secrecy of every session rests on it
     * @return the copy
     */
    public CryptoProviders withRandom(SecureRandom source) {
        return new CryptoProviders(ec, aead, mac, source);
    }

    /**
     * Brings encryption to full speed now. The JDK's ciphers are slow in a young virtual machine until its JIT compiler has
     * compiled their callers: up to a hundred times for messages of a megabyte. This takes 0.4 to 0.7 seconds of processor
     * time (0.3 to 0.5 seconds on an idle machine, longer on a busy one) and 2.2 MB of memory,
     * 2 seconds at the most, once for each virtual machine; it ends earlier when it gains no more speed, never throws, and
     * returns at once for other providers. {@link #warmUpInBackground()} does the same on a thread of its own.
     */
    public void warmUp() {
        CipherWarmUp.ofThisVirtualMachine().run(aead);
    }

    /**
     * Brings encryption to full speed on a daemon thread, as {@link #warmUp()}, and returns at once. Servers do this when
     * they start, connections when their first large message arrives; calling it again costs nothing.
     */
    public void warmUpInBackground() {
        CipherWarmUp.ofThisVirtualMachine().runInBackground(aead);
    }

    /**
     * Returns the provider for elliptic-curve operations.
     *
     * @return the provider
     */
    public Provider ec() {
        return ec;
    }

    /**
     * Returns the provider for AES-GCM.
     *
     * @return the provider
     */
    public Provider aead() {
        return aead;
    }

    /**
     * Returns the provider for HMAC.
     *
     * @return the provider
     */
    public Provider mac() {
        return mac;
    }

    /**
     * Returns the source of random numbers.
     *
     * @return the source
     */
    public SecureRandom random() {
        return random;
    }

    /**
     * Names the providers for people to read.
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

    /** Returns the first provider with all elliptic-curve operations: some providers refuse the keys of others. */
    private static Provider platformEc() throws NoSuchAlgorithmException {
        // Asking for all providers loads all of them, which the first one that generates keys makes needless in most
        // cases.
        Provider first = KeyPairGenerator.getInstance("EC").getProvider();
        if (hasEc(first)) {
            return first;
        }
        for (Provider provider : Security.getProviders()) {
            if (hasEc(provider)) {
                return provider;
            }
        }
        return first;
    }

    private static boolean hasEc(Provider provider) {
        return provider.getService("KeyPairGenerator", "EC") != null
                && provider.getService("KeyFactory", "EC") != null
                && provider.getService("Signature", "SHA256withECDSA") != null
                && provider.getService("KeyAgreement", "ECDH") != null;
    }
}

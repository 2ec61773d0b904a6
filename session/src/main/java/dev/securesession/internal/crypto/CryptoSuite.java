package dev.securesession.internal.crypto;

import java.security.Provider;
import java.security.SecureRandom;

/**
 * The operations that the protocol needs, each by a chosen JCA provider (PROTOCOL.md C-3). The algorithms are fixed; the
 * peer does not choose them. Safe for use by several threads.
 */
public final class CryptoSuite {
    private final EcKeys keys;
    private final Ecdh ecdh;
    private final Ecdsa ecdsa;
    private final HmacSha256 hmac;
    private final AesGcm aead;
    private final SecureRandom random;

    /**
     * @throws IllegalArgumentException if a provider lacks an algorithm that it is to provide
     */
    public CryptoSuite(Provider ec, Provider aead, Provider mac, SecureRandom random) {
        this.keys = new EcKeys(ec, random);
        this.ecdh = new Ecdh(ec);
        this.ecdsa = new Ecdsa(ec);
        this.hmac = new HmacSha256(mac);
        this.aead = new AesGcm(aead);
        this.random = random;
    }

    public EcKeys keys() {
        return keys;
    }

    public Ecdh ecdh() {
        return ecdh;
    }

    public Ecdsa ecdsa() {
        return ecdsa;
    }

    public HmacSha256 hmac() {
        return hmac;
    }

    public AesGcm aead() {
        return aead;
    }

    public byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
